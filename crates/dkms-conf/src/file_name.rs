//! What may be one component of a path and one word of a command: the rule for every name that comes from outside.

/// File names that are longer than this leave no room for suffixes.
const LONGEST: usize = 200;

/// Why a name is refused, as a sentence; `None` for one that is safe as one component of a path, as one word of a shell
/// command, as an argument of a program, and in a list of names.
pub fn objection(name: &str) -> Option<&'static str> {
    const SPECIAL: [char; 16] = ['"', '\'', '`', '$', '\\', ';', '&', '|', '<', '>', '(', ')', '*', '?', '[', ']'];
    Some(if name.is_empty() {
        "it is empty"
    } else if name.len() > LONGEST {
        "it is longer than 200 bytes"
    } else if name.starts_with(['.', '-']) {
        "it begins with a dot or a dash"
    } else if name.contains('/') {
        "it contains a slash"
    } else if name.chars().any(|c| c.is_whitespace() || c.is_control()) {
        "it contains a blank or a control character"
    } else if name.contains(SPECIAL) {
        "it contains a character that means something to a shell"
    } else {
        return None;
    })
}
