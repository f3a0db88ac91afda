//! What package managers tell hooks: a line of words, then paths or names of packages; and a file that says so of pacman's.
#![no_main]

#[path = "../../../../hooks/pacman/src/hook_file.rs"]
mod hook_file;
#[path = "../../../../hooks/rpm/src/names.rs"]
mod names;

use std::hint::black_box;

use dkms_engine::layout::Layout;
use dkms_engine::target::{KernelId, ModuleId};
use dkms_engine::transaction::{Owner, Touched};
use dkms_fuzz::within_limits;
use hook_file::HookFile;
use libfuzzer_sys::fuzz_target;
use names::Package;

/// Paths that are asked of a hook file: each may take the whole budget of a pattern.
const ASKED: usize = 4;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    within_limits(|| {
        let touched = Touched::of(&Layout::default(), text.lines());
        assert!(touched.images.is_subset(&touched.kernels));
        for name in touched.sources.iter().chain(&touched.kernels) {
            assert!(!name.is_empty() && !name.contains('/') && name != "..", "{name:?}");
        }
        let packages = text.lines().filter_map(Package::of);
        black_box(packages.filter_map(|package| Some((package.name().len(), package.kernel()?))).count());
        let words: Vec<&str> = text.lines().next().unwrap_or_default().split(' ').collect();
        for pair in words.windows(2) {
            names_are_safe(pair[0], pair[1]);
        }
        black_box(Owner::parse(&text));
        let hook = HookFile::parse(&text);
        black_box(hook.command_after());
        black_box(text.lines().take(ASKED).filter(|path| hook.is_run_for(path, true)).count());
    });
});

/// A name that passed is one component of a path and one word of a shell command.
fn names_are_safe(first: &str, second: &str) {
    let module = ModuleId::new(first, second).map(|module| [module.name, module.version]);
    let kernel = KernelId::new(first, second).map(|kernel| [kernel.release, kernel.arch]);
    for name in [module, kernel].into_iter().flatten().flatten() {
        let is_plain = |c: char| !c.is_whitespace() && !c.is_control() && !"/;&|<>()$`\\\"'*?[]".contains(c);
        assert!(!name.starts_with(['-', '.']) && !name.is_empty() && name.chars().all(is_plain), "{name:?}");
    }
}
