//! Signing: from verified objects to the only thing that [`crate::install`] accepts.
//!
//! [`sign`] runs in the worker thread that built: each object is stripped, signed, compressed as the kernel's own modules
//! are and read back, in a directory that looks like the final `T/M/V/K/A`; then POST_BUILD sees it in its place.
//! [`Signed::store`] publishes it in one step. A finished build on disk, ours or the original's, is a [`Signed`] too
//! ([`Signed::load`]).
//!
//! Not being able to sign is a recorded state; it is an error only where the kernel would refuse the module.

mod compress;
pub mod keys;
mod object;
mod store;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::build::place::{self, Shown, Site};
use crate::build::steps::Steps;
use crate::build::{BuildEvent, BuildOrder, Built, Failed, Listener, Work, cannot_execute, object_name, token};
use crate::error::Error;
use crate::jobs::Jobs;
use crate::module_file::info;
use crate::record::Signature;
use crate::setup::Setup;
use crate::signer::Signer;
use crate::signer::kernel_trust::KernelTrust;
use crate::target::Target;
use object::{Arrived, Keeps};
pub use store::Origin;

/// Objects of which it was decided and checked whether they bear a signature.
#[derive(Debug)]
pub struct Signed {
    /// Which module for which kernel.
    pub target: Target,
    /// In-root directory with what becomes, or is, `T/M/V/K/A`.
    pub directory: PathBuf,
    /// The objects, in the order of the configuration's records.
    pub objects: Vec<SignedObject>,
    /// The table of exported symbols, in-root, if the build has one.
    pub symvers: Option<PathBuf>,
    /// How the signing went.
    pub signature: Signature,
    /// What is known of the build while it is not stored yet.
    fresh: Option<Fresh>,
}

/// One object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedObject {
    /// DEST_MODULE_NAME.
    pub name: String,
    /// File name with all suffixes.
    pub file: String,
    /// In-root path.
    pub path: PathBuf,
}

#[derive(Debug)]
struct Fresh {
    order: BuildOrder,
    duration: Duration,
    peak_kib: u64,
    /// Names and versions of the modules that it was built against.
    dependencies: Vec<(String, String)>,
    identity: String,
    /// Owns the directory.
    work: Work,
}

impl Signed {
    /// Wall time of a build that is not stored yet.
    pub fn duration(&self) -> Option<Duration> {
        self.fresh.as_ref().map(|fresh| fresh.duration)
    }

    /// What a build that is not stored yet changed in its own source.
    pub(crate) fn own_changes(&self) -> Vec<(String, crate::fingerprint::Part)> {
        self.fresh.as_ref().map(|fresh| fresh.work.own_changes()).unwrap_or_default()
    }
}

/// Strips, signs, compresses and reads back, and lets POST_BUILD see the result. `signer` is that of the kernel.
///
/// # Errors
/// `Failed`, with `Signing` if the kernel insists on a signature that cannot be made.
pub fn sign(
    setup: &Setup,
    built: Built,
    signer: &Signer,
    jobs: &Jobs,
    listener: Listener<'_>,
) -> Result<Signed, Box<Failed>> {
    let started = Instant::now();
    let mut built = built;
    match finish(setup, &mut built, signer, jobs, listener) {
        Ok((objects, signature)) => {
            let directory = built.work.result();
            let symvers = Some(directory.join("module/Module.symvers")).filter(|path| setup.root.is_file(path));
            let pair = |one: &crate::build::Dependency| (one.name.clone(), one.version.clone());
            let dependencies = built.dependencies.iter().map(pair).collect();
            let fresh = Fresh {
                duration: built.duration + started.elapsed(),
                peak_kib: built.peak_kib,
                dependencies,
                identity: signer.identity(&setup.root),
                work: built.work,
                order: built.order,
            };
            let target = fresh.order.target.clone();
            Ok(Signed { target, directory, objects, symvers, signature, fresh: Some(fresh) })
        }
        Err(error) => {
            let began = started.checked_sub(built.duration).unwrap_or(started);
            Err(Box::new(Failed::new(setup, &built.order, error, began, &built.log, built.work)))
        }
    }
}

fn finish(
    setup: &Setup,
    built: &mut Built,
    signer: &Signer,
    jobs: &Jobs,
    listener: Listener<'_>,
) -> Result<(Vec<SignedObject>, Signature), Error> {
    let (objects, signature) = {
        let _token = token(setup, jobs, listener)?;
        assemble(setup, built, signer, listener)?
    };
    post_build(setup, built, jobs, listener)?;
    let log = built.work.result().join("log/make.log");
    built.work.root().rename(built.log.path(), &log)?;
    Ok((objects, signature))
}

