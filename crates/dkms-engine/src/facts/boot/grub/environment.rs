//! The block in which GRUB keeps variables from one boot to the next: `grubenv`.
//!
//! Source: GRUB's `grub-core/lib/envblk.c`.

use std::path::Path;

use crate::system::root::Root;

const SIGNATURE: &[u8] = b"# GRUB Environment Block\n";
/// 1024 as it is made; more is allowed.
const MAX_BYTES: u64 = 64 << 10;

/// Variables of a block, in order.
///
/// # Errors
/// What is wrong, as a fragment; a block that is not there is empty.
pub(super) fn load(root: &Root, path: &Path) -> Result<Vec<(String, String)>, String> {
    if !root.exists(path) {
        return Ok(Vec::new());
    }
    let content = root.read_bounded(path, MAX_BYTES).map_err(|error| error.to_string())?;
    Ok(parse(&content))
}

/// GRUB takes nothing from a block without its first line.
fn parse(content: &[u8]) -> Vec<(String, String)> {
    let Some(rest) = content.strip_prefix(SIGNATURE) else { return Vec::new() };
    let mut all = Vec::new();
    let mut line = Vec::new();
    let mut bytes = rest.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'\\' => line.extend(bytes.next()),
            b'\n' => {
                all.extend(variable(&line));
                line.clear();
            }
            byte => line.push(byte),
        }
    }
    all
}

fn variable(line: &[u8]) -> Option<(String, String)> {
    let text = String::from_utf8_lossy(line);
    let (name, value) = text.split_once('=').filter(|_| !line.starts_with(b"#"))?;
    Some((name.to_owned(), value.to_owned()))
}

#[cfg(test)]
pub(in crate::facts::boot) mod tests {
    use super::*;

    /// A block as grub-editenv makes it.
    pub(in crate::facts::boot) fn block(variables: &str) -> Vec<u8> {
        let mut block = [SIGNATURE, variables.as_bytes()].concat();
        block.resize(1024, b'#');
        block
    }

    #[test]
    fn variables() {
        let found = parse(&block("saved_entry=a>b\nkernelopts=root=UUID=1 ro\\\\x\nempty=\n# comment=1\n"));
        let expected = [("saved_entry", "a>b"), ("kernelopts", "root=UUID=1 ro\\x"), ("empty", "")];
        assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(parse(b"saved_entry=a\n"), []);
        assert_eq!(parse(&block("cut=")), []);
    }
}
