//! Cached layers that roots are stacked from: tools, then kernels, then the original's package or ours.
//!
//! A layer is a directory under the cache whose name ends in a key of its recipe and of the layers below, so a changed
//! recipe makes a new one and an empty cache makes all.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::command::Cmd;
use crate::debs::{self, Debs};
use crate::root::Root;
pub use crate::stack::Layer;
use crate::{cache, disk, host};

/// The Debian release that all roots are made of.
pub const SUITE: &str = "trixie";

/// What builds modules and what the tests look at them with.
const TOOLS: &str = "bash,ca-certificates,make,gcc,libc6-dev,kmod,openssl,xz-utils,zstd,patch,binutils,diffutils,gawk,\
                     procps,dpkg-dev,file,cpio,python3-minimal,util-linux,attr,strace";

const WEEK: std::time::Duration = std::time::Duration::from_secs(7 * 24 * 3600);

/// Releases of the kernels in the `kernels` layer.
#[derive(Debug, Clone)]
pub struct Kernels {
    /// The one that is installed first.
    pub older: String,
    /// One that is installed beside it.
    pub newer: String,
}

impl Layer {
    /// A layer on top of this one, made by `build` in a root unless it is cached; `recipe` names all that it depends on.
    pub fn extend(&self, name: &str, recipe: &str, build: impl FnOnce(&Root) -> Result<()>) -> Result<Layer> {
        let key = cache::key([self.id().as_str(), recipe]);
        let dir = cache::path("layers").join(format!("{name}-{key}"));
        if !dir.exists() {
            println!("making layer {name}");
            let root = Root::over(self)?;
            build(&root).with_context(|| format!("make layer {name}"))?;
            root.must("rm -rf /tmp/* /var/tmp/*")?;
            keep(&root.changes(), &dir)?;
        }
        let mut lowers = vec![dir];
        lowers.extend(self.lowers.iter().cloned());
        Ok(Layer { name: name.to_owned(), lowers })
    }
}

/// Deletes layers of a kind that a week of work left behind; younger ones may be in use by another run.
pub fn prune(kind: &str) -> Result<()> {
    let layers = cache::path("layers");
    // What follows is a key, and perhaps the mark of an unfinished one; other kinds have longer names.
    let is_of_it = |name: &String| {
        let key = name.strip_prefix(kind).and_then(|rest| rest.split('.').next());
        key.is_some_and(|key| !key.contains('-'))
    };
    for name in disk::names(&layers).into_iter().filter(is_of_it) {
        let path = layers.join(name);
        let old = path
            .metadata()
            .and_then(|meta| meta.created())
            .is_ok_and(|time| time.elapsed().is_ok_and(|age| age > WEEK));
        if old {
            disk::remove_tree(&path)?;
        }
    }
    Ok(())
}

/// Copies to a name of our own and renames, so that a killed run or a second one never leaves half a layer.
fn keep(from: &Path, to: &Path) -> Result<()> {
    let mut partial = to.as_os_str().to_owned();
    partial.push(format!(".partial-{}", std::process::id()));
    let partial = PathBuf::from(partial);
    disk::remove_tree(&partial)?;
    disk::make_dirs(to.parent().unwrap_or(to))?;
    Cmd::new("cp").args(["-a", "--"]).arg(from).arg(&partial).checked()?;
    match disk::rename(&partial, to) {
        Err(_) if to.exists() => disk::remove_tree(&partial),
        result => result,
    }
}

/// Tools without any kernel.
pub fn tools() -> Result<Layer> {
    tools_of(SUITE)
}

/// Tools of another Debian release.
pub fn tools_of(suite: &str) -> Result<Layer> {
    host::need(&[("mmdebstrap", "mmdebstrap"), ("unshare", "util-linux"), ("nsenter", "util-linux")])?;
    let sources = debs::sources(suite)?;
    let key = cache::key([suite, TOOLS, sources.as_str(), "3"]);
    let dir = cache::path("layers").join(format!("tools-{key}"));
    if !dir.exists() {
        println!("making layer tools of {suite}");
        let fresh = cache::path("layers").join(format!("mmdebstrap-{}", std::process::id()));
        disk::remove_tree(&fresh)?;
        disk::make_dirs(&cache::path("layers"))?;
        // What is in flux is valid for a week only, and a mirror may be older; its signature is checked all the same.
        let dated: &[&str] = if suite == "sid" { &["--aptopt=Acquire::Check-Valid-Until \"false\""] } else { &[] };
        Cmd::new("mmdebstrap")
            .args(dated)
            .args(["--variant=minbase", "--mode=root", "--format=directory", "--skip=cleanup/apt"])
            .arg(format!("--include={TOOLS}"))
            .arg("--dpkgopt=path-exclude=/usr/share/doc/*")
            .arg(suite)
            .arg(&fresh)
            .arg(sources.trim())
            .checked()?;
        // Maintainer scripts of kernels and modules must not try to start services.
        disk::write(&fresh.join("usr/sbin/policy-rc.d"), "#!/bin/sh\nexit 101\n")?;
        Cmd::new("chmod").arg("0755").arg(fresh.join("usr/sbin/policy-rc.d")).checked()?;
        match disk::rename(&fresh, &dir) {
            Err(_) if dir.exists() => disk::remove_tree(&fresh)?,
            result => result?,
        }
    }
    Ok(Layer { name: "tools".into(), lowers: vec![dir] })
}