/// The directory as it is to become.
fn assemble(
    setup: &Setup,
    built: &Built,
    signer: &Signer,
    listener: Listener<'_>,
) -> Result<(Vec<SignedObject>, Signature), Error> {
    let (root, result) = (built.work.root(), built.work.result());
    root.create_dir(&result, 0o755)?;
    root.create_dir(&result.join("log"), 0o755)?;
    root.create_dir(&result.join("module"), 0o755)?;
    let symvers = built.work.build().join("Module.symvers");
    if root.is_file(&symvers) {
        object::write(root, &result.join("module/Module.symvers"), &root.read(&symvers)?)?;
    }
    let trust = KernelTrust::new(setup, &built.order.kernel);
    let (mut objects, mut signature) = (Vec::new(), signer.unsigned());
    for built_object in &built.objects {
        setup.cancel.check()?;
        let Some(record) = built.order.config.records.get(built_object.record) else { continue };
        let name = object_name(record);
        if signer.signs() {
            listener(BuildEvent::Signing { object: name.clone() });
        }
        let arrived = object::arrived(root, Keeps::of(setup, signer), &trust, &built_object.path)?;
        let llvm = built.compiler.cc.as_deref() == Some("clang");
        let (plain, attempt) = match arrived {
            Arrived::Keeps(signature) => (built_object.path.clone(), Some(signature)),
            Arrived::At(path) => {
                let stripped =
                    if record.strip { object::strip(setup, &path, llvm, &built.environment, listener)? } else { None };
                let plain = stripped.unwrap_or(path);
                let attempt = object::sign(setup, signer, &built.environment, &plain)?;
                (plain, attempt)
            }
        };
        // One object that could not be signed decides: the others are of no use without it.
        match (&attempt, &signature) {
            (Some(_), Some(Signature::Failed { .. })) | (None, _) => {}
            (Some(new), _) => signature = Some(new.clone()),
        }
        if let Some(reason) = failure(attempt.as_ref()).filter(|_| trust.refuses_unsigned()) {
            return Err(Error::Signing { object: name, reason: reason.to_owned() });
        }
        let compression = built.order.kernel.compression;
        let file = format!("{}.ko{}", record.dest_name, compression.suffix());
        let path = result.join("module").join(&file);
        object::pack(setup, root, &plain, &path, compression)?;
        objects.push(SignedObject { name: record.dest_name.clone(), file, path });
    }
    let signature = signature.unwrap_or_else(|| Signature::Unsigned { reason: "there is nothing to sign".into() });
    if let Some(reason) = failure(Some(&signature)) {
        if let Some(first) = objects.first().filter(|_| trust.refuses_unsigned()) {
            return Err(Error::Signing { object: first.name.clone(), reason: reason.to_owned() });
        }
    }
    Ok((objects, signature))
}

/// Why something could not be signed.
fn failure(signature: Option<&Signature>) -> Option<&str> {
    match signature {
        Some(Signature::Failed { reason }) => Some(reason),
        _ => None,
    }
}

/// POST_BUILD finds what was built under its final name; the older build that may be there stays, and comes to light
/// again if the script fails.
fn post_build(setup: &Setup, built: &mut Built, jobs: &Jobs, listener: Listener<'_>) -> Result<(), Error> {
    let Some(script) = built.order.config.scripts.post_build.clone() else { return Ok(()) };
    let target = &built.order.target;
    let shown = Shown { from: built.work.result(), to: setup.layout.built(target) };
    let site = Site { module: &target.module, kernel: &built.order.kernel, work: &built.work };
    let (order, environment, log) = (&built.order, &built.environment, &mut built.log);
    place::with(
        setup,
        jobs,
        site,
        &[shown],
        || Ok(()),
        |place| {
            let _token = token(setup, jobs, listener)?;
            let result = Steps::new(setup, order, place, environment, log, listener).script("POST_BUILD", &script);
            result.map_err(|error| cannot_execute(setup, &built.work.build(), error))
        },
    )
}

/// The signature that a stored module bears.
fn found(content: &[u8]) -> Signature {
    match info::ModuleInfo::parse(content).ok().and_then(|info| info.signature) {
        Some(trailer) => Signature::Signed { signer: trailer.signer, digest: trailer.digest, key: trailer.key },
        None => Signature::Unsigned { reason: "it was built so".into() },
    }
}

#[cfg(test)]
mod tests;
