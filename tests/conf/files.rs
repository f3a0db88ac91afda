//! The files to compare: public ones beside the project, and those of Debian's packages.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use testbed::command::Cmd;
use testbed::debs::Debs;
use testbed::{cache, disk};

/// One `dkms.conf`.
pub(super) struct ConfFile {
    /// Where it is from, for people.
    pub(super) name: String,
    /// A copy that an unprivileged user can read, with the files that lie beside it.
    pub(super) path: PathBuf,
    pub(super) content: Vec<u8>,
    /// Hash of the content.
    pub(super) digest: String,
}

impl ConfFile {
    fn at(name: String, path: PathBuf) -> Result<Self> {
        let content = disk::bytes(&path)?;
        let digest = cache::digest(&content);
        Ok(Self { name, path, content, digest })
    }

    /// Where it lies, and is evaluated.
    pub(super) fn directory(&self) -> &Path {
        self.path.parent().unwrap_or(&self.path)
    }
}

/// The collection beside the project; it is no part of it, so it may be missing.
pub(super) fn corpus() -> Result<Vec<ConfFile>> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    let names: Vec<String> = disk::names(&dir).into_iter().filter(|name| name.ends_with(".conf")).collect();
    if names.is_empty() {
        println!("  no collection of files beside the project");
    }
    let copies = cache::path("conf/corpus");
    let mut files = Vec::new();
    for name in names {
        let path = copies.join(&name).join("dkms.conf");
        disk::write(&path, disk::bytes(&dir.join(&name))?)?;
        files.push(ConfFile::at(name, path)?);
    }
    Ok(files)
}

/// The files of all `-dkms` packages of two releases.
pub(super) fn packages() -> Result<Vec<ConfFile>> {
    let mut files = Vec::new();
    for suite in ["bookworm", "trixie"] {
        let debs = Debs::of(suite)?;
        let mut names = debs.names("")?;
        names.retain(|name| name.ends_with("-dkms"));
        for deb in debs.fetch_all(&names)? {
            let stem = deb.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let dir = cache::path("conf/packages").join(suite).join(&stem);
            unpack(&deb, &dir)?;
            for conf in disk::names(&dir) {
                files.push(ConfFile::at(format!("{suite} {stem} {conf}"), dir.join(&conf).join("dkms.conf"))?);
            }
        }
    }
    Ok(files)
}

/// Puts each directory of the package that holds a `dkms.conf` below `dir`, without what is deeper.
fn unpack(deb: &Path, dir: &Path) -> Result<()> {
    if dir.exists() {
        return Ok(());
    }
    println!("  unpacking {}", deb.display());
    let work = dir.with_extension("partial");
    disk::remove_tree(&work)?;
    disk::make_dirs(&work)?;
    let tar = work.join("data.tar");
    let line = "dpkg-deb --fsys-tarfile \"$1\" >\"$2\"";
    Cmd::new("bash").args(["-c", line, "bash"]).arg(deb).arg(&tar).checked()?;
    let members = Cmd::new("tar").arg("-tf").arg(&tar).checked()?.stdout;
    let out = work.join("out");
    disk::make_dirs(&out)?;
    for member in members.lines() {
        let Some(parent) = member.strip_suffix("/dkms.conf") else { continue };
        let name = parent.rsplit('/').next().context("a package with a file at its top")?;
        disk::make_dirs(&out.join(name))?;
        let depth = parent.matches('/').count() + 1;
        Cmd::new("tar")
            .arg("-xf")
            .arg(&tar)
            .args(["--no-recursion", "--wildcards", "--no-wildcards-match-slash", "--no-same-owner"])
            .arg(format!("--strip-components={depth}"))
            .arg("-C")
            .arg(out.join(name))
            .arg(format!("{parent}/*"))
            .checked()?;
    }
    disk::rename(&out, dir)?;
    disk::remove_tree(&work)
}
