//! What is in our package: every file, its mode and owner, and what the binaries tell of where they were built.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use testbed::command::Cmd;
use testbed::{arch, disk, host};

use super::Check;

pub(super) const CHECKS: [(&str, Check); 3] =
    [("content/files", files), ("content/description", description), ("content/no-place", no_place)];

/// Everything but directories: mode, path, and where a link leads.
const FILES: &str = "\
-rw-r--r-- etc/dkms/framework.conf
-rw-r--r-- etc/dkms/framework.conf.d/autoinstall_all_kernels.conf
-rwxr-xr-x usr/bin/dkms
-rwxr-xr-x usr/lib/dkms/hook
lrwxrwxrwx usr/lib/motd.d/90-dkms -> /var/lib/dkms/.dkms-rs/motd
-rw-r--r-- usr/share/bash-completion/completions/dkms
-rw-r--r-- usr/share/doc/dkms-rs/CHANGELOG.md
-rw-r--r-- usr/share/doc/dkms-rs/README.md
-rw-r--r-- usr/share/fish/vendor_completions.d/dkms.fish
-rw-r--r-- usr/share/man/man5/dkms-framework.conf.5.gz
-rw-r--r-- usr/share/man/man5/dkms.conf.5.gz
-rw-r--r-- usr/share/man/man8/dkms.8.gz
-rw-r--r-- usr/share/zsh/site-functions/_dkms
";

/// All files, no other ones; hook files are those of the tree.
fn files(_suite: &str) -> Result<()> {
    let mut wanted: Vec<String> = FILES.lines().map(str::to_owned).collect();
    let hooks = disk::names(Path::new("hooks/pacman")).into_iter().filter(|name| name.ends_with(".hook"));
    wanted.extend(hooks.map(|name| format!("-rw-r--r-- usr/share/libalpm/hooks/{name}")));
    let mut found = Vec::new();
    for line in listing()?.lines() {
        // MODE LINKS OWNER GROUP SIZE MONTH DAY TIME PATH
        let words: Vec<&str> = line.split_whitespace().collect();
        ensure!(words.len() > 8 && words[2..4] == ["root", "root"], "not root's: {line}");
        let entry = [&words[..1], &words[8..]].concat().join(" ");
        match words[0].strip_prefix('d') {
            Some(mode) => ensure!(mode == "rwxr-xr-x", "a directory of another mode: {line}"),
            None if !words[8].starts_with('.') => found.push(entry),
            None => {}
        }
    }
    let path = |line: &String| line.split(' ').nth(1).unwrap_or_default().to_owned();
    wanted.sort_by_key(path);
    found.sort_by_key(path);
    ensure!(wanted == found, "wanted:\n{}\nfound:\n{}", wanted.join("\n"), found.join("\n"));
    ensure!(listing()?.contains(" var/lib/dkms/"), "the directory of the state is missing");
    Ok(())
}

/// What pacman is told.
fn description(_suite: &str) -> Result<()> {
    let package = arch::package()?;
    let text = read(&package, ".PKGINFO")?;
    let mut fields: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (key, value) in text.lines().filter_map(|line| line.split_once(" = ")) {
        fields.entry(key).or_default().push(value);
    }
    let version = concat!(env!("CARGO_PKG_VERSION"), "-1");
    for (key, values) in [
        ("pkgname", vec!["dkms-rs"]),
        ("pkgver", vec![version]),
        ("provides", vec!["dkms=3.4.3"]),
        ("conflict", vec!["dkms"]),
        ("license", vec!["GPL-2.0-or-later"]),
        ("depend", vec!["bash", "gcc", "gcc-libs", "glibc", "kmod", "make", "patch"]),
        ("backup", vec!["etc/dkms/framework.conf", "etc/dkms/framework.conf.d/autoinstall_all_kernels.conf"]),
    ] {
        ensure!(fields.get(key) == Some(&values), "{key} is {:?}, not {values:?}", fields.get(key));
    }
    ensure!(!fields.contains_key("replaces"), "it replaces what nobody asked it to");
    Ok(())
}

/// Where it was built is not in the binaries.
fn no_place(_suite: &str) -> Result<()> {
    host::need(&[("bsdtar", "libarchive-tools"), ("zstd", "zstd")])?;
    let unpacked = TempDir::new().context("make a directory")?;
    for (package, program) in [
        (arch::package()?, "usr/bin/dkms"),
        (arch::package()?, "usr/lib/dkms/hook"),
        (arch::checker(testbed::layer::SUITE)?, "usr/bin/dkms-pacman-check"),
    ] {
        Cmd::new("bsdtar").arg("-xf").arg(&package).arg("-C").arg(unpacked.path()).arg(program).checked()?;
        let bytes = disk::bytes(&unpacked.path().join(program))?;
        let here = std::env::current_dir().context("this directory")?;
        for place in [
            "/build/recipe",
            "/build/target",
            "/build/.cargo",
            "/opt/rust",
            ".cargo",
            ".rustup",
            &here.to_string_lossy(),
        ] {
            let at = bytes.windows(place.len()).position(|window| window == place.as_bytes());
            let around = at.map(|at| String::from_utf8_lossy(&bytes[at.saturating_sub(40)..bytes.len().min(at + 80)]));
            ensure!(around.is_none(), "{program} has `{place}` in it: {around:?}");
        }
        // What is looked for would be found: panics name the files of the standard library.
        ensure!(bytes.windows(8).any(|window| window == b"/library"), "{program} names no file at all");
    }
    Ok(())
}

fn listing() -> Result<String> {
    host::need(&[("bsdtar", "libarchive-tools"), ("zstd", "zstd")])?;
    Ok(Cmd::new("bsdtar").env("LC_ALL", "C.UTF-8").arg("-tvf").arg(arch::package()?).checked()?.stdout)
}

fn read(package: &Path, member: &str) -> Result<String> {
    host::need(&[("bsdtar", "libarchive-tools"), ("zstd", "zstd")])?;
    Ok(Cmd::new("bsdtar").arg("-xOf").arg(package).arg(member).checked()?.stdout)
}
