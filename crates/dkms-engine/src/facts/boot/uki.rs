//! A unified kernel image: kernel, initial file system, command line and more, as sections of one program.
//!
//! Sources: UAPI group's `unified_kernel_image.md`; systemd's `systemd-stub(7)`. A section `.profile` begins a variant, whose
//! sections stand before those of the same name ahead of the first `.profile`; the first variant is the default.

use std::path::Path;

use super::partitions::Partitions;
use super::program::Program;
use crate::facts::command_line::CommandLine;
use crate::layout::BOOT_PARTITIONS;
use crate::system::root::{Kind, Root};

/// More variants are in no image.
const MAX_PROFILES: usize = 64;

/// A unified kernel image.
pub(super) struct Uki {
    program: Program,
    /// Where each `.profile` is among the sections.
    profiles: Vec<usize>,
}

impl Uki {
    /// Opens one; `None` if it is something else.
    pub(super) fn open(root: &Root, path: &Path) -> Option<Self> {
        let program = Program::open(root, path).filter(|program| program.has(".linux"))?;
        let numbered = program.names().enumerate();
        let profiles = numbered.filter(|(_, name)| *name == ".profile").map(|(at, _)| at).take(MAX_PROFILES).collect();
        Some(Self { program, profiles })
    }

    /// The variants, if it has any.
    pub(super) fn profiles(&self) -> std::ops::Range<usize> {
        0..self.profiles.len()
    }

    /// The variant that starts when none is asked for.
    pub(super) fn default_profile(&self) -> Option<usize> {
        (!self.profiles.is_empty()).then_some(0)
    }

    /// A section as text, as a variant has it.
    pub(super) fn text(&self, profile: Option<usize>, name: &str) -> Option<String> {
        let begins = |nth: usize| self.profiles.get(nth).copied().unwrap_or(usize::MAX);
        let within = |from: usize, to: usize| {
            let mut numbered = self.program.names().enumerate();
            numbered.find(|(at, found)| (from..to).contains(at) && *found == name).map(|(at, _)| at)
        };
        let own = profile.and_then(|nth| within(begins(nth), begins(nth + 1)));
        let content = self.program.read_nth(own.or_else(|| within(0, begins(0)))?)?;
        let text = content.split(|&byte| byte == 0).next().unwrap_or_default();
        Some(String::from_utf8_lossy(text).into_owned())
    }

    /// A field of a section that has the format of os-release.
    pub(super) fn field(&self, profile: Option<usize>, section: &str, name: &str) -> Option<String> {
        let text = self.text(profile, section)?;
        let value = text.lines().rev().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix('='))?;
        Some(value.trim_matches(['"', '\'']).to_owned()).filter(|value| !value.is_empty())
    }

    /// `uname -r` of the kernel in it.
    pub(super) fn release(&self, profile: Option<usize>) -> Option<String> {
        self.text(profile, ".uname").map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// What it boots with when `passed` is what the boot loader hands over (`None`: something unknown). One that is built in
    /// stays under Secure Boot. Whether an addon's signature is accepted is not known here; without Secure Boot all are.
    pub(super) fn command_line(
        &self,
        partitions: &Partitions<'_>,
        path: &Path,
        profile: Option<usize>,
        passed: Option<&str>,
    ) -> Option<CommandLine> {
        let built_in = self.text(profile, ".cmdline");
        let base = match (built_in, passed) {
            (Some(own), Some("")) => own,
            (Some(own), _) if partitions.secure_boot == Some(true) => own,
            (Some(own), Some(passed)) if own.trim() == passed.trim() => own,
            (Some(_), _) if partitions.secure_boot.is_none() => return None,
            (_, passed) => passed?.to_owned(),
        };
        let addons = addons(partitions.root, path);
        if !addons.is_empty() && partitions.secure_boot != Some(false) {
            return None;
        }
        let words = [base].into_iter().chain(addons).collect::<Vec<_>>().join(" ");
        Some(CommandLine::parse(&words))
    }
}

