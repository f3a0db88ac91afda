//! Finished builds in the tree: putting one there in a single step, and finding one that is there.

use std::path::Path;

use super::{Signed, SignedObject, found, object};
use crate::error::Error;
use crate::fingerprint::{Fingerprint, Part};
use crate::jobs::Jobs;
use crate::module_file::compression::Compression;
use crate::module_file::info;
use crate::record::{self, BuildRecord, FileRecord, Format, ObjectRecord, Signature};
use crate::setup::Setup;
use crate::system::lock::Guard;
use crate::system::staged::Staged;
use crate::target::Target;

/// What the record keeps besides the result itself.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Inputs of the build, as they were when it was planned. The signer is filled in by what really signed.
    pub fingerprint: Fingerprint,
}

impl Signed {
    /// The build of a target that is in the tree, by its record; one of the original, which keeps none, by its files.
    /// `None` if there is none.
    ///
    /// # Errors
    /// `Io`.
    pub fn load(setup: &Setup, target: &Target) -> Result<Option<Self>, Error> {
        let (root, module) = (&setup.root, setup.layout.objects(target));
        if !root.is_dir(&module) {
            return Ok(None);
        }
        let known: Option<BuildRecord> = record::load(root, &setup.layout.record(target));
        let (objects, signature) = match known {
            Some(record) => {
                let object = |one: &ObjectRecord| SignedObject {
                    name: one.name.clone(),
                    path: module.join(&one.file),
                    file: one.file.clone(),
                };
                (record.objects.iter().map(object).collect(), record.signature)
            }
            None => unrecorded(setup, &module)?,
        };
        let symvers = Some(module.join("Module.symvers")).filter(|path| root.is_file(path));
        let directory = setup.layout.built(target);
        Ok(Some(Self { target: target.clone(), directory, objects, symvers, signature, fresh: None }))
    }

    /// Puts a fresh build into the tree, in place of an older one, which stays until that moment. A build that is in the
    /// tree already comes back as it is.
    ///
    /// # Errors
    /// `Io`; the tree is then as it was.
    pub fn store(mut self, setup: &Setup, jobs: &Jobs, guard: &Guard, origin: Origin) -> Result<Self, Error> {
        let Some(fresh) = self.fresh.take() else { return Ok(self) };
        let (root, layout) = (guard.root(), &setup.layout);
        let mut objects = Vec::new();
        for object in &self.objects {
            let content = FileRecord::measure(root, &object.path)?;
            objects.push(ObjectRecord { name: object.name.clone(), file: object.file.clone(), content });
        }
        let mut fingerprint = origin.fingerprint;
        fingerprint.signer = Part::of_text(&fresh.identity);
        let custom = setup.options.replace_inputs() || fingerprint.conf.is_some();
        let record = BuildRecord {
            format: Format,
            fingerprint,
            config: fresh.order.config.clone(),
            objects,
            signature: self.signature.clone(),
            duration_ms: u64::try_from(fresh.duration.as_millis()).unwrap_or(u64::MAX),
            peak_kib: fresh.peak_kib,
            asked_by: setup.options.asked_by.clone(),
            custom,
        };
        let name = |path: std::path::PathBuf| path.file_name().map(std::ffi::OsStr::to_owned).unwrap_or_default();
        let inside = |path: std::path::PathBuf| self.directory.join(name(path));
        record::write_unpublished(root, &inside(layout.record(&self.target)), &record)?;
        // What is installed of the older build is still known by its list.
        let manifest = layout.manifest(&self.target);
        if root.is_file(&manifest) {
            object::write(root, &inside(manifest.clone()), &root.read(&manifest)?)?;
        }
        if fresh.order.config.build_depends_rebuild {
            for (name, version) in &fresh.dependencies {
                object::write(root, &self.directory.join(format!(".dep_{name}")), format!("{version}\n").as_bytes())?;
            }
        }
        for directory in ["module", "log", "."] {
            root.sync_dir(&self.directory.join(directory))?;
        }
        let destination = layout.built(&self.target);
        Staged::adopt(root, &self.directory, &destination)?.publish_directory()?;
        jobs.clear_unless_mounted(&self.target.module, &layout.build(&self.target.module))?;
        drop(fresh);
        for object in &mut self.objects {
            object.path = destination.join("module").join(&object.file);
        }
        self.symvers = self.symvers.map(|_| destination.join("module/Module.symvers"));
        self.directory = destination;
        Ok(self)
    }
}

/// By what lies there: names and the signature of the first object.
fn unrecorded(setup: &Setup, module: &Path) -> Result<(Vec<SignedObject>, Signature), Error> {
    let mut objects: Vec<SignedObject> = Vec::new();
    for (file, _) in setup.root.list(module)? {
        let Ok(file) = file.into_string() else { continue };
        let suffixes = Compression::ALL.map(|compression| format!(".ko{}", compression.suffix()));
        let name = suffixes.iter().find_map(|suffix| file.strip_suffix(suffix.as_str())).map(str::to_owned);
        // Plain comes before compressed in the order of names, and counts.
        if let Some(name) = name.filter(|name| objects.iter().all(|known| known.name != *name)) {
            objects.push(SignedObject { name, path: module.join(&file), file });
        }
    }
    let signature = match objects.first() {
        Some(first) => found(&info::load(&setup.root, &first.path)?),
        None => Signature::Unsigned { reason: "there is nothing to sign".into() },
    };
    Ok((objects, signature))
}
