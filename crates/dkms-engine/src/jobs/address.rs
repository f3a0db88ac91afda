//! How a `make` learns where the tokens are.
//!
//! By the numbers of descriptors that it inherits, or, since 4.4, by a path. Its own pool has a path there, too, and what is
//! built relies on it: by a path all `make`s below find the pool, by descriptors only those that recipes mark as such, and the
//! others print a warning, which ends up in files that recipes make of their output.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::layout::{PROC, SHELL};
use crate::setup::Setup;
use crate::system::tool::{Tool, quoted};

/// Where the tokens are for a child.
#[derive(Debug)]
pub(crate) enum Address {
    /// Reading and writing end.
    Descriptors(OwnedFd, OwnedFd),
    /// Both ends.
    Named(PathBuf),
}

impl Address {
    /// Lets a child have the pool, and gives the words of `MAKEFLAGS` for it.
    pub(crate) fn hand(self, tool: Tool) -> (Tool, String) {
        match self {
            Address::Descriptors(read, write) => {
                let (tool, read) = tool.hand(read);
                let (tool, write) = tool.hand(write);
                // Releases before 4.2 know the first spelling only, later ones keep it for them.
                (tool, format!("-j --jobserver-fds={read},{write} --jobserver-auth={read},{write}"))
            }
            Address::Named(path) => (tool, format!("-j --jobserver-auth=fifo:{}", path.display())),
        }
    }
}

/// Whether children find the pipe at this path (in a root there may be no `/proc`, in a container one of others), and the
/// `make` that they find takes a path at all: one before 4.4 ends at once when it meets one.
pub(super) fn is_understood(
    setup: &Setup,
    environment: &BTreeMap<OsString, OsString>,
    path: &Path,
    read: &OwnedFd,
) -> bool {
    let ask = || {
        let read = read.try_clone().map_err(Error::io("open", "the jobserver"))?;
        let (shell, number) = setup.tool(SHELL)?.hand(read);
        let (path, same) = (quoted(path.as_os_str()), Path::new(PROC).join(format!("self/fd/{number}")));
        let question = format!("[ {path} -ef {} ] && [ -r {path} ] && [ -w {path} ] && make --version", same.display());
        shell.arg("-c").arg(question).defaults(environment).require()
    };
    takes_a_path(&String::from_utf8_lossy(&ask().unwrap_or_default()))
}

/// By what `make --version` says.
fn takes_a_path(said: &str) -> bool {
    let version = said.lines().next().and_then(|line| line.strip_prefix("GNU Make ")).unwrap_or_default();
    let mut numbers = version.split('.').map(|part| part.parse::<u32>().unwrap_or_default());
    (numbers.next(), numbers.next()) >= (Some(4), Some(4))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_for_make_4_4_and_newer() {
        for version in ["4.4", "4.4.1", "4.10", "5.0"] {
            assert!(takes_a_path(&format!("GNU Make {version}\nBuilt for x86_64\n")), "{version}");
        }
        for said in ["GNU Make 4.3\n", "GNU Make 3.82\n", "GNU Make 4\n", "bmake 4.4\n", ""] {
            assert!(!takes_a_path(said), "{said}");
        }
    }
}
