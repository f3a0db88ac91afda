//! A running Debian root: an overlay over cached layers, in its own mount, process and IPC namespaces.
//!
//! Everything a test changes lives in a tmpfs of that namespace, so a root costs some milliseconds, two roots never see
//! one another, and nothing survives: when the holder process ends, the kernel takes processes and mounts away.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Child;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::command::{Cmd, Output};
use crate::stack::Layer;

/// Set-up inside the new namespaces; `cat` then holds them until our end of its stdin closes, even if we are killed.
const HOLD: &str = r#"
set -e
work=$1 lower=$2
mount --make-rprivate /
mount -t tmpfs -o mode=0755 tmpfs "$work"
mkdir "$work/upper" "$work/work" "$work/root"
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$work/upper,workdir=$work/work" "$work/root"
cd "$work/root"
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t tmpfs -o mode=0755 tmpfs run
mkdir run/lock
mount -t tmpfs -o mode=0755 tmpfs dev
for node in null zero full random urandom tty; do : > dev/$node; mount --bind /dev/$node dev/$node; done
mkdir dev/shm dev/pts
mount -t tmpfs tmpfs dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
for n in 0:stdin 1:stdout 2:stderr; do ln -s /proc/self/fd/${n%:*} dev/${n#*:}; done
if [ -e etc/resolv.conf ]; then mount --bind /etc/resolv.conf etc/resolv.conf; fi
echo ready
exec chroot . /bin/cat
"#;

/// What a root may do with a directory of this machine.
#[derive(Clone, Copy, Debug)]
pub enum Access {
    /// Look.
    Read,
    /// Change it.
    Write,
}

/// A root with a holder process; everything in it vanishes when this value is dropped.
pub struct Root {
    holder: Child,
    work: TempDir,
    lowers: Vec<PathBuf>,
}

impl Root {
    /// Starts a fresh root over a layer.
    pub fn over(layer: &Layer) -> Result<Root> {
        let work = TempDir::with_prefix("dkms-root-").context("make a mount point")?;
        let lowers: Vec<String> = layer.lowers().iter().map(|path| path.display().to_string()).collect();
        let mut holder = Cmd::new("unshare")
            .args(["--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child=KILL", "sh", "-c", HOLD, "hold"])
            .arg(work.path())
            .arg(lowers.join(":"))
            .piped()?;
        let mut line = String::new();
        let stdout = holder.stdout.take().context("stdout of the holder")?;
        BufReader::new(stdout).read_line(&mut line).context("wait for the root")?;
        let root = Root { holder, work, lowers: layer.lowers().to_vec() };
        if line.trim() != "ready" {
            bail!("the root over {} did not come up (run as root, with namespaces and overlayfs)", layer.name());
        }
        Ok(root)
    }

    /// A path inside the root, seen from outside. Absolute symlinks on the way are *not* resolved inside the root.
    pub fn path(&self, inside: &str) -> PathBuf {
        self.outside("root").join(inside.trim_start_matches('/'))
    }

    /// Shows a directory of this machine inside the root.
    pub fn bind(&self, from: &Path, inside: &str, access: Access) -> Result<()> {
        let mode = match access {
            Access::Read => "ro",
            Access::Write => "rw",
        };
        Cmd::new("nsenter")
            .arg(format!("--mount=/proc/{}/ns/mnt", self.holder.id()))
            .args(["sh", "-c", "mkdir -p \"$2\" && mount -o bind,\"$0\" \"$1\" \"$2\"", mode])
            .arg(from)
            .arg(self.work.path().join("root").join(inside.trim_start_matches('/')))
            .checked()
            .map(drop)
    }

    /// Only what was changed since the root was started, as overlayfs keeps it.
    pub fn changes(&self) -> PathBuf {
        self.outside("upper")
    }

    /// Where a path lies unchanged, in the highest layer that has it.
    pub fn before(&self, inside: &str) -> Option<PathBuf> {
        let inside = inside.trim_start_matches('/');
        self.lowers.iter().map(|lower| lower.join(inside)).find(|path| path.symlink_metadata().is_ok())
    }

    fn outside(&self, part: &str) -> PathBuf {
        let work = self.work.path().strip_prefix("/").unwrap_or(self.work.path());
        Path::new("/proc").join(self.holder.id().to_string()).join("root").join(work).join(part)
    }

    /// A command in the root with a small clean environment, ended after `seconds`.
    pub fn command(&self, seconds: u32, program: &[&str]) -> Cmd {
        let namespaces = format!("/proc/{}/ns", self.holder.id());
        Cmd::new("nsenter")
            .clean_env()
            .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", "/root")
            .env("LC_ALL", "C.UTF-8")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .arg(format!("--mount={namespaces}/mnt"))
            .arg(format!("--pid={namespaces}/pid_for_children"))
            .arg(format!("--ipc={namespaces}/ipc"))
            .arg(format!("--uts={namespaces}/uts"))
            .arg(format!("--root={}", self.outside("root").display()))
            .arg(format!("--wd={}", self.outside("root").display()))
            .args(["timeout", "-k", "5"])
            .arg(seconds.to_string())
            .args(program)
    }

    /// Runs a line of bash, whatever its exit status. 124 tells that it was ended after ten minutes.
    pub fn bash(&self, line: &str) -> Result<Output> {
        self.command(600, &["bash", "-c", line]).output()
    }

    /// Runs a line of bash that has to succeed.
    pub fn must(&self, line: &str) -> Result<Output> {
        let output = self.bash(line)?;
        if output.code != 0 {
            bail!("in the root: `{line}` ended with {}\n{}", output.code, output.tail());
        }
        Ok(output)
    }

    /// Installs packages inside the root by apt, lists refreshed if the first try fails.
    pub fn apt_install(&self, packages: &[&str]) -> Result<()> {
        let line = format!("apt-get install -y -q --no-install-recommends {}", packages.join(" "));
        if self.bash(&line)?.code != 0 {
            self.must("apt-get update -q")?;
            self.must(&line)?;
        }
        Ok(())
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        // Closing stdin would be enough; killing does not wait for a command that still runs in there.
        drop(self.holder.kill());
        drop(self.holder.wait());
    }
}
