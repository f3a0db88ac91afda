//! Packages `linux`, `linux-headers`, `linux-lts`, `linux-lts-headers` in Arch's shape, of the files of Debian's kernels.
//!
//! Of the modules only some are in them, with all that they need: what is tested is indexed in no time. The headers are
//! a whole build tree in a real directory, as Arch has it.

use anyhow::{Context, Result};
use testbed::debs::Debs;
use testbed::disk;
use testbed::layer::Layer;
use testbed::root::Root;

use super::arch::PACK;
use super::releases::Kernel;
use crate::transaction::{Releases, debian};

/// Packs what `debian::UNPACK` has laid out.
const REPACK: &str = r#"
echo "$base" > "/srv/image/$modules/pkgbase"
PACK /srv/image "$base" "$version"
build=/srv/headers/$modules/build
mkdir -p "$(dirname "$build")"
mv /srv/build "$build"
PACK /srv/headers "$base-headers" "$version"
if [ -n "$again" ]; then
    echo '#define CONFIG_RELEASED_AGAIN 1' >> "$build/include/generated/autoconf.h"
    PACK /srv/headers "$base-headers" "$version.1"
fi
rm -r /srv/debs /srv/debian /srv/image /srv/headers /srv/kept*
"#;

/// A layer with the packages of all kernels.
pub(super) fn layer(below: &Layer, suite: &str, releases: &Releases<Kernel>) -> Result<Layer> {
    let debs = Debs::of(suite)?;
    let mut layer = below.clone();
    for kernel in Kernel::ALL {
        let release = releases.of(kernel);
        let files = debs.fetch_all(&debian::packages(&debs, release)?)?;
        let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
        let again = if kernel == Kernel::Older { "yes" } else { "" };
        let line = format!(
            "release={release} base={} version={} again={again}\n{}{}",
            kernel.base(),
            releases.version(kernel),
            debian::UNPACK,
            REPACK.replace("PACK", PACK)
        );
        layer = layer.extend("arch-kernel", &format!("{} {line}", names.join(" ")), |root| {
            for file in &files {
                put(root, file)?;
            }
            root.must(&line).map(drop)
        })?;
    }
    Ok(layer)
}

fn put(root: &Root, file: &std::path::Path) -> Result<()> {
    let name = file.file_name().context("a package without a name")?;
    disk::copy(file, &root.path("/srv/debs").join(name))
}