/// What addons append to the command line: those of the image, then those for all.
fn addons(root: &Root, image: &Path) -> Vec<String> {
    let mut own = image.as_os_str().to_owned();
    own.push(".extra.d");
    let partition = BOOT_PARTITIONS.into_iter().map(Path::new).filter(|place| image.starts_with(place));
    let directories = [own.into()]
        .into_iter()
        .chain(partition.max_by_key(|place| place.as_os_str().len()).map(|place| place.join("loader/addons")));
    let mut lines = Vec::new();
    for directory in directories {
        for (name, kind) in root.list(&directory).unwrap_or_default() {
            let is_addon = kind != Kind::Directory && name.to_str().is_some_and(|name| name.ends_with(".addon.efi"));
            let addon = is_addon.then(|| Program::open(root, &directory.join(name))).flatten();
            let line = addon.and_then(|addon| addon.read(".cmdline"));
            lines.extend(line.map(|line| String::from_utf8_lossy(&line).trim_end_matches('\0').to_owned()));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::super::program::tests::program;
    use super::*;
    use crate::testing;

    const PATH: &str = "/efi/EFI/Linux/a.efi";

    #[test]
    fn command_lines_of_variants_and_addons() {
        let (_directory, setup) = testing::setup();
        let sections: [(&str, &[u8]); 8] = [
            (".osrel", b"ID=\"arch\"\nVERSION_ID=1\n"),
            (".uname", b"6.12.1-arch1-1\n"),
            (".linux", b"kernel"),
            (".cmdline", b"root=/dev/a\0"),
            (".profile", b"ID=main\n"),
            (".profile", b"ID=debug\nTITLE=Debug"),
            (".cmdline", b"root=/dev/a debug"),
            (".profile", b""),
        ];
        testing::write(&setup, PATH, program(&sections));
        let uki = Uki::open(&setup.root, Path::new(PATH)).unwrap();
        let line = |secure_boot, profile, passed| {
            uki.command_line(&Partitions::of(&setup.root, secure_boot), Path::new(PATH), profile, passed)
        };
        let parsed = |text: &str| Some(CommandLine::parse(text));
        assert_eq!((uki.profiles(), uki.default_profile()), (0..3, Some(0)));
        assert_eq!(uki.release(Some(1)).as_deref(), Some("6.12.1-arch1-1"));
        assert_eq!(uki.field(Some(0), ".osrel", "ID").as_deref(), Some("arch"));
        assert_eq!(uki.field(Some(1), ".profile", "TITLE").as_deref(), Some("Debug"));
        assert_eq!(line(None, Some(0), Some("")), parsed("root=/dev/a"));
        assert_eq!(line(None, Some(1), Some("")), parsed("root=/dev/a debug"));
        assert_eq!(line(None, Some(2), Some("")), parsed("root=/dev/a"));
        assert_eq!(line(Some(true), None, Some("lockdown=integrity")), parsed("root=/dev/a"), "cannot be overridden");
        assert_eq!(line(Some(false), None, Some("single")), parsed("single"));
        assert_eq!(line(None, None, Some("single")), None);
        testing::write(&setup, "/efi/loader/addons/all.addon.efi", program(&[(".cmdline", b"lsm=a")]));
        testing::write(&setup, &format!("{PATH}.extra.d/one.addon.efi"), program(&[(".cmdline", b"quiet\0")]));
        testing::write(&setup, &format!("{PATH}.extra.d/two.efi"), program(&[(".cmdline", b"not this")]));
        assert_eq!(line(Some(false), None, Some("")), parsed("root=/dev/a quiet lsm=a"));
        assert_eq!(line(Some(true), None, Some("")), None, "whether their signatures are accepted is not known");
    }

    #[test]
    fn other_programs_are_none() {
        let (_directory, setup) = testing::setup();
        testing::write(&setup, PATH, program(&[(".sdmagic", b"#### LoaderInfo: systemd-boot 257 ####")]));
        assert!(Uki::open(&setup.root, Path::new(PATH)).is_none());
    }
}
