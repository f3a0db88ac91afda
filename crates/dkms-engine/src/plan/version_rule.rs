//! May a built module be placed although the kernel has one of that name already?
//!
//! Only if it is newer than the one that would be loaded, going by the versions that authors write into their modules.
//! An unversioned pair is told apart by `srcversion`, the kernel build's own checksum of a module's sources, and where
//! not even that exists by content. What an object says is known when it is built, so this is asked right before it is placed.

use std::cmp::Ordering;
use std::path::Path;

use crate::module_file::identity::Identity;

/// A module that is there already.
#[derive(Clone, Copy, Debug)]
pub struct Existing<'a> {
    /// Where it is.
    pub path: &'a Path,
    /// What it says of itself.
    pub info: &'a Identity,
    /// Whether it is byte for byte the built one.
    pub identical: bool,
}

/// Why the built module has to stay out, as a fragment; `None` if it may be placed.
pub fn version_objection(built: &Identity, existing: Existing<'_>) -> Option<String> {
    let path = existing.path.display();
    let (ours, theirs) = (built.version.as_deref(), existing.info.version.as_deref());
    match dkms_conf::version::compare(theirs.unwrap_or_default(), ours.unwrap_or_default()) {
        Ordering::Greater => Some(format!(
            "`{path}` has version {}, and {} is not newer",
            theirs.unwrap_or("(none)"),
            ours.map_or_else(|| "an unversioned module".to_owned(), |version| format!("version {version}"))
        )),
        Ordering::Less => None,
        // Versions that count as equal but are written differently are different modules.
        Ordering::Equal if ours != theirs || built.srcversion != existing.info.srcversion => None,
        Ordering::Equal => match ours {
            Some(version) => Some(format!("`{path}` has version {version} already")),
            None if built.srcversion.is_some() => Some(format!("`{path}` is built from the same source")),
            None => existing.identical.then(|| format!("`{path}` is the same file")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(version: &str, srcversion: &str) -> Identity {
        let text = |value: &str| Some(value.to_owned()).filter(|value| !value.is_empty());
        Identity { version: text(version), srcversion: text(srcversion) }
    }

    #[test]
    fn the_table() {
        for (built, existing, identical, admitted) in [
            (("2.0", "A"), ("1.0", "B"), false, true),
            (("1.0", "A"), ("2.0", "B"), false, false),
            (("1.0", "A"), ("1.0", "A"), false, false),
            (("1.0", "A"), ("1.0", "B"), false, true),
            (("1.0", ""), ("1.0", ""), false, false),
            (("1.0", ""), ("", ""), false, true),
            (("", ""), ("1.0", ""), false, false),
            (("", "A"), ("", "A"), false, false),
            (("", "A"), ("", "B"), true, true),
            (("", ""), ("", ""), false, true),
            (("", ""), ("", ""), true, false),
            (("1000", "A"), ("999", "A"), false, true),
            (("1.9", "A"), ("1.10", "A"), false, false),
            (("1.1", "A"), ("1.01", "A"), false, true),
        ] {
            let other = info(existing.0, existing.1);
            let existing = Existing { path: Path::new("/x.ko"), info: &other, identical };
            let found = version_objection(&info(built.0, built.1), existing);
            assert_eq!(found.is_none(), admitted, "{built:?} over {other:?}: {found:?}");
        }
    }

    #[test]
    fn the_reason_names_path_and_versions() {
        let other = info("4.1", "");
        let existing = Existing { path: Path::new("/lib/modules/K/kernel/sg.ko"), info: &other, identical: false };
        let reason = version_objection(&info("1.0", ""), existing).unwrap();
        assert_eq!(reason, "`/lib/modules/K/kernel/sg.ko` has version 4.1, and version 1.0 is not newer");
    }
}
