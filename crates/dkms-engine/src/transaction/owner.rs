//! The process that a transaction belongs to, distinguished from a later one with the same number by when it began.

use std::fmt;

use procfs::process::{Process, Stat};

/// The owner of a transaction: a process that runs the scripts of packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    id: u32,
    began: u64,
}

impl Owner {
    /// The process that started the one that started us: rpm, behind the shell that runs a package's script. `None` if it is
    /// gone.
    pub fn of_caller() -> Option<Self> {
        Self::of(parent_of(std::os::unix::process::parent_id())?)
    }

    pub(super) fn of(id: u32) -> Option<Self> {
        Some(Self { id, began: status(id)?.starttime })
    }

    pub(super) fn id(&self) -> u32 {
        self.id
    }

    /// From its text; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (id, began) = text.trim_end().split_once(' ')?;
        Some(Self { id: id.parse().ok()?, began: began.parse().ok()? })
    }

    /// Whether it is one of those that we descend from.
    pub fn is_above_us(&self) -> bool {
        let parent = |id: &u32| parent_of(*id).filter(|parent| *parent != 0);
        std::iter::successors(Some(std::process::id()), parent).any(|id| Self::of(id).as_ref() == Some(self))
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.id, self.began)
    }
}

fn parent_of(process: u32) -> Option<u32> {
    status(process)?.ppid.try_into().ok()
}

fn status(process: u32) -> Option<Stat> {
    Process::new(process.try_into().ok()?).and_then(|process| process.stat()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_its_number_and_its_beginning() {
        let owner = Owner::of_caller().unwrap();
        assert!(owner.is_above_us());
        assert_eq!(Owner::parse(&format!("{owner}\n")), Some(owner));
        let later = Owner { began: owner.began + 1, ..owner };
        assert_ne!(Owner::parse(&later.to_string()), Some(owner));
        assert!(!later.is_above_us(), "another process of that number");
        assert!(["", "x", "1", "1 x", "1 2 3"].iter().all(|text| Owner::parse(text).is_none()));
    }
}
