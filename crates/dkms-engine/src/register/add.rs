//! Adding a module version whose source lies in the source tree.

use std::path::Path;

use dkms_conf::{Diagnostic, ModuleConfig, Strictness};

use crate::error::Error;
use crate::facts::Registration;
use crate::facts::conf::{self, Wanted};
use crate::facts::kernel::Kernel;
use crate::facts::tree::registration;
use crate::install::Session;
use crate::install::session::ScriptCall;
use crate::system::root::Kind;
use crate::system::staged::Staged;
use crate::target::{KernelId, ModuleId};

/// A registration that was made.
#[derive(Clone, Debug)]
pub struct Added {
    /// Which module version.
    pub module: ModuleId,
    /// Its configuration, evaluated for the kernel at hand.
    pub config: ModuleConfig,
    /// Findings in its configuration that are no errors.
    pub warnings: Vec<Diagnostic>,
    /// Status of POST_ADD, if there was one to run. The registration stands whatever it is.
    pub post_add: Option<i32>,
}

/// Registers a module version, or mends its registration. `kernel` is the one that its configuration is evaluated for;
/// `named` is the kernel that POST_ADD gets, none unless the registration is part of building.
///
/// # Errors
/// `AlreadyAdded`; `SourceMissing`; `ConfMissing` or `Conf` of its dkms.conf; `Io`, `Interrupted`.
pub fn add(
    session: &mut Session<'_>,
    module: &ModuleId,
    kernel: &Kernel,
    named: Option<&KernelId>,
) -> Result<Added, Error> {
    let (setup, root) = (session.setup, session.root());
    let layout = &setup.layout;
    if registration(setup, module) == Some(Registration::Added) {
        return Err(Error::AlreadyAdded { module: module.clone(), path: layout.version(module) });
    }
    let source = layout.source_tree(module);
    if !root.is_dir(&source) {
        return Err(Error::SourceMissing { path: source });
    }
    let (source_given, module_given) = (Some(source.as_path()), Some(module));
    let wanted =
        Wanted { source: source_given, path: None, module: module_given, kernel, strictness: Strictness::Strict };
    let effective = conf::evaluate_in_shell(setup, &conf::Files::default(), &wanted)?;
    link_source(session, module, &source)?;
    let config = effective.config;
    let post_add = session.run_script(&ScriptCall {
        directive: "POST_ADD",
        value: config.scripts.post_add.as_deref(),
        module,
        kernel: named,
        exported: &config.exported,
    })?;
    Ok(Added { module: module.clone(), config, warnings: effective.warnings, post_add })
}

/// Registers a module version of which only built objects and the configuration are there.
///
/// # Errors
/// `Io`.
pub fn register_binaries(session: &mut Session<'_>, module: &ModuleId, conf: &Path) -> Result<(), Error> {
    let (root, layout) = (session.root(), &session.setup.layout);
    let place = layout.source_link(module);
    let staged = Staged::directory(root, &place)?;
    let content = root.read_bounded(conf, dkms_conf::source::MAX_BYTES as u64)?;
    // Published as a part of the directory, which is still beside its place.
    Staged::file(root, &staged.path().join("dkms.conf"), &content, 0o644)?.publish()?;
    staged.publish_directory()
}

fn link_source(session: &Session<'_>, module: &ModuleId, source: &Path) -> Result<(), Error> {
    let (root, layout) = (session.root(), &session.setup.layout);
    let (version, link) = (layout.version(module), layout.source_link(module));
    if root.link_meta(&version).is_none() {
        // All in one step: a version without its link counts as broken.
        let staged = Staged::directory(root, &version)?;
        let inside = |path: &Path| staged.path().join(path.file_name().unwrap_or_default());
        root.create_dir(&inside(&layout.build(module)), 0o755)?;
        root.symlink(source, &inside(&link))?;
        return staged.publish_directory();
    }
    root.create_dir_all(&layout.build(module))?;
    let staged = Staged::link(root, source, &link)?;
    if root.link_meta(&link).is_some_and(|meta| meta.kind == Kind::Directory) {
        // A directory of an import without source gives way: a link cannot be renamed over it.
        return staged.publish_directory();
    }
    staged.publish()
}
