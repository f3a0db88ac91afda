//! A root that takes itself for Arch: its name, pacman with a repository of its own, and packages made on the spot.

use std::path::Path;

use anyhow::{Result, ensure};
use testbed::command::Output;
use testbed::root::Root;
use testbed::{disk, makepkg};

/// What Debian's packages are here for, as pacman has to be told.
const THERE: &str = "bash gcc gcc-libs glibc kmod make pacman patch sh libalpm.so=15-64 libalpm.so=16-64";

const PACMAN_CONF: &str = "[options]\nArchitecture = auto\nSigLevel = Never\nLocalFileSigLevel = Never\nDisableSandbox\n\
                           [lab]\nServer = file:///lab\n";

/// A root with pacman.
pub(super) struct Machine {
    pub(super) root: Root,
}

/// A package to be made.
pub(super) struct Made<'a> {
    pub(super) name: &'a str,
    pub(super) version: &'a str,
    /// More lines of `.PKGINFO`.
    pub(super) more: &'a str,
    /// Paths without a leading slash, and what is in the files.
    pub(super) files: &'a [(&'a str, &'a str)],
}

impl Machine {
    /// A fresh one, with what our packages depend on.
    pub(super) fn new(suite: &str) -> Result<Machine> {
        let machine = Machine { root: Root::over(&makepkg::layer(suite)?)? };
        let root = &machine.root;
        disk::write(&root.path("/etc/pacman.conf"), PACMAN_CONF)?;
        root.must(
            "rm /etc/os-release && echo ID=arch > /etc/os-release && mkdir -p /lab /usr/lib/modules /var/lib/pacman",
        )?;
        let provides: String = THERE.split(' ').map(|name| format!("provides = {name}\n")).collect();
        let there = Made { name: "there", version: "1-1", more: &provides, files: &[] };
        let there = machine.make(&there)?;
        machine.pacman(&format!("-U {there}"))?;
        Ok(machine)
    }

    /// Makes a package in the repository's directory; its path in the root.
    pub(super) fn make(&self, package: &Made<'_>) -> Result<String> {
        let Made { name, version, more, files } = package;
        let base = format!("/tmp/{name}-{version}");
        for (path, content) in *files {
            disk::write(&self.root.path(&format!("{base}/{path}")), content)?;
        }
        let info = format!(
            "pkgname = {name}\npkgbase = {name}\nxdata = pkgtype=pkg\npkgver = {version}\npkgdesc = x\nurl = x\n\
             builddate = 1\npackager = x\nsize = 10\narch = any\nlicense = x\n{more}"
        );
        disk::write(&self.root.path(&format!("{base}/.PKGINFO")), info)?;
        let to = format!("/lab/{name}-{version}-any.pkg.tar.zst");
        self.root.must(&format!(
            "cd {base} && bsdtar -czf .MTREE --format=mtree --options='!all,use-set,type,uid,gid,mode,time,size,sha256,link' \
             .PKGINFO $(ls) && bsdtar --uid 0 --gid 0 -cf - .PKGINFO .MTREE $(ls) | zstd -q -f -o {to}"
        ))?;
        Ok(to)
    }

    /// Puts one of our packages into the root; its path there.
    pub(super) fn bring(&self, package: &Path) -> Result<String> {
        let to = format!("/lab/{}", package.file_name().unwrap_or_default().to_string_lossy());
        disk::copy(package, &self.root.path(&to))?;
        Ok(to)
    }

    /// A transaction, whatever comes of it. Questions are answered with yes.
    pub(super) fn try_pacman(&self, arguments: &str) -> Result<Output> {
        self.root.bash(&format!("yes | pacman --noprogressbar {arguments} 2>&1; exit ${{PIPESTATUS[1]}}"))
    }

    /// A transaction that has to succeed, with all of its hooks; what was said.
    pub(super) fn pacman(&self, arguments: &str) -> Result<String> {
        let output = self.try_pacman(arguments)?;
        ensure!(output.code == 0, "pacman {arguments} ended with {}\n{}", output.code, output.stdout);
        ensure!(!output.stdout.contains("error:"), "pacman {arguments} complains\n{}", output.stdout);
        Ok(output.stdout)
    }

    /// All files that are not pacman's own and not volatile, with what they are.
    pub(super) fn tree(&self) -> Result<String> {
        let line = "find / -xdev \\( -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /tmp -o -path /lab \
                    -o -path /var/lib/pacman -o -path /var/cache -o -path /var/log \\) -prune -o \
                    ! -type d -printf '%p %y %m %s %l\\n' | sort";
        Ok(self.root.must(line)?.stdout)
    }
}
