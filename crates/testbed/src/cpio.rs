//! The archive format of an initramfs ("newc", Documentation/driver-api/early-userspace/buffer-format.rst of the
//! kernel): a header of thirteen hexadecimal numbers, the name, the content, each padded to four bytes.

/// An initramfs in the making.
#[derive(Debug, Default)]
pub struct Cpio {
    bytes: Vec<u8>,
    inode: u32,
    dirs: Vec<String>,
}

const DIRECTORY: u32 = 0o040_000;
const FILE: u32 = 0o100_000;
const LINK: u32 = 0o120_000;

impl Cpio {
    /// Adds a file and the directories above it. Names have no leading slash.
    pub fn file(&mut self, name: &str, mode: u32, content: &[u8]) {
        self.parents(name);
        self.entry(name, FILE | mode, content);
    }

    /// Adds a symbolic link and the directories above it.
    pub fn link(&mut self, name: &str, target: &str) {
        self.parents(name);
        self.entry(name, LINK | 0o777, target.as_bytes());
    }

    /// Adds an empty directory.
    pub fn dir(&mut self, name: &str) {
        self.parents(name);
        if !self.dirs.iter().any(|dir| dir == name) {
            self.dirs.push(name.to_owned());
            self.entry(name, DIRECTORY | 0o755, &[]);
        }
    }

    /// The finished archive.
    pub fn finish(mut self) -> Vec<u8> {
        self.entry("TRAILER!!!", 0, &[]);
        self.bytes
    }

    fn parents(&mut self, name: &str) {
        let ends: Vec<usize> = name.match_indices('/').map(|(at, _)| at).collect();
        for end in ends {
            let parent = name[..end].to_owned();
            if !self.dirs.contains(&parent) {
                self.dirs.push(parent.clone());
                self.entry(&parent, DIRECTORY | 0o755, &[]);
            }
        }
    }

    fn entry(&mut self, name: &str, mode: u32, content: &[u8]) {
        self.inode += 1;
        let length = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
        let fields = [self.inode, mode, 0, 0, 1, 0, length(content.len()), 0, 0, 0, 0, length(name.len() + 1), 0];
        self.bytes.extend(b"070701");
        for field in fields {
            self.bytes.extend(format!("{field:08x}").bytes());
        }
        self.bytes.extend(name.bytes());
        self.bytes.push(0);
        self.pad();
        self.bytes.extend(content);
        self.pad();
    }

    fn pad(&mut self) {
        while self.bytes.len() % 4 != 0 {
            self.bytes.push(0);
        }
    }
}
