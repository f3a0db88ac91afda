//! Which of pacman's packages a kernel is from, where the kernel itself does not say.
//!
//! Arch's own kernels name their package in the file `pkgbase`; others need not. pacman keeps a directory for each
//! installed package, with its name in `desc` and its paths in `files`; both are read as they lie there, so that nothing
//! here depends on a version of libalpm.

use std::path::Path;

use crate::layout::PACMAN_DATABASE;
use crate::system::root::Root;

/// No list of paths is as long as this; the kernel's has some hundred kilobytes.
const MAX_BYTES: u64 = 64 << 20;

/// The package that brought the image, or the module directory, of a kernel. What cannot be read is skipped: the answer is
/// a hint for people.
pub(super) fn of_kernel(root: &Root, release: &str) -> Option<String> {
    let below = format!("usr/lib/modules/{release}/");
    let is_image = |path: &str| {
        let file = path.strip_prefix(&below);
        file.is_some_and(|file| matches!(file, "vmlinuz" | "modules.order" | "modules.builtin"))
    };
    let packages = root.list(Path::new(PACMAN_DATABASE)).ok()?;
    packages.into_iter().find_map(|(directory, _)| {
        let directory = Path::new(PACMAN_DATABASE).join(directory);
        let read = |name: &str| {
            let bytes = root.read_bounded(&directory.join(name), MAX_BYTES).ok()?;
            Some(String::from_utf8_lossy(&bytes).into_owned())
        };
        let files = read("files")?;
        if !files.lines().any(is_image) {
            return None;
        }
        let desc = read("desc")?;
        let name = desc.lines().skip_while(|line| *line != "%NAME%").nth(1)?;
        Some(name.to_owned()).filter(|name| !name.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn the_owner_of_a_kernel_is_found_and_a_broken_database_is_none() {
        let (_directory, setup) = testing::setup();
        assert_eq!(of_kernel(&setup.root, "6.1-mine"), None);
        let local = "/var/lib/pacman/local";
        testing::write(&setup, &format!("{local}/ALPM_DB_VERSION"), "9\n");
        testing::write(&setup, &format!("{local}/half-1/desc"), "%NAME%\n");
        testing::write(
            &setup,
            &format!("{local}/headers-1/files"),
            "%FILES%\nusr/lib/modules/6.1-mine/build/vmlinuz\n",
        );
        testing::write(&setup, &format!("{local}/other-1/files"), b"%FILES%\n\xff\n");
        assert_eq!(of_kernel(&setup.root, "6.1-mine"), None);
        testing::write(&setup, &format!("{local}/mine-1/files"), "%FILES%\nusr/\nusr/lib/modules/6.1-mine/vmlinuz\n");
        assert_eq!(of_kernel(&setup.root, "6.1-mine"), None);
        testing::write(&setup, &format!("{local}/mine-1/desc"), "%NAME%\nlinux-mine\n\n%VERSION%\n1\n");
        assert_eq!(of_kernel(&setup.root, "6.1-mine").as_deref(), Some("linux-mine"));
        assert_eq!(of_kernel(&setup.root, "6.1"), None);
    }
}
