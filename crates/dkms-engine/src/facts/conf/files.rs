//! The files that configurations are made of, each read once however many kernels there are.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use dkms_conf::source::MAX_BYTES;
use dkms_conf::{Diagnostic, Source};

use super::Wanted;
use crate::layout::CONFIG_DIR;
use crate::setup::Setup;

/// One file: its text, and a finding about the file as such. What cannot be read is a finding too.
type File = Result<(Source, Option<Diagnostic>), Diagnostic>;

/// What was read in this run.
#[derive(Debug, Default)]
pub struct Files {
    read: RefCell<BTreeMap<PathBuf, File>>,
    /// Names in the administrator's directory.
    overrides: OnceCell<BTreeSet<OsString>>,
    /// Confs whose evaluation ran out of time, with what was found out about them.
    endless: RefCell<BTreeMap<PathBuf, String>>,
}

impl Files {
    /// What was found out about a conf whose evaluation ran out of time.
    pub(super) fn endless(&self, path: &Path) -> Option<String> {
        self.endless.borrow().get(path).cloned()
    }

    /// From now on the evaluation of this conf is not tried again.
    pub(super) fn is_endless(&self, path: &Path, problems: &str) {
        self.endless.borrow_mut().insert(path.to_owned(), problems.to_owned());
    }

    /// Whether there is something at a path.
    pub(super) fn exists(&self, setup: &Setup, path: &Path) -> bool {
        self.read.borrow().contains_key(path) || setup.root.exists(path)
    }

    /// `dkms.conf` and the override files that exist, in reading order.
    pub(super) fn of(
        &self,
        setup: &Setup,
        wanted: &Wanted<'_>,
        path: &Path,
        warnings: &mut Vec<Diagnostic>,
    ) -> Result<Vec<Source>, Diagnostic> {
        let mut paths = vec![path.to_owned()];
        if let Some(module) = wanted.module {
            let overrides = setup.layout.overrides(module, Some(&wanted.kernel.id));
            let there = |path: &PathBuf| self.is_override(setup, path) && setup.root.exists(path);
            paths.extend(overrides.into_iter().filter(there));
        }
        let mut sources = Vec::new();
        for path in paths {
            let (source, warning) =
                self.read.borrow_mut().entry(path).or_insert_with_key(|path| read(setup, path)).clone()?;
            warnings.extend(warning);
            sources.push(source);
        }
        Ok(sources)
    }

    /// Most modules have no override files, and looking for six of them for each kernel adds up.
    fn is_override(&self, setup: &Setup, path: &Path) -> bool {
        let names = self.overrides.get_or_init(|| {
            let entries = setup.root.list(Path::new(CONFIG_DIR)).unwrap_or_default();
            entries.into_iter().map(|(name, _)| name).collect()
        });
        path.file_name().is_some_and(|name| names.contains(name))
    }
}

fn read(setup: &Setup, path: &Path) -> File {
    let name = path.display().to_string();
    let bytes = setup.root.read_bounded(path, MAX_BYTES as u64).map_err(|error| {
        let hint = format!("look at it with `ls -lL {name}`; a dkms.conf is a short text file");
        Diagnostic::error(error.to_string()).hint(hint)
    })?;
    let source = Source::from_bytes(&name, &bytes)?;
    let strangers = setup.root.meta(path).is_some_and(|meta| meta.uid != 0 || meta.mode & 0o022 != 0);
    let warning = (rustix::process::geteuid().is_root() && strangers).then(|| {
        let warning = Diagnostic::warning("users other than root can change it, and with it what root installs");
        warning.hint(format!("chown root {name}; chmod go-w {name}")).at(Some(source.whole()))
    });
    Ok((source, warning))
}
