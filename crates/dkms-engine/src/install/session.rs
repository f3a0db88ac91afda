//! One run of installing and removing: what all its steps share.
//!
//! It holds the proof that no other process writes, the listener, and what is read at most once: the module files of each kernel and depmod's search order.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use dkms_conf::directive::Directive;
use dkms_conf::module_config::ModuleConfig;

use super::event::InstallEvent;
use super::kernel_files::KernelFiles;
use super::own_changes::{self, OwnChanges};
use crate::error::Error;
use crate::facts::search_order::SearchOrder;
use crate::fingerprint::{Fingerprint, Part};
use crate::initramfs;
use crate::script::{self, Script, Unusable};
use crate::setup::Setup;
use crate::system::lock::Guard;
use crate::system::root::RootMut;
use crate::system::staged::Staged;
use crate::system::tool::End;
use crate::target::{KernelId, ModuleId, Target};

/// What the installing steps of one run share.
pub struct Session<'a> {
    /// Where we work.
    pub setup: &'a Setup,
    /// Proof that no other process writes.
    pub guard: &'a Guard,
    listener: &'a mut dyn FnMut(InstallEvent),
    files: BTreeMap<PathBuf, KernelFiles>,
    order: Option<SearchOrder>,
    changed: BTreeSet<String>,
    own_changes: OwnChanges,
    /// Leave word that the initramfs of a kernel is to be made again when its files change.
    pub note_initramfs: bool,
    /// Place links into the tree instead of copies.
    pub symlink: bool,
}

impl<'a> Session<'a> {
    /// Nothing is read yet.
    pub fn new(setup: &'a Setup, guard: &'a Guard, listener: &'a mut dyn FnMut(InstallEvent)) -> Self {
        Self {
            setup,
            guard,
            listener,
            files: BTreeMap::new(),
            order: None,
            changed: BTreeSet::new(),
            own_changes: OwnChanges::default(),
            note_initramfs: false,
            symlink: setup.framework.symlink_modules(),
        }
    }

    /// Releases of the kernels whose files this run changed and for which depmod has not run since.
    pub fn changed_kernels(&self) -> impl Iterator<Item = &str> {
        self.changed.iter().map(String::as_str)
    }

