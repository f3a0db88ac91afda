//! The file systems that boot loaders read, as they are mounted here.
//!
//! A boot loader's paths begin at the root of the file system that has the file. Which one that is, the path does not say,
//! and a device has another name here; so the file is looked for wherever that file system may be mounted.

use std::path::{Path, PathBuf};

use crate::layout::{BOOT, BOOT_PARTITIONS};
use crate::system::root::Root;

/// Longer paths are no paths of a boot loader.
const MAX_PATH: usize = 4096;

/// Where boot loaders' files are.
#[derive(Clone, Debug)]
pub(super) struct Partitions<'a> {
    pub(super) root: &'a Root,
    /// Mount points that have what an EFI system partition or its extension has.
    pub(super) mounted: Vec<&'static Path>,
    /// Secure Boot, for what unified images take from outside; `None` if that is not known.
    pub(super) secure_boot: Option<bool>,
}

impl<'a> Partitions<'a> {
    pub(super) fn of(root: &'a Root, secure_boot: Option<bool>) -> Self {
        let mounted = BOOT_PARTITIONS
            .into_iter()
            .map(Path::new)
            .filter(|place| ["EFI", "loader"].iter().any(|name| root.is_dir(&place.join(name))))
            .collect();
        Self { root, mounted, secure_boot }
    }

    /// A file that a configuration names, and whether it is there. If it is not, where it was expected first.
    pub(super) fn locate(&self, base: Option<&Path>, written: &str) -> (PathBuf, bool) {
        let inside =
            if written.starts_with('(') { written.split_once(')').map_or("", |(_, path)| path) } else { written };
        let relative = inside.trim_start_matches('/');
        let below = |place: &Path| place.join(relative);
        let (root, boot) = (Path::new("/"), Path::new(BOOT));
        // With /boot on a file system of its own GRUB's paths lack it.
        let order = if relative.starts_with("boot/") { [root, boot] } else { [boot, root] };
        let mut places: Vec<PathBuf> = base.into_iter().chain(order).map(below).collect();
        places.extend(self.mounted.iter().map(|place| below(place)));
        // Subvolumes and data sets are part of the path: `/@/boot/vmlinuz`, `/ROOT/debian@/boot/vmlinuz`.
        places.extend(inside.rfind("/boot/").map(|at| PathBuf::from(&inside[at..])));
        if written.len() > MAX_PATH || relative.is_empty() {
            return (root.into(), false);
        }
        match places.iter().position(|place| self.root.is_file(place)) {
            Some(found) => (places.swap_remove(found), true),
            None => (places.swap_remove(0), false),
        }
    }

    /// A file that the firmware names, `\EFI\debian\shimx64.efi`, on any of them; case does not count there.
    pub(super) fn find(&self, firmware_path: &str) -> Option<PathBuf> {
        self.mounted.iter().find_map(|place| self.find_below(place, firmware_path))
    }

    fn find_below(&self, place: &Path, firmware_path: &str) -> Option<PathBuf> {
        let mut path = place.to_owned();
        if firmware_path.len() > MAX_PATH {
            return None;
        }
        for component in firmware_path.split(['\\', '/']).filter(|component| !component.is_empty()) {
            let direct = path.join(component);
            path = if component != ".." && self.root.exists(&direct) {
                direct
            } else {
                let entries = self.root.list(&path).ok()?;
                let mut names = entries.iter().filter_map(|(name, _)| name.to_str());
                path.join(names.find(|name| name.eq_ignore_ascii_case(component))?)
            };
        }
        self.root.is_file(&path).then_some(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn files_are_found_wherever_their_file_system_is_mounted() {
        let (_directory, setup) = testing::setup();
        for path in ["/boot/vmlinuz-1", "/vmlinuz-1", "/boot/efi/EFI/Debian/shimx64.efi", "/boot/efi/EFI/Linux/a.efi"] {
            testing::write(&setup, path, "");
        }
        let partitions = Partitions::of(&setup.root, None);
        assert_eq!(partitions.mounted, [Path::new("/boot/efi")]);
        for (written, expected) in [
            ("/vmlinuz-1", "/boot/vmlinuz-1"),
            ("/boot/vmlinuz-1", "/boot/vmlinuz-1"),
            ("(hd0,gpt2)/boot/vmlinuz-1", "/boot/vmlinuz-1"),
            ("/@/boot/vmlinuz-1", "/boot/vmlinuz-1"),
            ("/ROOT/debian@/boot/vmlinuz-1", "/boot/vmlinuz-1"),
            ("/EFI/Linux/a.efi", "/boot/efi/EFI/Linux/a.efi"),
        ] {
            assert_eq!(partitions.locate(None, written), (expected.into(), true), "{written}");
        }
        assert_eq!(partitions.locate(None, "/vmlinuz-2"), ("/boot/vmlinuz-2".into(), false));
        assert!(!partitions.locate(None, "(hd0").1 && !partitions.locate(None, "/").1);
        let found = Some("/boot/efi/EFI/Debian/shimx64.efi".into());
        assert_eq!(partitions.find("\\EFI\\debian\\SHIMX64.EFI"), found);
        assert_eq!(partitions.find("\\EFI\\debian"), None);
        assert_eq!(partitions.find("\\..\\vmlinuz-1"), None);
    }
}
