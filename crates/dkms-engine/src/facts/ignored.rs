//! What of a source tree is no input of a build: one list, which dkms.conf(5) shows.
//!
//! A directory that a person works in changes all the time without any change of what is built from it: version control,
//! editors, a `make` by hand. Names alone decide, and for objects what lies beside them, because some packages bring
//! objects that are inputs.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use crate::system::root::Kind;

/// Files of which nothing depends on, by their names.
#[derive(Debug)]
pub struct Row {
    /// The names, for people.
    pub names: &'static str,
    /// What they are, as a sentence.
    pub doc: &'static str,
    holds: fn(&[u8], &Beside<'_>) -> bool,
}

/// Everything that is ignored.
pub const TABLE: [Row; 4] = [
    Row {
        names: ".git, .hg, .svn, .bzr, .jj, CVS",
        doc: "What version control keeps beside a source.",
        holds: |name, _| matches!(name, b".git" | b".hg" | b".svn" | b".bzr" | b".jj" | b"CVS"),
    },
    Row {
        names: "*~, #*#, .#*, .*.sw?, .*.kate-swp, .idea, .vscode",
        doc: "What editors leave.",
        holds: |name, _| is_of_an_editor(name),
    },
    Row {
        names: ".*.cmd, *.mod.c, modules.order, .tmp_versions; Module.symvers with modules.order beside it",
        doc: "What kbuild writes for itself.",
        holds: |name, beside| {
            (name.starts_with(b".") && name.ends_with(b".cmd"))
                || name.ends_with(b".mod.c")
                || matches!(name, b"modules.order" | b".tmp_versions")
                || (name == b"Module.symvers" && beside.has(b"modules.order"))
        },
    },
    Row {
        names: "*.o, *.ko, *.mod, *.a",
        doc: "Products of a build: with kbuild's `.NAME.cmd` beside them or, for `x.o`, `x.c` or `x.S`. Others are inputs.",
        holds: is_product,
    },
];

/// Names in one directory, in their byte order.
struct Beside<'a>(&'a [(OsString, Kind)]);

impl Beside<'_> {
    fn has(&self, name: &[u8]) -> bool {
        self.0.binary_search_by(|(other, _)| other.as_bytes().cmp(name)).is_ok()
    }
}

/// Whether a file or directory is no input; `beside` are all entries of its directory, as [`crate::system::root::Root::list`]
/// gives them.
pub fn is_ignored(name: &OsStr, beside: &[(OsString, Kind)]) -> bool {
    TABLE.iter().any(|row| (row.holds)(name.as_bytes(), &Beside(beside)))
}

fn is_of_an_editor(name: &[u8]) -> bool {
    let swap = |suffix: usize| name.len() > suffix + 2 && name.starts_with(b".");
    name.ends_with(b"~")
        || name.starts_with(b".#")
        || (name.len() > 2 && name.starts_with(b"#") && name.ends_with(b"#"))
        || (swap(4) && name[..name.len() - 1].ends_with(b".sw") && name[name.len() - 1].is_ascii_lowercase())
        || (swap(9) && name.ends_with(b".kate-swp"))
        || matches!(name, b".idea" | b".vscode")
}

fn is_product(name: &[u8], beside: &Beside<'_>) -> bool {
    let stem = |suffix: &[u8]| name.strip_suffix(suffix).filter(|stem| !stem.is_empty());
    let is_object = [&b".o"[..], b".ko", b".mod", b".a"].into_iter().any(|suffix| stem(suffix).is_some());
    let made_of = |suffix: &[u8]| stem(b".o").is_some_and(|stem| beside.has(&[stem, suffix].concat()));
    is_object && (beside.has(&[b".", name, b".cmd"].concat()) || made_of(b".c") || made_of(b".S"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(names: &[&str]) -> Vec<String> {
        let mut listing: Vec<(OsString, Kind)> = names.iter().map(|name| ((*name).into(), Kind::File)).collect();
        listing.sort();
        let counts = |name: &&&str| !is_ignored(OsStr::new(name), &listing);
        names.iter().filter(counts).map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn what_people_and_make_leave_is_no_input() {
        let left = [
            ".git",
            ".m.c.swp",
            ".m.c.swo",
            "m.c~",
            "#m.c#",
            ".#m.c",
            ".m.o.cmd",
            "m.mod.c",
            "modules.order",
            "Module.symvers",
            "m.o",
            "m.ko",
            ".m.ko.cmd",
            ".m.mod.cmd",
            "m.mod",
            ".module-common.o",
            "..module-common.o.cmd",
            "tool.o",
            "entry.o",
            ".m.o.cmd",
        ];
        let source = ["Makefile", "m.c", "tool.c", "entry.S", ".gitignore", "dkms.conf", ".config", "#", "a#"];
        let all: Vec<&str> = left.iter().chain(&source).copied().collect();
        assert_eq!(inputs(&all), source);
    }

    #[test]
    fn objects_that_a_package_brings_are_inputs() {
        let brought = ["blob.o", "core.o_shipped", "ready.ko", "firmware.a", "Module.symvers", "x.mod", "x.swp", ".o"];
        assert_eq!(inputs(&brought), brought);
    }
}
