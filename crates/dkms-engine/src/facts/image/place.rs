//! Where the initramfs of a kernel lies.

use std::path::{Path, PathBuf};

use crate::facts::kernels;
use crate::layout::{BOOT, BOOT_PARTITIONS};
use crate::setup::Setup;
use crate::system::root::Kind;

/// How images are called by Debian, and by everybody else, before and after the release; on Arch what stands in its place
/// is the name of the kernel's package.
pub(crate) const NAMES: [[&str; 2]; 3] = [["initrd.img-", ""], ["initramfs-", ".img"], ["booster-", ".img"]];

/// Where an image of a kernel lies, if it has one.
pub fn find(setup: &Setup, release: &str) -> Option<PathBuf> {
    let package = pkgbase(setup, release);
    let called = [Some(release), package.as_deref()].into_iter().flatten();
    let mut paths =
        called.flat_map(|called| NAMES.map(|[before, after]| Path::new(BOOT).join(format!("{before}{called}{after}"))));
    paths.find(|path| setup.root.is_file(path)).or_else(|| of_boot_loader(setup, release))
}

/// Where kernel-install has it for boot loaders that read descriptions: below a name for the machine, which may be anything.
fn of_boot_loader(setup: &Setup, release: &str) -> Option<PathBuf> {
    let entries = BOOT_PARTITIONS.into_iter().map(Path::new).flat_map(|top| {
        let names = setup.root.list(top).unwrap_or_default().into_iter();
        names.filter(|(_, kind)| *kind == Kind::Directory).map(|(name, _)| top.join(name).join(release).join("initrd"))
    });
    entries.into_iter().find(|path| setup.root.is_file(path))
}

/// What Arch leaves in a kernel's module directory: the name of its package.
pub(crate) fn pkgbase(setup: &Setup, release: &str) -> Option<String> {
    let name = setup.root.read_to_string(&kernels::directory(setup, release).join("pkgbase")).ok()?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty() && !name.contains('/'))
}
