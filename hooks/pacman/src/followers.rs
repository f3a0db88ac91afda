//! Hooks of other packages that come after ours in the same transaction and make the initramfs.
//!
//! pacman runs hooks in the order of their file names over all directories; the same name in a later directory takes the
//! place of the earlier file, and one that leads to `/dev/null` takes it away. Which kernels such a hook sees to is what
//! mkinitcpio's, dracut's and booster's have in common: one that was run for files of kernels makes the images of these
//! kernels, one that was run for anything else makes all.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use dkms_engine::layout::ALPM_HOOKS;
use dkms_engine::setup::Setup;
use dkms_engine::transaction::{Packages, Place};

use crate::hook_file::HookFile;

/// The name of ours that is run after the transaction.
const OURS: &str = "70-dkms-install.hook";

/// Programs that make an initramfs, as the commands of hooks name them.
const MAKERS: [&str; 3] = ["mkinitcpio", "dracut", "booster"];

/// What follows us, found out when it is first asked for.
pub(crate) struct Followers<'a> {
    setup: &'a Setup,
    targets: Vec<&'a str>,
    hooks: OnceCell<Vec<HookFile>>,
}

impl Packages for Followers<'_> {
    /// When pacman runs hooks, all packages are complete.
    fn unfinished(&self, _release: &str) -> Option<String> {
        None
    }

    fn remakes_initramfs(&self, release: &str) -> bool {
        let hooks = self.hooks.get_or_init(|| hooks(self.setup));
        hooks.iter().any(|hook| {
            let is_run = |path: &&&str| {
                let is_there = self.setup.root.link_meta(&Path::new("/").join(path)).is_some();
                hook.is_run_for(path, is_there)
            };
            let mut paths = self.targets.iter().filter(is_run);
            paths.any(|path| match Place::of(&self.setup.layout, path) {
                Some(Place::Kernel { release: kernel, .. }) => kernel == release,
                _ => true,
            })
        })
    }
}

impl<'a> Followers<'a> {
    /// Those that are run for some of these paths.
    pub(crate) fn new(setup: &'a Setup, targets: Vec<&'a str>) -> Self {
        Self { setup, targets, hooks: OnceCell::new() }
    }
}

/// All hooks that make an initramfs and come after ours.
fn hooks(setup: &Setup) -> Vec<HookFile> {
    let mut files: BTreeMap<String, PathBuf> = BTreeMap::new();
    for directory in ALPM_HOOKS.map(Path::new) {
        let names = setup.root.list(directory).unwrap_or_default().into_iter();
        for name in names.filter_map(|(name, _)| name.into_string().ok()) {
            if name.ends_with(".hook") && name.as_str() > OURS {
                files.insert(name.clone(), directory.join(name));
            }
        }
    }
    let read = |path: &PathBuf| setup.root.read_to_string(path).ok();
    let hooks = files.values().filter_map(read).map(|text| HookFile::parse(&text));
    let makes = |hook: &HookFile| {
        hook.command_after().is_some_and(|command| MAKERS.iter().any(|maker| command.contains(maker)))
    };
    hooks.filter(makes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use dkms_engine::system::cancel::Cancel;
    use dkms_engine::system::environment::Environment;
    use dkms_engine::system::root::Root;
    use std::io::Write;

    const MKINITCPIO: &str = "[Trigger]\nType=Path\nOperation=Install\nTarget=usr/lib/modules/*/vmlinuz\nTarget=usr/src/*/dkms.conf\n\
                              [Action]\nWhen=PostTransaction\nExec=/usr/share/libalpm/scripts/mkinitcpio install\n";

    fn setup() -> (tempfile::TempDir, Setup) {
        let directory = tempfile::tempdir().unwrap();
        let root = Root::open(directory.path()).unwrap();
        let files = [
            ("/etc/os-release", "ID=arch\n"),
            ("/usr/share/libalpm/hooks/90-mkinitcpio-install.hook", MKINITCPIO),
            ("/usr/share/libalpm/hooks/60-mkinitcpio-early.hook", MKINITCPIO),
            ("/usr/src/a-1/dkms.conf", ""),
            ("/usr/lib/modules/6.1/vmlinuz", ""),
            ("/usr/lib/modules/6.1/build/include", ""),
        ];
        for (path, text) in files {
            root.writable().create_dir_all(Path::new(path).parent().unwrap()).unwrap();
            root.writable().create_new(Path::new(path), 0o644).unwrap().write_all(text.as_bytes()).unwrap();
        }
        let setup = Setup::load(root, Environment::default(), &[], Default::default(), Cancel::default()).unwrap();
        (directory, setup)
    }

    #[test]
    fn a_later_hook_makes_the_images_that_its_paths_ask_for() {
        let (directory, setup) = setup();
        let follows =
            |targets: &[&str], release: &str| Followers::new(&setup, targets.to_vec()).remakes_initramfs(release);
        assert!(follows(&["usr/src/a-1/dkms.conf"], "6.1"), "modules are in all images");
        assert!(!follows(&["usr/src/gone-1/dkms.conf"], "6.1"), "removals do not run it");
        assert!(follows(&["usr/lib/modules/6.1/vmlinuz"], "6.1"));
        assert!(!follows(&["usr/lib/modules/6.1/vmlinuz"], "6.2"));
        assert!(!follows(&["usr/lib/modules/6.1/build/include"], "6.1"), "headers do not run it");
        assert!(!follows(&[], "6.1"));
        let hooks = directory.path().join("etc/pacman.d/hooks");
        std::fs::create_dir_all(&hooks).unwrap();
        std::os::unix::fs::symlink("/dev/null", hooks.join("90-mkinitcpio-install.hook")).unwrap();
        assert!(!follows(&["usr/src/a-1/dkms.conf"], "6.1"), "it was masked");
    }
}
