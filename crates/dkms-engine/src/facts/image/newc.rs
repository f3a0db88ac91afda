//! One member of an archive of the format that kernels unpack, "newc": thirteen numbers in hexadecimal digits, a name, content.
//!
//! Documentation/driver-api/early-userspace/buffer-format.rst of the kernel; what it makes of odd members: `init/initramfs.c`.

use std::io::{self, Read};

use super::source::{Source, cut_off};

/// Magic and thirteen fields of eight digits.
const HEADER: usize = 110;
/// Longest name, its NUL included, and longest target of a link: a kernel passes over what is longer.
const PATH_MAX: u32 = 4096;
/// What a mode says of the kind of a file.
const KIND: u32 = 0o170_000;
const FILE: u32 = 0o100_000;
const LINK: u32 = 0o120_000;

/// A file, a link, or whatever else there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Link,
    Other,
}

/// What stands before a member's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// Path without what stands before its first name; empty if a kernel passes over this member.
    pub(super) path: String,
    pub(super) kind: Kind,
    /// Bytes of the content.
    pub(super) size: u64,
    /// What all names of one file have in common; `None` if it has but one.
    pub(super) shared: Option<[u32; 4]>,
}

impl Header {
    /// Reads the header that comes next. Content follows, and has to be read or passed over together with its
    /// [`Header::padding`].
    ///
    /// # Errors
    /// A fragment saying what is wrong with it.
    pub(super) fn read(source: &mut impl Source) -> io::Result<Self> {
        let mut raw = [0; HEADER];
        exactly(source, &mut raw)?;
        let (magic, digits) = raw.split_at(6);
        if !matches!(magic, b"070701" | b"070702") {
            return Err(io::Error::other("no member of an archive begins here"));
        }
        let mut fields = [0; 13];
        for (field, digits) in fields.iter_mut().zip(digits.chunks(8)) {
            *field = number(digits).ok_or_else(|| io::Error::other("a member's header is damaged"))?;
        }
        let [inode, mode, _, _, links, _, size, major, minor, _, _, length, _] = fields;
        let kind = match mode & KIND {
            FILE => Kind::File,
            LINK => Kind::Link,
            _ => Kind::Other,
        };
        let is_passed_over = length == 0 || length > PATH_MAX || (kind == Kind::Link && size > PATH_MAX);
        let padded = u64::from(length) + padding(HEADER as u64 + u64::from(length));
        let path = if is_passed_over {
            source.skip(padded)?;
            String::new()
        } else {
            let mut name = vec![0; usize::try_from(padded).map_err(io::Error::other)?];
            exactly(source, &mut name)?;
            let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
            clean(&String::from_utf8_lossy(&name[..end]))
        };
        let shared = (links > 1).then_some([major, minor, inode, mode]);
        Ok(Self { path, kind, size: u64::from(size), shared })
    }

    /// Bytes after the content that belong to nothing.
    fn padding(&self) -> u64 {
        padding(self.size)
    }

    /// The content.
    ///
    /// # Errors
    /// If it is cut off or larger than `limit`.
    pub(super) fn content(&self, source: &mut impl Source, limit: u64) -> io::Result<Vec<u8>> {
        if self.size > limit {
            return Err(io::Error::other(format!("`{}` has {} bytes, too many to look at", self.path, self.size)));
        }
        let mut content = Vec::new();
        source.take(self.size).read_to_end(&mut content)?;
        if content.len() as u64 != self.size {
            return Err(cut_off());
        }
        self.end(source)?;
        Ok(content)
    }

    /// Passes over the content.
    ///
    /// # Errors
    /// If it is cut off.
    pub(super) fn pass_over(&self, source: &mut impl Source) -> io::Result<()> {
        source.skip(self.size)?;
        self.end(source)
    }

    /// The last member's padding may be missing.
    fn end(&self, source: &mut impl Source) -> io::Result<()> {
        for _ in 0..self.padding() {
            if source.next()?.is_some() {
                source.consume(1);
            }
        }
        Ok(())
    }
}

fn exactly(source: &mut impl Read, target: &mut [u8]) -> io::Result<()> {
    source.read_exact(target).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => cut_off(),
        _ => error,
    })
}

/// Without signs and blanks, which the library's function would take.
fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |number, digit| Some(number << 4 | char::from(*digit).to_digit(16)?))
}

/// Up to the next multiple of four.
fn padding(length: u64) -> u64 {
    length.wrapping_neg() % 4
}

/// `./a//b/` and `/a/b` are `a/b`.
pub(super) fn clean(path: &str) -> String {
    path.split('/').filter(|name| !matches!(*name, "" | ".")).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_digits_alone() {
        assert_eq!(number(b"0000aBc1"), Some(0xabc1));
        assert_eq!(number(b"fFFFffff"), Some(u32::MAX));
        assert_eq!(number(b"+0000001"), None);
        assert_eq!(number(b"   00001"), None);
    }

    #[test]
    fn paths_have_one_form() {
        assert_eq!(clean("./usr//lib/x.ko"), "usr/lib/x.ko");
        assert_eq!(clean("/lib/../x"), "lib/../x");
        assert_eq!(clean("."), "");
    }
}
