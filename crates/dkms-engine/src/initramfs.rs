//! The initramfs of a kernel whose modules changed after it was made.
//!
//! A note is left before a kernel's modules change and goes when its initramfs was made again, so that a run that is cut
//! off in between leaves word. Which files belong in there is known only to the program that makes it, so every change
//! counts. The programs are Debian's `update-initramfs`, which is also dracut's name there, and dracut itself.

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::layout::BOOT;
use crate::lock::Guard;
use crate::setup::Setup;
use crate::staged::Staged;
use crate::tool::Tool;

/// How images are called by Debian, and by everybody else; `K` is the release.
const NAMES: [[&str; 2]; 2] = [["initrd.img-", ""], ["initramfs-", ".img"]];

/// Where an image of a kernel lies, if it has one.
pub fn image(setup: &Setup, release: &str) -> Option<PathBuf> {
    let paths = NAMES.map(|[before, after]| Path::new(BOOT).join(format!("{before}{release}{after}")));
    paths.into_iter().find(|path| setup.root.is_file(path))
}

/// Leaves word that the modules of a kernel are about to change, if it has an image.
///
/// # Errors
/// `Io`.
pub(crate) fn note(setup: &Setup, guard: &Guard, release: &str) -> Result<(), Error> {
    if image(setup, release).is_none() {
        return Ok(());
    }
    Staged::file(&setup.root, &setup.layout.initramfs_pending(release), b"", 0o644)?.publish(guard)
}

/// Releases whose image is still to be made again.
pub fn pending(setup: &Setup) -> Vec<String> {
    let note = setup.layout.initramfs_pending("x");
    let notes = setup.root.list(note.parent().unwrap_or(&note)).unwrap_or_default().into_iter();
    notes.filter_map(|(name, _)| name.into_string().ok()).filter(|name| !name.starts_with('.')).collect()
}

/// Makes the noted images again; gives what went wrong. A note goes also when its image could not be made: trying again
/// at every transaction would end the same way.
pub fn remake(setup: &Setup, _guard: &Guard) -> Vec<Error> {
    let mut troubles = Vec::new();
    for release in pending(setup) {
        let made = image(setup, &release).map_or(Ok(()), |image| make(setup, &release, &image));
        if !matches!(made, Err(Error::Interrupted { .. })) {
            troubles.extend(setup.root.remove_file(&setup.layout.initramfs_pending(&release)).err());
        }
        troubles.extend(made.err().map(|error| Error::Initramfs { kernel: release, reason: error.to_string() }));
    }
    troubles
}

fn make(setup: &Setup, release: &str, image: &Path) -> Result<(), Error> {
    if let Ok(tool) = tool(setup, "update-initramfs") {
        // In a package's script, its own trigger makes the newest one, together with all others who ask for that.
        if setup.environment.get("DPKG_MAINTSCRIPT_PACKAGE").is_some() && newest(setup).as_deref() == Some(release) {
            return self::tool(setup, "dpkg-trigger")?.args(["--no-await", "update-initramfs"]).require().map(drop);
        }
        return tool.args(["-u", "-k", release]).require().map(drop);
    }
    match tool(setup, "dracut") {
        // Named, because the name that dracut would give is not the one that Debian's own script gives.
        Ok(tool) => tool.args(["--quiet", "--force"]).arg(image).arg(release).require().map(drop),
        Err(_) => Ok(()),
    }
}

/// The release whose image `update-initramfs -u` makes: the first of those that have one, as `linux-version` sorts them.
fn newest(setup: &Setup) -> Option<String> {
    let names = setup.root.list(Path::new(BOOT)).ok()?.into_iter();
    let releases: Vec<String> =
        names.filter_map(|(name, _)| Some(name.to_str()?.strip_prefix(NAMES[0][0])?.to_owned())).collect();
    let sorted = tool(setup, "linux-version").ok()?.args(["sort", "--reverse"]).args(&releases).require().ok()?;
    String::from_utf8(sorted).ok()?.lines().next().map(str::to_owned)
}

fn tool(setup: &Setup, program: &str) -> Result<Tool, Error> {
    Ok(Tool::new(setup, program)?.inherit(&setup.environment))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn only_kernels_with_an_image_are_noted_and_the_note_goes_whatever_comes_of_it() {
        let (_directory, setup) = testing::setup();
        let guard = Guard::acquire(&setup.root, &setup.layout.lock(), &mut |_| {}).unwrap();
        testing::write(&setup, "/boot/initrd.img-6.1", "x");
        testing::write(&setup, "/boot/initramfs-6.9.img", "x");
        for release in ["6.1", "6.2", "6.9"] {
            note(&setup, &guard, release).unwrap();
        }
        assert_eq!(pending(&setup), ["6.1", "6.9"]);
        assert!(remake(&setup, &guard).is_empty(), "nothing is there that makes one");
        assert!(pending(&setup).is_empty());
    }
}
