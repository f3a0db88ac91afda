//! The text `modules.dep`: a line for each module, `PATH: NEEDED...`.

use crate::facts::index::module_name;

/// The line of a module, whose name has no `-`.
pub(super) fn find<'a>(text: &'a [u8], module: &str) -> Option<&'a [u8]> {
    text.split(|byte| *byte == b'\n').find(|line| {
        let path = line.split(|byte| *byte == b':').next().unwrap_or_default();
        let file = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        // Most lines are told apart by their first letters.
        let begins = file.iter().zip(module.as_bytes()).all(|(a, b)| a == b || (*a == b'-' && *b == b'_'));
        begins && std::str::from_utf8(file).ok().and_then(module_name).is_some_and(|name| name == module)
    })
}
