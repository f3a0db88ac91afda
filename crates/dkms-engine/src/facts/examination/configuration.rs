//! The effective configuration of a module version for a kernel.
//!
//! No shell is started as long as a record says what the configuration was evaluated to and nothing that it depends on
//! changed.

use std::path::{Path, PathBuf};

use dkms_conf::{ModuleConfig, Strictness};

use super::Examination;
use crate::error::Error;
use crate::facts::conf::{self, Evaluation, Wanted};
use crate::facts::kernel::Kernel;
use crate::fingerprint::{Fingerprint, Part};
use crate::record::{self, BuildRecord, FailureRecord};
use crate::target::{ModuleId, Target};

/// Records of one build or failure.
#[derive(Default)]
pub(super) struct Remembered {
    pub(super) built: Option<BuildRecord>,
    pub(super) failed: Option<FailureRecord>,
}

impl Remembered {
    /// What a build, or the last failure, was made from.
    fn before(&self) -> impl Iterator<Item = (&Fingerprint, &ModuleConfig)> {
        let built = self.built.iter().map(|record| (&record.fingerprint, &record.config));
        built.chain(self.failed.iter().map(|record| (&record.fingerprint, &record.config)))
    }
}

/// A configuration as it was found.
pub(super) struct Found {
    pub(super) config: ModuleConfig,
    /// What stands for it in the fingerprint.
    pub(super) part: Part,
    /// The file that a person named for it.
    pub(super) named: Option<PathBuf>,
}

impl Examination<'_> {
    /// The effective configuration: of the file that a person names, or named before, or of the module's own.
    pub(super) fn configuration(
        &mut self,
        kernel: &Kernel,
        target: &Target,
        memory: Option<&Remembered>,
    ) -> Result<Found, Error> {
        let asked = self.setup.options.conf.clone();
        let own = self.setup.layout.source_link(&target.module).join("dkms.conf");
        let named = asked.clone().or_else(|| {
            let before = memory?.before().find_map(|(fingerprint, _)| fingerprint.conf.clone())?;
            (!self.afresh || !self.setup.root.is_file(&own)).then_some(before)
        });
        match (self.evaluated(kernel, target, memory, named.as_deref()), named) {
            (Err(error @ Error::ConfMissing { .. }), None) => {
                // One that was named for another kernel is better than none.
                let Some(named) = self.named_for_another_kernel(&target.module) else { return Err(error) };
                self.evaluated(kernel, target, memory, Some(&named)).map_err(gone)
            }
            // What it said is in the record, so what was built with it stays, and can be built again.
            (Err(error @ Error::ConfMissing { .. }), Some(named)) if asked.is_none() => {
                let known = memory.into_iter().flat_map(Remembered::before);
                let known = known.into_iter().find(|(fingerprint, _)| fingerprint.conf.as_ref() == Some(&named));
                let (fingerprint, config) = known.ok_or_else(|| gone(error))?;
                Ok(Found { config: config.clone(), part: fingerprint.config.clone(), named: Some(named) })
            }
            (found, _) => found,
        }
    }

    fn named_for_another_kernel(&self, module: &ModuleId) -> Option<PathBuf> {
        let builds = self.builds.values().filter(|build| build.target.module == *module);
        let records = builds.filter_map(|build| {
            record::load::<BuildRecord>(&self.setup.root, &self.setup.layout.record(&build.target))
        });
        records.filter_map(|record| record.fingerprint.conf).next()
    }

    fn evaluated(
        &mut self,
        kernel: &Kernel,
        target: &Target,
        memory: Option<&Remembered>,
        path: Option<&Path>,
    ) -> Result<Found, Error> {
        let module = Some(&target.module);
        let named = path.map(Path::to_owned);
        let wanted = Wanted { source: None, path, module, kernel, strictness: Strictness::Strict };
        let text = match conf::evaluate(self.setup, &self.files, &wanted)? {
            Evaluation::Native(effective) => {
                return Ok(Found { config: effective.config, part: Part::of_text(&effective.text), named });
            }
            Evaluation::NeedsShell { text, .. } => text,
        };
        let part = Part::of_text(&text);
        for (before, config) in memory.into_iter().flat_map(Remembered::before) {
            // It may have read anything beside itself.
            if before.config == part
                && self.measurer.source_part(&target.module, Some(&before.source))?.content == before.source.content
            {
                return Ok(Found { config: config.clone(), part, named });
            }
        }
        let effective = conf::evaluate_in_shell(self.setup, &self.files, &wanted)?;
        Ok(Found { config: effective.config, part: Part::of_text(&effective.text), named })
    }
}

/// A file that a person named is there no longer.
fn gone(error: Error) -> Error {
    let Error::ConfMissing { path } = error else { return error };
    let problems =
        format!("`{}`, which was given with -c, is missing: restore it or give another file", path.display());
    Error::Conf { path, problems }
}
