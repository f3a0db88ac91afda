//! The initramfs of a kernel whose modules changed after it was made.
//!
//! A note is left before a kernel's modules change and goes when its initramfs was made again, so that a run that is cut
//! off in between leaves word. It says which image was there: one that another program has made since, out of what depmod
//! had listed, is not made twice. Which files belong in there is known only to the program that makes it, so every change
//! counts. The programs are Debian's `update-initramfs`, which is also dracut's name there, mkinitcpio, dracut itself, and
//! booster.

use std::path::Path;

use crate::error::Error;
use crate::facts::image::place::{NAMES, find as image, pkgbase};
use crate::facts::kernels;
use crate::layout::{BOOT, MKINITCPIO_PRESETS};
use crate::setup::Setup;
use crate::system::lock::Guard;
use crate::system::staged::Staged;
use crate::system::tool::Tool;

/// Debian's program, and the trigger of the same name.
const UPDATE_INITRAMFS: &str = "update-initramfs";
/// mkinitcpio's preset of a kernel, which knows where its images lie, unified ones too.
fn preset(setup: &Setup, release: &str) -> Option<String> {
    let preset = |name: &String| Path::new(MKINITCPIO_PRESETS).join(format!("{name}.preset"));
    pkgbase(setup, release).filter(|name| setup.root.is_file(&preset(name)))
}

fn has_one(setup: &Setup, release: &str) -> bool {
    image(setup, release).is_some() || preset(setup, release).is_some()
}

/// Leaves word that the modules of a kernel are about to change, if it has an image.
///
/// # Errors
/// `Io`.
pub(crate) fn note(setup: &Setup, guard: &Guard, release: &str) -> Result<(), Error> {
    if !has_one(setup, release) {
        return Ok(());
    }
    let stamp = stamp(setup, release).unwrap_or_default();
    Staged::file(guard.root(), &setup.layout.initramfs_pending(release), stamp.as_bytes(), 0o644)?.publish()
}

/// What tells an image from the one that takes its place.
fn stamp(setup: &Setup, release: &str) -> Option<String> {
    let meta = setup.root.meta(&image(setup, release)?)?;
    Some(format!("{} {} {} {}\n", meta.size, meta.mtime, meta.inode.0, meta.inode.1))
}

/// Whether the image was made after the change that a note speaks of: it is another one than was there before, and
/// later than the list of modules. A file system that counts time in whole seconds makes an image look older than it is.
fn is_made_since(setup: &Setup, release: &str) -> bool {
    let noted = setup.root.read_to_string(&setup.layout.initramfs_pending(release)).unwrap_or_default();
    let list = kernels::directory(setup, release).join("modules.dep");
    let time = |path: &Path| setup.root.meta(path).map(|meta| meta.mtime);
    let is_later = image(setup, release).and_then(|image| time(&image)).zip(time(&list)).is_some_and(|(a, b)| a > b);
    !noted.is_empty() && is_later && stamp(setup, release).is_some_and(|stamp| stamp != noted)
}

/// Releases whose image is still to be made again.
pub fn pending(setup: &Setup) -> Vec<String> {
    let note = setup.layout.initramfs_pending("x");
    let notes = setup.root.list(note.parent().unwrap_or(&note)).unwrap_or_default().into_iter();
    notes.filter_map(|(name, _)| name.into_string().ok()).filter(|name| !name.starts_with('.')).collect()
}

/// Makes the noted images again, except where another program has done so since, or where `follows` says that one is
/// about to; gives what went wrong. A note goes also when its image could not be made: trying again at every transaction
/// would end the same way.
pub fn remake(setup: &Setup, guard: &Guard, follows: &dyn Fn(&str) -> bool) -> Vec<Error> {
    let mut troubles = Vec::new();
    for release in pending(setup) {
        let is_due = has_one(setup, &release) && !follows(&release) && !is_made_since(setup, &release);
        let made = match maker(setup, &release).filter(|_| is_due) {
            Some(maker) => {
                let command = maker.command_line();
                make(setup, &release, maker).map_err(|error| (error, command))
            }
            None => Ok(()),
        };
        if !matches!(made, Err((Error::Interrupted { .. }, _))) {
            troubles.extend(guard.root().remove_file(&setup.layout.initramfs_pending(&release)).err());
        }
        let trouble = |(error, command): (Error, String)| Error::Initramfs {
            kernel: release,
            reason: error.to_string(),
            command,
        };
        troubles.extend(made.err().map(trouble));
    }
    troubles
}

fn make(setup: &Setup, release: &str, maker: Tool) -> Result<(), Error> {
    let by_trigger = maker.program().ends_with(UPDATE_INITRAMFS)
        && setup.environment.get("DPKG_MAINTSCRIPT_PACKAGE").is_some()
        && newest(setup).as_deref() == Some(release);
    if by_trigger {
        // In a package's script, its own trigger makes the newest one, together with all others who ask for that.
        return tool(setup, "dpkg-trigger")?.args(["--no-await", UPDATE_INITRAMFS]).require().map(drop);
    }
    maker.require().map(drop)
}

