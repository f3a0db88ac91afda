//! The binary index: a tree of names, each node with what all names below it have in common.
//!
//! Numbers are in network order. The head is magic, version, and a reference to the root; a reference is an offset whose upper
//! bits say which parts the node has, in this order: a prefix that ends in NUL; the first and the last letter of its children,
//! and a reference for each of these letters; the number of values, and each with its priority and a NUL at its end.
//! `kmod: libkmod/libkmod-index.c`, and for what depmod writes `tools/depmod.c`.

const MAGIC: u32 = 0xb007_f457;
/// Its upper half: what readers compare.
const VERSION: u32 = 2;
const HAS_PREFIX: u32 = 1 << 31;
const HAS_VALUES: u32 = 1 << 30;
const HAS_CHILDREN: u32 = 1 << 29;
const OFFSET: u32 = (1 << 28) - 1;

/// The first value of a name.
///
/// # Errors
/// A fragment saying why this is no index.
pub(super) fn find<'a>(index: &'a [u8], name: &[u8]) -> Result<Option<&'a [u8]>, String> {
    let damaged = || "it is damaged".to_owned();
    if word(index, 0) != Some(MAGIC) || word(index, 4).map(|version| version >> 16) != Some(VERSION) {
        return Err("it is no index that depmod makes".into());
    }
    let mut reference = word(index, 8).ok_or_else(damaged)?;
    let mut rest = name;
    // Each turn takes a letter of the name, so there is an end, wherever references lead.
    loop {
        if reference & OFFSET == 0 {
            return Ok(None);
        }
        let mut node = Node { index, at: (reference & OFFSET) as usize };
        if reference & HAS_PREFIX != 0 {
            let prefix = node.string().ok_or_else(damaged)?;
            match rest.strip_prefix(prefix) {
                Some(after) => rest = after,
                None => return Ok(None),
            }
        }
        let child = if reference & HAS_CHILDREN != 0 { node.child(rest.first()).ok_or_else(damaged)? } else { None };
        let Some((_, after)) = rest.split_first() else {
            let has_values = reference & HAS_VALUES != 0;
            return if has_values { node.value().ok_or_else(damaged).map(Some) } else { Ok(None) };
        };
        let Some(child) = child else { return Ok(None) };
        (reference, rest) = (child, after);
    }
}

/// A node, read up to some place.
struct Node<'a> {
    index: &'a [u8],
    at: usize,
}

impl<'a> Node<'a> {
    fn string(&mut self) -> Option<&'a [u8]> {
        let from = self.index.get(self.at..)?;
        let length = from.iter().position(|byte| *byte == 0)?;
        self.at += length + 1;
        Some(&from[..length])
    }

    /// Passes over the children; gives the one of this letter.
    fn child(&mut self, letter: Option<&u8>) -> Option<Option<u32>> {
        let &[first, last, ..] = self.index.get(self.at..)? else { return None };
        let children = self.at + 2;
        self.at = children + 4 * (usize::from(last.checked_sub(first)?) + 1);
        let Some(letter) = letter.filter(|letter| (first..=last).contains(letter)) else { return Some(None) };
        word(self.index, children + 4 * usize::from(letter - first)).map(Some)
    }

    /// The first value, behind their number and its priority.
    fn value(&mut self) -> Option<&'a [u8]> {
        if word(self.index, self.at)? == 0 {
            return None;
        }
        self.at += 8;
        self.string()
    }
}

fn word(index: &[u8], at: usize) -> Option<u32> {
    let bytes = index.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Writes a node and what is below it; gives its reference.
    fn node(index: &mut Vec<u8>, prefix: &str, value: Option<&str>, children: &[(u8, u32)]) -> u32 {
        let mut reference = u32::try_from(index.len()).unwrap();
        if !prefix.is_empty() {
            reference |= HAS_PREFIX;
            index.extend([prefix.as_bytes(), b"\0"].concat());
        }
        if let (Some((first, _)), Some((last, _))) = (children.first(), children.last()) {
            reference |= HAS_CHILDREN;
            index.extend([*first, *last]);
            for letter in *first..=*last {
                let child = children.iter().find(|(of, _)| *of == letter).map_or(0, |(_, child)| *child);
                index.extend(child.to_be_bytes());
            }
        }
        if let Some(value) = value {
            reference |= HAS_VALUES;
            index.extend([&[0, 0, 0, 1, 0, 0, 0, 7], value.as_bytes(), b"\0"].concat());
        }
        reference
    }

    /// Modules `a`, `a_b`, `abc`, as depmod 30 lays them: children first.
    pub(in super::super) fn three() -> Vec<u8> {
        let mut index = [MAGIC.to_be_bytes(), 0x0002_0001_u32.to_be_bytes(), [0; 4]].concat();
        let a_b = node(&mut index, "b", Some("updates/dkms/a-b.ko.xz: kernel/a.ko"), &[]);
        let abc = node(&mut index, "c", Some("kernel/abc.ko:"), &[]);
        let a = node(&mut index, "", Some("kernel/a.ko:"), &[(b'_', a_b), (b'b', abc)]);
        let root = node(&mut index, "", None, &[(b'a', a)]);
        index[8..12].copy_from_slice(&root.to_be_bytes());
        index
    }

    #[test]
    fn what_is_damaged_has_an_end() {
        let whole = three();
        for cut in 0..whole.len() {
            let _ = find(&whole[..cut], b"abc");
        }
        for at in 0..whole.len() {
            for byte in [0, 0xff, whole[at] ^ 1] {
                let mut damaged = whole.clone();
                damaged[at] = byte;
                let _ = find(&damaged, b"abc");
            }
        }
        let mut circle = [MAGIC.to_be_bytes(), 0x0002_0001_u32.to_be_bytes(), [0; 4]].concat();
        let root = node(&mut circle, "", None, &[(b'a', 12 | HAS_CHILDREN)]);
        circle[8..12].copy_from_slice(&root.to_be_bytes());
        assert_eq!(find(&circle, &[b'a'; 1000]), Ok(None));
        assert!(find(b"kernel/a.ko:\n", b"a").is_err());
    }

    #[test]
    fn nothing_is_in_an_empty_one() {
        // The root of the index of no modules refers to its end, without any part.
        let empty = [MAGIC, 0x0002_0001, 12].map(u32::to_be_bytes).concat();
        assert_eq!(find(&empty, b"a"), Ok(None));
        assert_eq!(find(&empty, b""), Ok(None));
    }
}
