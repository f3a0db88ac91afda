//! What a target is given to begin with: files of this tree and beside it that its parser is made for, and what is long.
//!
//! libFuzzer is slow to think of long inputs, and time and memory are found with long ones: each word of a dictionary and
//! each small seed is given once more, again and again up to the longest input.

use std::path::{Path, PathBuf};

use anyhow::Result;
use testbed::command::Cmd;
use testbed::disk;

use super::LONGEST;

/// Inputs that were found once, the directory with seeds, and long inputs.
pub(super) fn lay(target: &str) -> Result<(Vec<PathBuf>, PathBuf, Vec<PathBuf>)> {
    let place = Path::new("target/fuzz/seeds").join(target);
    disk::remove_tree(&place)?;
    let (short, long) = (place.join("short"), place.join("long"));
    disk::make_dirs(&short)?;
    let mut parts = words(target)?;
    for (at, path) in sources(target)?.iter().enumerate() {
        let content = disk::bytes(path)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        disk::write(&short.join(format!("{at:03}-{name}")), &content)?;
        parts.push(content);
    }
    let mut made = Vec::new();
    for (at, part) in parts.iter().filter(|part| !part.is_empty() && part.len() < SMALL).enumerate() {
        let path = long.join(format!("{at:03}"));
        disk::write(&path, part.repeat(LONGEST / part.len()))?;
        made.push(path);
    }
    Ok((files(&Path::new("tests/fuzz/regressions").join(target)), short, made))
}

/// Of what is larger than that, one is long enough.
const SMALL: usize = 64;

/// Files that the parser is made for.
fn sources(target: &str) -> Result<Vec<PathBuf>> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let mut found = files(&Path::new("tests/fuzz/seeds").join(target));
    match target {
        "conf" => {
            for directory in ["corpus", "faults/conf", "faults/bombs"].map(|name| beside.join(name)) {
                found.extend(
                    files(&directory).into_iter().filter(|path| path.extension().is_some_and(|it| it == "conf")),
                );
            }
            found.extend(fixtures("dkms.conf"));
        }
        "framework" => found.push("packaging/framework.conf".into()),
        "os_release" => found.extend(["/etc/os-release".into(), "tests/rpm/files/os-release".into()]),
        "hook" => found.extend(files(Path::new("tests/pacman/files"))),
        "initramfs" => found.extend(files(Path::new("tests/fixtures/images"))),
        "archive" => found.extend(archives()?),
        _ => {}
    }
    Ok(found.into_iter().filter(|path| path.is_file()).collect())
}

/// A file of that name of each module that tests build.
fn fixtures(name: &str) -> Vec<PathBuf> {
    let top = Path::new("tests/fixtures");
    disk::names(top).iter().map(|module| top.join(module).join(name)).collect()
}

/// One of those modules as a tarball, in each compression.
fn archives() -> Result<Vec<PathBuf>> {
    let place = Path::new("target/fuzz/archives");
    disk::make_dirs(place)?;
    let made = ["tar", "tar.gz", "tar.xz", "tar.zst"].map(|ending| place.join(format!("patched.{ending}")));
    for path in &made {
        Cmd::new("tar").arg("-caf").arg(path).args(["-C", "tests/fixtures", "patched-1.0"]).checked()?;
    }
    Ok(made.into())
}

/// The words of a target's dictionary.
fn words(target: &str) -> Result<Vec<Vec<u8>>> {
    let path = Path::new("tests/fuzz/dictionaries").join(target);
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let text = disk::read(&path)?;
    let word = |line: &str| line.strip_prefix('"')?.strip_suffix('"').map(unescaped);
    Ok(text.lines().filter_map(word).collect())
}

/// A byte may be written `\xHH`, quotes and backslashes stand after a backslash.
fn unescaped(word: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = word.as_bytes();
    while let [first, after @ ..] = rest {
        let number = after.get(..3).and_then(|after| std::str::from_utf8(after).ok()?.strip_prefix('x'));
        let number = number.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let (byte, length) = match (first, number, after.first()) {
            (b'\\', Some(number), _) => (number, 4),
            (b'\\', None, Some(escaped)) => (*escaped, 2),
            _ => (*first, 1),
        };
        bytes.push(byte);
        rest = &rest[length..];
    }
    bytes
}

/// The files in a directory, which may be missing.
fn files(directory: &Path) -> Vec<PathBuf> {
    disk::names(directory).iter().map(|name| directory.join(name)).filter(|path| path.is_file()).collect()
}