    pub(crate) fn root(&self) -> &'a RootMut {
        self.guard.root()
    }

    pub(crate) fn say(&mut self, event: InstallEvent) {
        (self.listener)(event);
    }

    /// The files of the module `name` below a kernel's directory.
    pub(super) fn found(&mut self, directory: &Path, name: &str) -> Result<Vec<PathBuf>, Error> {
        if !self.files.contains_key(directory) {
            let walked = KernelFiles::walk(self.root(), directory)?;
            self.files.insert(directory.to_owned(), walked);
        }
        Ok(self.files.get(directory).map(|files| files.named(name).to_vec()).unwrap_or_default())
    }

    /// Which of several files of one module would be loaded.
    pub(super) fn loaded_of(&mut self, directory: &Path, paths: &[PathBuf]) -> Result<Option<PathBuf>, Error> {
        let order = match &self.order {
            Some(order) => order,
            None => self.order.insert(SearchOrder::gather(self.root())?),
        };
        Ok(order.first(directory, paths).cloned())
    }

    /// A file appeared below a kernel's directory.
    pub(super) fn note(&mut self, directory: &Path, path: &Path) {
        if let Some(files) = self.files.get_mut(directory) {
            files.note(path.to_owned());
        }
    }

    /// A file below a kernel's directory is gone.
    pub(super) fn forget(&mut self, directory: &Path, path: &Path) {
        if let Some(files) = self.files.get_mut(directory) {
            files.forget(path);
        }
    }

    /// Files of a kernel are about to change: until depmod has run, a run that is cut off leaves word of it.
    pub(super) fn about_to_change(&mut self, release: &str) -> Result<(), Error> {
        if self.changed.insert(release.to_owned()) {
            let path = self.setup.layout.depmod_pending(release);
            Staged::file(self.root(), &path, b"", 0o644)?.publish()?;
            if self.note_initramfs {
                initramfs::note(self.setup, self.guard, release)?;
            }
        }
        Ok(())
    }

    /// depmod has run for that kernel, or our caller sees to it.
    pub(super) fn settle_depmod(&mut self, release: &str) -> Result<(), Error> {
        self.changed.remove(release);
        self.root().remove_file(&self.setup.layout.depmod_pending(release))
    }

    /// Kernels for which a run that was cut off left depmod undone count as changed by this one.
    ///
    /// # Errors
    /// `Io`.
    pub fn take_over_pending_depmod(&mut self) -> Result<(), Error> {
        let pending = self.setup.layout.depmod_pending("x");
        for (name, _) in self.root().list(pending.parent().unwrap_or(&pending))? {
            if let Some(release) = name.to_str().filter(|name| !name.starts_with('.')) {
                self.changed.insert(release.to_owned());
            }
        }
        Ok(())
    }

    /// The run itself changed the source of a module, from what had a stamp to what it is since.
    pub(crate) fn note_own_change(&mut self, module: &ModuleId, before: &str, after: Part) {
        self.own_changes.note(self.setup, self.guard, module, before, after);
    }

    /// Inputs that were measured earlier in the run, as they are after what the run itself changed.
    pub(crate) fn settled(&self, module: &ModuleId, measured: &Fingerprint) -> Fingerprint {
        let mut fingerprint = measured.clone();
        self.own_changes.apply(module, &mut fingerprint);
        fingerprint
    }

    /// Runs a script whose output is passed on and not logged. `None` if there is nothing that can be run.
    ///
    /// # Errors
    /// `Interrupted`; everything else is a status, 127 if the script could not even be started.
    pub(crate) fn run_script(&mut self, call: &ScriptCall<'_>) -> Result<Option<i32>, Error> {
        let Some(value) = call.value else { return Ok(None) };
        let (module, directive) = (call.module, call.directive);
        let directory = self.setup.layout.source_link(module);
        let script = match Script::find(self.setup, &module.name, &directory, value) {
            Ok(script) => script,
            Err(Unusable { path, missing }) => {
                self.say(InstallEvent::ScriptSkipped { directive, path, missing });
                return Ok(None);
            }
        };
        self.say(InstallEvent::ScriptBegins { module: module.clone(), directive });
        let variables = script::variables(module, call.kernel, call.exported);
        let tool = script.tool(self.setup)?.envs(variables).env(crate::system::lock::HELD, "1");
        let setup = self.setup;
        let mut each = |line: &str| self.say(InstallEvent::ScriptSays { line: line.to_owned() });
        let (finished, change) = own_changes::watched(setup, module, || tool.lines(&mut each));
        if let Some((before, after)) = change {
            self.note_own_change(module, &before, after);
        }
        let status = match finished {
            Ok(finished) => {
                if let End::TimeLimit(_) = finished.end {
                    self.say(InstallEvent::ScriptSays {
                        line: format!("{directive} {} and was stopped", finished.end),
                    });
                }
                finished.end.status()
            }
            Err(error @ Error::Interrupted { .. }) => return Err(error),
            Err(error) => {
                self.say(InstallEvent::ScriptSays { line: error.to_string() });
                127
            }
        };
        // The shell's word for a program that it may not run.
        if status == 126 && self.root().is_noexec(&script.directory) {
            let place = script.directory.display();
            let line = format!("the file system of `{place}` is mounted noexec, so no program can run there");
            self.say(InstallEvent::ScriptSays { line });
        }
        if status != 0 {
            self.say(InstallEvent::ScriptFailed { module: module.clone(), directive, status });
        }
        Ok(Some(status))
    }
}

/// Which script, for what.
pub(crate) struct ScriptCall<'a> {
    /// The directive.
    pub(crate) directive: &'static str,
    /// Its value.
    pub(crate) value: Option<&'a str>,
    /// Whose it is.
    pub(crate) module: &'a ModuleId,
    /// For which kernel; `None` where the script does not get it.
    pub(crate) kernel: Option<&'a KernelId>,
    /// Directives of the command line.
    pub(crate) exported: &'a [(Directive, String)],
}

impl<'a> ScriptCall<'a> {
    /// POST_REMOVE, which gets nothing.
    pub(crate) fn post_remove(module: &'a ModuleId, config: &'a ModuleConfig) -> Self {
        let value = config.scripts.post_remove.as_deref();
        Self { directive: "POST_REMOVE", value, module, kernel: None, exported: &config.exported }
    }

    /// A script of a module for a kernel.
    pub(crate) fn new(
        directive: &'static str,
        value: Option<&'a str>,
        target: &'a Target,
        config: &'a ModuleConfig,
    ) -> Self {
        Self { directive, value, module: &target.module, kernel: Some(&target.kernel), exported: &config.exported }
    }
}
