//! Packages of modules as third parties make them for Fedora, of sources made for tests and of real ones; and packages
//! without a module.
//!
//! Their scripts are what practically all of them have (B§10.6): register, build and install for the running kernel, and
//! remove whenever the package goes, an upgrade included.

use std::path::Path;

use anyhow::{Context, Result};
use testbed::debs::Debs;
use testbed::disk;
use testbed::layer::Layer;
use testbed::root::Root;

use super::fedora::PACK;
use crate::transaction::counting;
use crate::transaction::rows::pairs::FOUND;
use crate::transaction::test_modules::MODULES;

/// Packages of the archive that are made of the same sources, by the names of the modules.
const REAL: [&str; 2] = ["acpi-call", "dm-writeboost"];

const SCRIPTS: &str = "%post
dkms add -m NAME -v VERSION -q --rpm_safe_upgrade || :
dkms build -m NAME -v VERSION -q || :
dkms install -m NAME -v VERSION -q --force || :
%preun
dkms remove -m NAME -v VERSION -q --all --rpm_safe_upgrade || :
";

/// Comes after ours, whose priority is higher.
const EAGER: &str = r#"%transfiletriggerin -P 1000 -- /usr/src
for kernel in /usr/lib/modules/*/kernel; do
    kernel=$(basename "$(dirname "$kernel")")
    modinfo -k "$kernel" twig > /dev/null && grep -q '^extra/twig[.]ko' "/usr/lib/modules/$kernel/modules.dep" || exit 0
    echo "$kernel" >> FOUND
done
"#;

/// All of them over `below`; `newer` is the release that the picky one does not like.
pub(super) fn layer(below: &Layer, suite: &str, newer: &str) -> Result<Layer> {
    let names = REAL.map(|name| format!("{name}-dkms"));
    let debs = Debs::of(suite)?.fetch_all(&names)?;
    let others = others();
    let mut recipe: Vec<String> = debs.iter().map(|deb| deb.display().to_string()).collect();
    for module in &MODULES {
        recipe.extend(module.sources(newer).into_iter().map(|(path, text)| format!("{path}\n{text}")));
        recipe.push(pack(module.name, module.version, module.depends));
    }
    recipe.extend([others.clone(), REAL.map(|name| pack(name, "VERSION", "dkms")).concat()]);
    below.extend("fedora-made", &recipe.join("\n"), |root| {
        for module in &MODULES {
            let files = module.sources(newer).map(|(path, text)| (format!("srv/package/{path}"), text));
            counting::write(root, &files)?;
            root.must(&pack(module.name, module.version, module.depends))
                .with_context(|| format!("make package {}", module.name))?;
        }
        for (name, deb) in REAL.iter().zip(&debs) {
            real(root, name, deb).with_context(|| format!("make package {name}"))?;
        }
        root.must(&others).map(drop)
    })
}

/// `depends` as Debian's packages have it.
fn pack(name: &str, version: &str, depends: &str) -> String {
    let scripts = SCRIPTS.replace("NAME", name).replace("VERSION", version);
    format!("{PACK} /srv/package {name}-dkms {version} 1 'Requires: {depends}' '{scripts}' && rm -r /srv/package")
}

fn real(root: &Root, name: &str, deb: &Path) -> Result<()> {
    disk::copy(deb, &root.path("/srv/real.deb"))?;
    let source = root.must(
        "set -e; dpkg-deb -x /srv/real.deb /srv/debian; mkdir -p /srv/package/usr; mv /srv/debian/usr/src /srv/package/usr
         rm -r /srv/debian /srv/real.deb; ls /srv/package/usr/src",
    )?;
    let version = source.stdout.trim().strip_prefix(&format!("{name}-")).context("a source has a version")?;
    root.must(&pack(name, version, "dkms"))?;
    // Rows name it without its version.
    root.must(&format!("ln -s {name}-dkms-{version}-1.rpm /srv/repo/{name}-dkms.rpm")).map(drop)
}

fn others() -> String {
    let eager = EAGER.replace("FOUND", FOUND);
    format!(
        "set -e; mkdir -p /srv/package/usr/src/unrelated-1; echo > /srv/package/usr/src/unrelated-1/README
         {PACK} /srv/package unrelated 1 1; rm -r /srv/package
         mkdir -p /srv/package/usr/share/eager; echo > /srv/package/usr/share/eager/file
         {PACK} /srv/package eager 1 1 'Requires: twig-dkms' '{}'; rm -r /srv/package",
        eager.replace('\'', "'\\''")
    )
}
