//! Packages of modules: those that were made for tests, and two of Debian's archive, all as Arch would pack them.

use anyhow::{Context, Result};
use testbed::debs::Debs;
use testbed::disk;
use testbed::layer::Layer;
use testbed::root::Root;

use super::arch::PACK;
use super::bystander;
use crate::transaction::counting;
use crate::transaction::test_modules::{MODULES, Module};

pub(super) const TWIG: &str = "/srv/pkgs/twig-dkms-1.0-1-any.pkg.tar.zst";
pub(super) const TWIG_NEXT: &str = "/srv/pkgs/twig-dkms-1.1-1-any.pkg.tar.zst";
/// Does not compile.
pub(super) const TWIG_BROKEN: &str = "/srv/pkgs/twig-dkms-1.2-1-any.pkg.tar.zst";
/// Excludes the kernel of linux-lts.
pub(super) const FICKLE: &str = "/srv/pkgs/fickle-dkms-1.0-1-any.pkg.tar.zst";
/// Does not compile for the kernel of linux-lts.
pub(super) const PICKY: &str = "/srv/pkgs/picky-dkms-1.0-1-any.pkg.tar.zst";
pub(super) const TRUNK: &str = "/srv/pkgs/trunk-dkms-1.0-1-any.pkg.tar.zst";
/// Needs the symbols of trunk.
pub(super) const LEAF: &str = "/srv/pkgs/leaf-dkms-1.0-1-any.pkg.tar.zst";
/// Its module is in the kernel, too.
pub(super) const DUMMY: &str = "/srv/pkgs/dummy-dkms-9.9-1-any.pkg.tar.zst";
/// Real ones, with their own sources.
pub(super) const ACPI_CALL: &str = "/srv/pkgs/acpi-call-dkms-1-1-any.pkg.tar.zst";
pub(super) const WRITEBOOST: &str = "/srv/pkgs/dm-writeboost-dkms-1-1-any.pkg.tar.zst";

/// Packages of the archive that are made of the same sources; their version says nothing here.
const REAL: [&str; 2] = ["acpi-call-dkms", "dm-writeboost-dkms"];

/// All of them over `below`; `lts` is the release that the picky one does not like.
pub(super) fn layer(below: &Layer, suite: &str, lts: &str) -> Result<Layer> {
    let debs = Debs::of(suite)?.fetch_all(&REAL.map(str::to_owned))?;
    let mut recipe: Vec<String> = debs.iter().map(|deb| deb.display().to_string()).collect();
    for module in &MODULES {
        recipe.extend(module.sources(lts).into_iter().map(|(path, text)| format!("{path}\n{text}")));
        recipe.push(pack(module));
    }
    recipe.push(bystander::recipe());
    below.extend("arch-made", &recipe.join("\n"), |root| {
        for module in &MODULES {
            let files = module.sources(lts).map(|(path, text)| (format!("srv/package/{path}"), text));
            counting::write(root, &files)?;
            root.must(&pack(module)).with_context(|| format!("make package {}", module.name))?;
        }
        for (name, deb) in REAL.iter().zip(&debs) {
            real(root, name, deb).with_context(|| format!("make package {name}"))?;
        }
        bystander::write(root)
    })
}

fn pack(module: &Module) -> String {
    let depends: Vec<String> = module.depends.split(", ").map(|name| format!("'depend = {name}'")).collect();
    format!("{PACK} /srv/package {}-dkms {}-1 {} && rm -r /srv/package", module.name, module.version, depends.join(" "))
}

fn real(root: &Root, name: &str, deb: &std::path::Path) -> Result<()> {
    disk::copy(deb, &root.path("/srv/real.deb"))?;
    let line = format!(
        "set -e; dpkg-deb -x /srv/real.deb /srv/debian; mkdir -p /srv/package/usr; mv /srv/debian/usr/src /srv/package/usr
         {PACK} /srv/package {name} 1-1 'depend = dkms'; rm -r /srv/package /srv/debian /srv/real.deb"
    );
    root.must(&line).map(drop)
}
