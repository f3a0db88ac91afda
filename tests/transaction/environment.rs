//! What a package manager has to have so that rows can be played on it: a root, a dkms, and what rows start from.

use anyhow::Result;
use testbed::layer::Layer;

/// Whose dkms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The original, as a distribution arranges it.
    Original,
    /// Our package as it is released.
    Ours,
    /// The package that was built last, with a debug build of ours in it.
    Quick,
}

/// What a root has before the first transaction: kernels `K`, and packages as `P` names them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start<K: 'static, P: 'static> {
    pub(crate) kernels: &'static [K],
    /// Whether dkms is there.
    pub(crate) dkms: bool,
    pub(crate) packages: &'static [P],
}

impl<K, P> Start<K, P> {
    /// With dkms.
    pub(crate) const fn with(kernels: &'static [K], packages: &'static [P]) -> Self {
        Self { kernels, dkms: true, packages }
    }

    /// Without dkms.
    pub(crate) const fn without(kernels: &'static [K]) -> Self {
        Self { kernels, dkms: false, packages: &[] }
    }
}

/// A release of a package manager with a dkms, and what scenarios start from on it.
pub(crate) trait Environment: Sized + Sync + 'static {
    /// What rows are called after.
    const NAME: &'static str;
    /// Releases of Debian: on the first all rows are played; on the others with `--full`, or when they are asked for by
    /// name.
    const RELEASES: &'static [&'static str];
    /// Where modules are, below a kernel's directory.
    const PLACE: &'static str = "updates/dkms";
    /// Lines of bash that print what the package manager left incomplete.
    const AUDIT: &'static str;
    /// Lines of bash that call every hook of ours as the package manager does, for all that is there.
    const HOOKS: &'static str;

    /// A [`Start`] with kernels and packages as this suite names them.
    type Start: Copy + Sync;

    /// Prepares what all scenarios share.
    fn new(release: &'static str, side: Side) -> Result<Self>;
    /// The release of Debian.
    fn suite(&self) -> &'static str;
    fn side(&self) -> Side;
    /// The layer with what a scenario starts from.
    fn start(&self, start: &Self::Start) -> Result<Layer>;
}
