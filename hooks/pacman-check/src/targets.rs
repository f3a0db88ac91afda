//! What pacman's hook is given: paths without a leading slash, one a line, of whatever bytes the packages have.

use std::collections::BTreeSet;
use std::io::Read;

use dkms_engine::target::ModuleId;

/// The kernels and modules that come.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Targets {
    /// Releases of kernels.
    pub(crate) releases: BTreeSet<String>,
    /// Names of directories of sources.
    sources: BTreeSet<String>,
}

impl Targets {
    /// Reads to the end, as pacman complains about a hook that does not. What is no text is none of ours.
    pub(crate) fn read(mut from: impl Read) -> Self {
        let mut bytes = Vec::new();
        // What came until an error counts.
        drop(from.read_to_end(&mut bytes));
        let mut targets = Self::default();
        for line in bytes.split(|byte| *byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok()) {
            let within = |before, after| {
                let name = line.strip_prefix(before)?.strip_suffix(after)?;
                (!name.is_empty() && !name.contains('/')).then(|| name.to_owned())
            };
            targets.releases.extend(within("usr/lib/modules/", "/vmlinuz"));
            targets.sources.extend(within("usr/src/", "/dkms.conf"));
        }
        targets
    }

    /// Whether this version of a module, or another one, comes.
    pub(crate) fn replaces(&self, module: &ModuleId) -> bool {
        let is_version = |rest: &str| rest.trim_start_matches(['r', 'v']).starts_with(|c: char| c.is_ascii_digit());
        self.sources.iter().any(|source| {
            let rest = source.strip_prefix(&module.name).and_then(|rest| rest.strip_prefix('-'));
            // `foo-bar-1` is no version of `foo`.
            *source == module.dashed() || rest.is_some_and(is_version)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Targets {
        Targets::read(text)
    }

    #[test]
    fn kernels_and_modules_among_paths() {
        let targets =
            read(b"usr/lib/modules/6.13.0-arch1-1/vmlinuz\nusr/src/foo-2.0/dkms.conf\nusr/src/a-b-r12/dkms.conf\n");
        assert_eq!(targets.releases.iter().collect::<Vec<_>>(), ["6.13.0-arch1-1"]);
        for (name, version, comes) in
            [("foo", "1.0", true), ("foo", "2.0", true), ("fo", "1", false), ("a", "1", false), ("a-b", "r11", true)]
        {
            assert_eq!(targets.replaces(&ModuleId::new(name, version).unwrap()), comes, "{name}/{version}");
        }
    }

    #[test]
    fn hostile_paths_are_nobodys() {
        for text in [
            &b""[..],
            b"\n\n\n",
            b"usr/lib/modules//vmlinuz\nusr/lib/modules/vmlinuz\n/usr/lib/modules/6.1/vmlinuz\n",
            b"usr/lib/modules/\xff\xfe/vmlinuz\nusr/lib/modules/a/b/vmlinuz\nusr/lib/modules/6.1/vmlinuz \n",
            b"usr/src/dkms.conf\n../usr/lib/modules/6.1/vmlinuz",
        ] {
            assert_eq!(read(text), Targets::default(), "{}", String::from_utf8_lossy(text));
        }
        // These are for the engine to refuse.
        assert_eq!(read(b"usr/lib/modules/../vmlinuz\nusr/lib/modules/6 1/vmlinuz\n").releases.len(), 2);
    }
}
