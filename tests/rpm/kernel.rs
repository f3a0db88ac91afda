//! Packages `kernel-core`, `kernel-modules` and `kernel-devel` in Fedora's shape, of the files of Debian's kernels.
//!
//! Of the modules only some are in them, with all that they need. The headers are a whole build tree below
//! `/usr/src/kernels`, to which the kernel's own package has the link; the directories for modules of others are its, too.
//! Its scripts call kernel-install, after everything.

use anyhow::{Context, Result};
use testbed::debs::Debs;
use testbed::disk;
use testbed::layer::Layer;

use super::fedora::PACK;
use crate::transaction::package_manager::{BOTH, Kernel};
use crate::transaction::{Releases, debian};

/// What a kernel's package is called besides its version.
pub(super) const PARTS: [&str; 2] = ["kernel-core", "kernel-modules"];
pub(super) const HEADERS: &str = "kernel-devel";

/// What the scripts of a kernel's package do, between double quotes of bash.
pub(super) const CORE_SCRIPTS: &str = r"%posttrans
kernel-install add $release /usr/lib/modules/$release/vmlinuz || exit \$?
%preun
kernel-install remove $release || exit \$?
";

/// Packs what `debian::UNPACK` has laid out.
const REPACK: &str = r#"
export ARCH=x86_64
mkdir -p /srv/core/$modules/{extra,updates,weak-updates} /srv/modules/$modules
mv /srv/image/$modules/kernel /srv/modules/$modules
mv /srv/image/$modules/* /srv/core/$modules
ln -s /usr/src/kernels/$release /srv/core/$modules/build
PACK /srv/core kernel-core "$version" "$number" "Requires: kernel-modules = $version-$number" \
    'Provides: installonlypkg(kernel), multiversion(kernel)' \
    "SCRIPTS"
PACK /srv/modules kernel-modules "$version" "$number" 'Provides: installonlypkg(kernel), multiversion(kernel)'
mkdir -p /srv/devel/usr/src/kernels
mv /srv/build /srv/devel/usr/src/kernels/$release
devel() { PACK /srv/devel kernel-devel "$version" "$1" 'Provides: installonlypkg(kernel), multiversion(kernel)' 'Provides: kernel-devel-matched'; }
devel "$number"
if [ -n "$again" ]; then
    echo '#define CONFIG_RELEASED_AGAIN 1' >> "/srv/devel/usr/src/kernels/$release/include/generated/autoconf.h"
    devel "$number.1"
fi
rm -r /srv/debs /srv/debian /srv/image /srv/core /srv/modules /srv/devel /srv/kept*
"#;

/// A layer with the packages of all kernels.
pub(super) fn layer(below: &Layer, suite: &str, releases: &Releases<Kernel>) -> Result<Layer> {
    let debs = Debs::of(suite)?;
    let mut layer = below.clone();
    for kernel in BOTH {
        let release = releases.of(kernel);
        let files = debs.fetch_all(&debian::packages(&debs, release)?)?;
        let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
        let again = if kernel == Kernel::Older { "yes" } else { "" };
        let (version, number) = releases.version(kernel);
        let line = format!(
            "release={release} version={version} number={number} again={again}\n{}{}",
            debian::UNPACK,
            REPACK.replace("SCRIPTS", CORE_SCRIPTS).replace("PACK", PACK)
        );
        layer = layer.extend("fedora-kernel", &format!("{} {line}", names.join(" ")), |root| {
            for file in &files {
                let name = file.file_name().context("a package without a name")?;
                disk::copy(file, &root.path("/srv/debs").join(name))?;
            }
            root.must(&line).map(drop)
        })?;
    }
    Ok(layer)
}
