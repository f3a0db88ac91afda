//! What a child may be denied, as plain values; [`super::child`] carries it out.

use std::path::PathBuf;

/// What to do when the system refuses a containment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// The program is not started.
    Required,
    /// The program runs without it.
    IfPossible,
}

/// What a child may do below a bound directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Look.
    Read,
    /// Look and change.
    Write,
}

/// One directory shown at the place of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bind {
    /// In-root directory that is shown.
    pub from: PathBuf,
    /// In-root directory at whose place it is shown; must exist.
    pub to: PathBuf,
    /// What the child may do there.
    pub access: Access,
}

/// Everything that is kept from a child.
#[derive(Clone, Debug, Default)]
pub(super) struct Containment {
    pub(super) no_new_privileges: bool,
    pub(super) user: Option<(u32, u32)>,
    pub(super) no_network: Option<Need>,
    pub(super) read_only_view: Option<Need>,
    pub(super) binds: Vec<Bind>,
}
