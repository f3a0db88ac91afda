//! What our hooks cost at the end of every transaction that concerns them and calls for nothing: under 10 ms and 20 MB;
//! with 3,000 paths of pacman under 30 ms, with 20,000 of rpm, as a kernel's headers have them, under 50 ms.

use anyhow::{Context, Result};
use testbed::layer::{self, Kernels, Layer, SUITE};
use testbed::root::Root;
use testbed::rpmbuild::{self, Programs};
use testbed::{arch, cache, disk, ours};

use super::contest::Contest;
use super::lap::{laps, median};
use super::row::Row;
use super::tiny::{self, Size};

const HOOK: &str = "/usr/lib/dkms/hook triggered /usr/src";

/// The tree: 10 modules for 5 kernels, all installed.
const SIZE: Size = Size { modules: 10, kernels: 5 };

/// pacman's, with a path that exists, and with many that do not.
const PACMAN: &str = "/usr/lib/dkms/hook ended < /srv/one";
const MANY: &str = "/usr/lib/dkms/hook ended < /srv/many";
const PATHS: &str = "echo usr/src/tiny00-1.0/dkms.conf > /srv/one; for i in $(seq 3000); do echo usr/src/gone-$i/dkms.conf; done > /srv/many";

/// rpm's, with a path that exists, and with many of a kernel's headers.
const RPM: &str = "/usr/lib/dkms/hook installed < /srv/one";
const HEADERS: &str = "/usr/lib/dkms/hook installed < /srv/many";
const HEADER_PATHS: &str = "echo /usr/src/tiny00-1.0/dkms.conf > /srv/one; for i in $(seq 20000); do echo /usr/src/kernels/6.1.0-1.x86_64/include/linux/header-$i.h; done > /srv/many";

/// The package of rpm without rpm.
const UNPACK_RPM: &str =
    "cd / && bsdtar -xf /srv/ours.rpm ./etc ./usr && sed -i 's/^ID=.*/ID=fedora/' usr/lib/os-release";

/// The package of pacman without pacman: all that the hook looks at is there.
const UNPACK: &str =
    "cd / && tar --zstd -xf /srv/ours.pkg.tar.zst etc usr var && sed -i 's/^ID=.*/ID=arch/' usr/lib/os-release";

/// All hooks. The original has none to compare with.
pub(super) fn run(contest: &Contest) -> Result<Vec<Row>> {
    if contest.self_test() {
        return Ok(Vec::new());
    }
    let kernel = layer::kernel(&Kernels::of_archive()?)?;
    let dpkg = tiny::root_over(&timed(&ours::layer(&kernel)?)?, "/usr/sbin/dkms", SIZE)?;
    let mut rows = nothing(contest, &dpkg, "hook of dpkg, nothing to do", HOOK, 0.010)?;
    let package = arch::package()?;
    let pacman = kernel.extend("hook-pacman", &[UNPACK, &cache::digest(&disk::bytes(&package)?)].concat(), |root| {
        disk::copy(&package, &root.path("/srv/ours.pkg.tar.zst"))?;
        root.must(UNPACK).map(drop)
    })?;
    let pacman = tiny::root_over(&timed(&pacman)?, "/usr/bin/dkms", SIZE)?;
    pacman.must(PATHS)?;
    rows.extend(nothing(contest, &pacman, "hook of pacman, nothing to do", PACMAN, 0.010)?);
    rows.extend(nothing(contest, &pacman, "hook of pacman, 3,000 paths", MANY, 0.030)?);
    let package = rpmbuild::package(SUITE, Programs::Released)?;
    let rpm = kernel.extend("hook-rpm", &[UNPACK_RPM, &cache::digest(&disk::bytes(&package)?)].concat(), |root| {
        root.apt_install(&["libarchive-tools"])?;
        disk::copy(&package, &root.path("/srv/ours.rpm"))?;
        root.must(UNPACK_RPM).map(drop)
    })?;
    let rpm = tiny::root_over(&timed(&rpm)?, "/usr/sbin/dkms", SIZE)?;
    rpm.must(HEADER_PATHS)?;
    rows.extend(nothing(contest, &rpm, "hook of rpm, nothing to do", RPM, 0.010)?);
    rows.extend(nothing(contest, &rpm, "hook of rpm, 20,000 paths", HEADERS, 0.050)?);
    Ok(rows)
}

fn timed(below: &Layer) -> Result<Layer> {
    below.extend("time", "1", |root| root.apt_install(&["time"]))
}

/// Time and memory of a hook that finds nothing to do.
fn nothing(contest: &Contest, root: &Root, title: &str, line: &str, limit: f64) -> Result<Vec<Row>> {
    // The first run judges what was installed, the second one writes down what it saw: nothing of that may be brand-new.
    root.must(&format!("sleep 3; {line}; sleep 3; {line}"))?;
    let wall = median(laps(root, contest.quick_laps(), line)?.iter().map(|lap| lap.wall));
    let measured = root.must(&format!("/usr/bin/time -f %M {line} 2>&1 | tail -n 1"))?.stdout;
    let kilobytes: f64 = measured.trim().parse().with_context(|| format!("memory of the hook: `{measured}`"))?;
    Ok(vec![Row::under(title, wall, limit), Row::smaller(title, kilobytes / 1024.0, 20.0)])
}