/// The command that makes a kernel's image; `None` if there is no program for that.
fn maker(setup: &Setup, release: &str) -> Option<Tool> {
    if let Ok(tool) = tool(setup, UPDATE_INITRAMFS) {
        return Some(tool.args(["-u", "-k", release]));
    }
    if let (Ok(tool), Some(preset)) = (tool(setup, "mkinitcpio"), preset(setup, release)) {
        return Some(tool.args(["-p", &preset]));
    }
    // The image is named: its name is the distribution's choice, not that of the program.
    let image = image(setup, release)?;
    if let Ok(tool) = tool(setup, "dracut") {
        return Some(tool.args(["--quiet", "--force"]).arg(image).arg(release));
    }
    let booster = tool(setup, "booster").ok()?;
    Some(booster.args(["build", "--force", "--kernel-version", release]).arg(image))
}

/// The command that makes a kernel's image again, for a person; `None` if there is no program for that.
pub fn command(setup: &Setup, release: &str) -> Option<String> {
    maker(setup, release).map(|maker| maker.command_line())
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
    Ok(setup.tool(program)?.inherit(&setup.environment))
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
        testing::write(&setup, "/boot/initramfs-linux.img", "x");
        testing::write(&setup, "/efi/some-machine/6.7/initrd", "x");
        testing::write(&setup, "/lib/modules/6.3-arch1/pkgbase", "linux\n");
        testing::write(&setup, "/lib/modules/6.3-lts/pkgbase", "linux-lts\n");
        testing::write(&setup, "/etc/mkinitcpio.d/linux-zen.preset", "");
        testing::write(&setup, "/lib/modules/6.3-zen/pkgbase", "linux-zen\n");
        for release in ["6.1", "6.2", "6.3-arch1", "6.3-lts", "6.3-zen", "6.7", "6.9"] {
            note(&setup, &guard, release).unwrap();
        }
        assert_eq!(pending(&setup), ["6.1", "6.3-arch1", "6.3-zen", "6.7", "6.9"]);
        assert!(remake(&setup, &guard, &|_| false).is_empty(), "nothing is there that makes one");
        assert!(pending(&setup).is_empty());
    }

    #[test]
    fn an_image_that_another_program_makes_is_left_to_it() {
        let (_directory, setup) = testing::setup();
        let guard = Guard::acquire(&setup.root, &setup.layout.lock(), &mut |_| {}).unwrap();
        testing::write(&setup, "/boot/initrd.img-6.1", "x");
        testing::write(&setup, "/usr/sbin/update-initramfs", "#!/bin/sh\nexit 1\n");
        setup.root.writable().set_mode(Path::new("/usr/sbin/update-initramfs"), 0o755).unwrap();
        note(&setup, &guard, "6.1").unwrap();
        let troubles = remake(&setup, &guard, &|_| false);
        assert_eq!(troubles.len(), 1, "it was not tried");
        assert_eq!(troubles[0].hint().as_deref(), Some("/usr/sbin/update-initramfs -u -k 6.1"));
        note(&setup, &guard, "6.1").unwrap();
        assert_eq!(remake(&setup, &guard, &|_| true).len(), 0);
        assert!(pending(&setup).is_empty());
    }

    #[test]
    fn an_image_that_another_program_has_made_since_is_not_made_again() {
        let (_directory, setup) = testing::setup();
        let guard = Guard::acquire(&setup.root, &setup.layout.lock(), &mut |_| {}).unwrap();
        let (image, list) = ("/boot/initrd.img-6.1", "/lib/modules/6.1/modules.dep");
        let put = |path: &str, content: &str, mtime: i64| {
            testing::write(&setup, path, content);
            setup.root.writable().set_mtime(Path::new(path), mtime).unwrap();
        };
        testing::write(&setup, "/usr/sbin/update-initramfs", "#!/bin/sh\nexit 1\n");
        setup.root.writable().set_mode(Path::new("/usr/sbin/update-initramfs"), 0o755).unwrap();
        // Tried means failed here.
        let is_tried = |list_at: i64, image_at: Option<i64>| {
            put(image, "before", 30);
            note(&setup, &guard, "6.1").unwrap();
            put(list, "", list_at);
            image_at.into_iter().for_each(|at| put(image, "after it", at));
            !remake(&setup, &guard, &|_| false).is_empty()
        };
        assert!(!is_tried(40, Some(50)));
        assert!(is_tried(40, Some(35)), "made before the modules were listed");
        assert!(is_tried(40, Some(40)), "which came first is not known");
        assert!(is_tried(20, None), "the clock was set back, and the image is the one that was there");
        put(image, "before", 30);
        testing::write(&setup, "/var/lib/dkms/.dkms-rs/initramfs-pending/6.1", "");
        put(list, "", 20);
        assert_eq!(remake(&setup, &guard, &|_| false).len(), 1, "a note that says nothing of the image");
    }
}
