//! The floors of the engine: a module imports only from rows below its own in the table of ARCHITECTURE.md.
//!
//! Modules of one row do not import one another, so there is no circle between them either. Tests may import everything.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use testbed::disk;
use walkdir::WalkDir;

/// The table follows this line, in a fenced block.
const HEADING: &str = "### Floors";
const ENGINE: &str = "crates/dkms-engine/src";
/// Files that only tests have.
const OF_TESTS: [&str; 2] = ["tests.rs", "testing.rs"];

/// One sentence for each import that runs upwards or sideways, and for each module that has no row.
pub(crate) fn complaints() -> Result<Vec<String>> {
    let rows = rows(&disk::read(Path::new("ARCHITECTURE.md"))?).context("ARCHITECTURE.md has no table of floors")?;
    let mut complaints = Vec::new();
    for entry in WalkDir::new(ENGINE).sort_by_file_name() {
        let file = entry?.into_path();
        let inner = file.strip_prefix(ENGINE)?;
        if file.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let Some(room) = room(inner).filter(|_| !is_of_tests(inner)) else { continue };
        let Some(row) = rows.get(&room) else {
            complaints.push(format!("{}: `{room}` has no row in the table of floors", file.display()));
            continue;
        };
        let imported = imports(&disk::read(&file)?);
        let unfit =
            imported.into_iter().filter(|other| *other != room && rows.get(other).is_none_or(|below| below >= row));
        complaints
            .extend(unfit.map(|other| format!("{}: imports `{other}`, which is not below `{room}`", file.display())));
    }
    Ok(complaints)
}

/// Modules by their row, counted from the ground.
fn rows(text: &str) -> Option<BTreeMap<String, usize>> {
    let (_, rest) = text.split_once(HEADING)?;
    let table: Vec<&str> =
        rest.lines().skip_while(|line| *line != "```").skip(1).take_while(|line| *line != "```").collect();
    let rows = table.iter().rev().enumerate();
    Some(rows.flat_map(|(row, line)| line.split_whitespace().map(move |name| (name.to_owned(), row))).collect())
}

/// `install` of `install/event.rs` and of `install.rs`; none for the crate's own file.
fn room(inner: &Path) -> Option<String> {
    let first = inner.components().next()?.as_os_str().to_str()?;
    let name = first.strip_suffix(".rs").unwrap_or(first);
    (name != "lib" && name != "testing").then(|| name.to_owned())
}

fn is_of_tests(inner: &Path) -> bool {
    let mut parts = inner.iter().filter_map(|part| part.to_str());
    parts.any(|part| part == "tests" || OF_TESTS.contains(&part))
}

/// Names that follow `crate::`, outside of comments and of the tests at a file's end.
fn imports(text: &str) -> Vec<String> {
    let code = text.lines().take_while(|line| !line.ends_with("mod tests {"));
    let code: Vec<&str> = code.map(|line| line.split("//").next().unwrap_or_default()).collect();
    let mut names: Vec<String> = Vec::new();
    for after in code.join("\n").split("crate::").skip(1) {
        let group = after.strip_prefix('{').and_then(|group| group.split('}').next());
        let paths = group.map_or_else(|| vec![after], |group| group.split(',').collect());
        let name = |path: &str| -> String {
            path.trim_start().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
        };
        names.extend(paths.into_iter().map(name).filter(|name| name.starts_with(|c: char| c.is_ascii_lowercase())));
    }
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_counts_from_the_ground() {
        let found = rows("### Floors\n\n```\nrun\nplan facts\nsystem\n```\n").unwrap();
        assert_eq!((found["run"], found["plan"], found["facts"], found["system"]), (2, 1, 1, 0));
        assert!(rows("# No such thing").is_none());
    }

    #[test]
    fn imports_are_found_wherever_they_are() {
        let text = "//! [`crate::doc`]\nuse crate::run::x;\nuse crate::{\n    plan::Plan, facts,\n};\nfn f() { crate::sign::f() } // crate::no\n\
                    #[cfg(test)]\nmod tests {\n    use crate::testing;\n}\n";
        assert_eq!(imports(text), ["facts", "plan", "run", "sign"]);
    }

    #[test]
    fn modules_and_tests_by_their_paths() {
        for (path, expected, of_tests) in [
            ("install/event.rs", Some("install"), false),
            ("record.rs", Some("record"), false),
            ("lib.rs", None, false),
            ("plan/tests/weak_links.rs", Some("plan"), true),
            ("build/testing.rs", Some("build"), true),
        ] {
            assert_eq!(room(Path::new(path)).as_deref(), expected);
            assert_eq!(is_of_tests(Path::new(path)), of_tests, "{path}");
        }
    }
}
