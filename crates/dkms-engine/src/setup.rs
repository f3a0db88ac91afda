//! Where a run works and what its caller decided: made once by a front door, never changed, handed to every stage.

use std::path::PathBuf;

use crate::cancel::Cancel;
use crate::environment::Environment;
use crate::layout::Layout;
use crate::root::Root;

/// The circumstances of a run.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The root directory.
    pub root: Root,
    /// The trees below it.
    pub layout: Layout,
    /// The caller's environment.
    pub environment: Environment,
    /// What the caller's options replace.
    pub options: Options,
    /// Whether somebody asked us to stop.
    pub cancel: Cancel,
}

/// Inputs that a person may replace for one run.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `-c`: this file in place of the module's dkms.conf; in-root.
    pub conf: Option<PathBuf>,
    /// `--config`: kernel configuration in place of the kernel's own; in-root.
    pub kernel_config: Option<PathBuf>,
    /// `--kernelsourcedir`: headers in place of the kernel's own; in-root.
    pub kernel_source_dir: Option<PathBuf>,
    /// `--directive NAME=VALUE`, in the order given.
    pub directives: Vec<(String, String)>,
    /// `-j`, or `parallel_jobs` of environment and configuration; 0 is without limit. `None`: one per processor.
    pub jobs: Option<u32>,
    /// Who asks, for the records: the verb or the hook.
    pub asked_by: String,
}

impl Options {
    /// Whether an input of a build is replaced, so that the result is not what an automatic run would build.
    pub fn replace_inputs(&self) -> bool {
        self.conf.is_some()
            || self.kernel_config.is_some()
            || self.kernel_source_dir.is_some()
            || !self.directives.is_empty()
    }
}