impl Kernels {
    /// The two newest releases that the archive has for the cloud flavour.
    pub fn of_archive() -> Result<Kernels> {
        let releases = releases(SUITE, Flavour::Cloud)?;
        let [.., older, newer] = releases.as_slice() else {
            bail!("{SUITE} has fewer than two kernels of the cloud flavour: {releases:?}");
        };
        Ok(Kernels { older: older.clone(), newer: newer.clone() })
    }
}

/// Debian's kernels for one machine differ in what they are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// Small: no video, no graphics.
    Cloud,
    /// With all drivers.
    Ordinary,
    /// With all drivers, and preemptible everywhere.
    RealTime,
}

/// All releases that a suite has headers of, the oldest first.
pub fn releases(suite: &str, flavour: Flavour) -> Result<Vec<String>> {
    let names = Debs::of(suite)?.names("linux-headers-")?;
    let wanted = |release: &&str| {
        let Some(number) =
            release.strip_suffix("-amd64").filter(|number| number.starts_with(|c: char| c.is_ascii_digit()))
        else {
            return false;
        };
        match number.rsplit_once('-') {
            Some((_, "cloud")) => flavour == Flavour::Cloud,
            Some((_, "rt")) => flavour == Flavour::RealTime,
            // Releases of bookworm end in a number.
            Some((_, last)) => flavour == Flavour::Ordinary && last.starts_with(|c: char| c.is_ascii_digit()),
            None => flavour == Flavour::Ordinary,
        }
    };
    let mut releases: Vec<String> =
        names.iter().filter_map(|name| name.strip_prefix("linux-headers-")).filter(wanted).map(str::to_owned).collect();
    releases.sort_by_key(|release| digits(release));
    Ok(releases)
}

fn digits(release: &str) -> Vec<u64> {
    release.split(|c: char| !c.is_ascii_digit()).filter_map(|run| run.parse().ok()).collect()
}

/// Tools and one kernel with its headers.
pub fn kernel(kernels: &Kernels) -> Result<Layer> {
    let release = &kernels.older;
    tools()?.extend("kernel", &format!("1 {release}"), |root| kernel_packages(root, release))
}

/// The newest release of the ordinary flavour, which has the drivers and subsystems that the cloud flavour leaves out.
pub fn desktop_release() -> Result<String> {
    releases(SUITE, Flavour::Ordinary)?.pop().with_context(|| format!("{SUITE} has no kernel headers"))
}

/// Tools and one kernel of the ordinary flavour with its headers.
pub fn desktop(release: &str) -> Result<Layer> {
    tools()?.extend("desktop", &format!("1 {release}"), |root| kernel_packages(root, release))
}

/// Tools, two kernels with their headers, and a third one that is only a name (see `fake`).
pub fn kernels(kernels: &Kernels) -> Result<Layer> {
    let release = &kernels.newer;
    kernel(kernels)?.extend("kernels", &format!("1 {release}"), |root| {
        kernel_packages(root, release)?;
        fake(root, release)
    })
}

/// The original, as Debian packages it.
pub fn original(below: &Layer) -> Result<Layer> {
    original_of(SUITE, below)
}

/// The original, as another Debian release packages it.
pub fn original_of(suite: &str, below: &Layer) -> Result<Layer> {
    let version = Debs::of(suite)?.version("dkms")?;
    below.extend("original", &version, |root| root.apt_install(&[&format!("dkms={version}")]))
}

fn kernel_packages(root: &Root, release: &str) -> Result<()> {
    // The tests have no use for an initramfs here; INITRD=No is the documented switch of initramfs-tools' kernel hook.
    let line = format!(
        "INITRD=No apt-get install -y -q --no-install-recommends linux-image-{release} linux-headers-{release}"
    );
    if root.bash(&line)?.code != 0 {
        root.must("apt-get update -q")?;
        root.must(&line)?;
    }
    root.must("apt-get clean").map(drop)
}

/// Where kernels newer than those of Debian stable are to be had.
pub const BACKPORTS: &str = "trixie-backports";

/// Installs packages of it, and of its other packages what they want.
pub fn install_backports(root: &Root, packages: &str) -> Result<()> {
    let list = "/etc/apt/sources.list.d/backports.list";
    disk::write(&root.path(list), debs::sources(BACKPORTS)?)?;
    root.must("apt-get update -q")?;
    root.must(&format!("INITRD=No apt-get install -y -q --no-install-recommends -t {BACKPORTS} {packages}"))?;
    root.must(&format!("rm {list} && apt-get update -q && apt-get clean")).map(drop)
}

/// A kernel `6.99.0-fake`: the headers of a real one under another release, so that objects get its vermagic, and a
/// module directory without modules.
fn fake(root: &Root, real: &str) -> Result<()> {
    root.must(&format!(
        "set -e
         fake=6.99.0-fake
         cp -a /usr/src/linux-headers-{real} /usr/src/linux-headers-$fake
         sed -i 's/{real}/'$fake'/' /usr/src/linux-headers-$fake/include/generated/utsrelease.h
         echo $fake > /usr/src/linux-headers-$fake/include/config/kernel.release
         mkdir -p /lib/modules/$fake/kernel
         ln -s /usr/src/linux-headers-$fake /lib/modules/$fake/build
         mkdir -p /lib/modules/6.98.0-bare/kernel"
    ))
    .map(drop)
}
