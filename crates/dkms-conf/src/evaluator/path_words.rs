//! `basename` and `dirname`: parts of a path as a text.

/// What `dirname` prints.
pub(super) fn directory(path: &str) -> &str {
    let bytes = path.as_bytes();
    let prefix = usize::from(path.starts_with('/'));
    let mut length = last_component(path);
    while length > prefix && bytes[length - 1] == b'/' {
        length -= 1;
    }
    if length == 0 { "." } else { &path[..length] }
}

/// What `basename` prints: without `suffix`, unless that is all there is.
pub(super) fn file_name<'a>(path: &'a str, suffix: &str) -> &'a str {
    let name = path[last_component(path)..].trim_end_matches('/');
    if name.is_empty() {
        return if path.is_empty() { "" } else { "/" };
    }
    match name.strip_suffix(suffix) {
        Some(bare) if !bare.is_empty() => bare,
        _ => name,
    }
}

/// Where the last component begins; slashes after it do not count.
fn last_component(path: &str) -> usize {
    let trimmed = path.trim_end_matches('/');
    match trimmed.rfind('/') {
        Some(slash) => slash + 1,
        None if trimmed.is_empty() => path.len(),
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_paths() {
        let rows = [
            ("/a/b", "/a", "b"),
            ("a", ".", "a"),
            ("/a", "/", "a"),
            ("a/b//", "a", "b"),
            ("a//b", "a", "b"),
            ("/", "/", "/"),
            ("//", "/", "/"),
            ("", ".", ""),
            ("./dkms.conf", ".", "dkms.conf"),
        ];
        for (path, dir, name) in rows {
            assert_eq!((directory(path), file_name(path, "")), (dir, name), "{path}");
        }
        assert_eq!(file_name("a/x.ko", ".ko"), "x");
        assert_eq!(file_name("a/.ko", ".ko"), ".ko");
    }
}
