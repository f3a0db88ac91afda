//! One object on its way: strip, sign, compress, read back.
//!
//! The order matters: stripping a signed module would break its signature, and a compressed one can be neither. The
//! files that are changed are ours alone, in the work directory.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::compress;
use crate::build::{BuildEvent, Listener};
use crate::error::Error;
use crate::module_file::MAX_MODULE_BYTES;
use crate::module_file::compression::{self, Compression};
use crate::module_file::signature::{strip_all, strip_signature};
use crate::record::Signature;
use crate::setup::Setup;
use crate::signer::kernel_trust::KernelTrust;
use crate::signer::{Decision, Signer};
use crate::system::root::RootMut;
use crate::system::tool::last_lines;
use crate::trust::Signature as Seen;

/// The environment of a build.
type Variables = BTreeMap<OsString, OsString>;

/// What becomes of the signature that an object may have arrived with.
pub(super) enum Arrived {
    /// It stays: the kernel trusts it.
    Keeps(Signature),
    /// The object without any signature.
    At(PathBuf),
}

/// Which signatures stay that objects arrive with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeps {
    /// None: the administrator wants our own.
    None,
    /// Those that the kernel trusts.
    Trusted,
    /// Those that it may trust, too: nothing is put in their place.
    Uncertain,
}

impl Keeps {
    pub(super) fn of(setup: &Setup, signer: &Signer) -> Self {
        match (setup.framework.keeps_signatures(), signer.signs()) {
            (false, _) => Self::None,
            (true, true) => Self::Trusted,
            (true, false) => Self::Uncertain,
        }
    }
}

/// Looks whether an object has been signed already. A signature that the kernel trusts is better left alone: ours over it
/// would make it worthless, and taint. Any other goes before ours is put, since a kernel looks at the last one only; where
/// nothing is signed it stays, unless the kernel is known not to want it.
pub(super) fn arrived(root: &RootMut, keeps: Keeps, trust: &KernelTrust<'_>, path: &Path) -> Result<Arrived, Error> {
    let content = root.read_bounded(path, MAX_MODULE_BYTES)?;
    let plain = strip_all(&content);
    if plain.len() == content.len() {
        return Ok(Arrived::At(path.to_owned()));
    }
    let trusted = match trust.judge(&content).signature {
        Seen::Good { .. } => true,
        Seen::Uncertain { .. } => keeps == Keeps::Uncertain,
        _ => false,
    };
    if trusted && keeps != Keeps::None {
        return Ok(Arrived::Keeps(super::found(&content)));
    }
    let bare = path.with_extension("ko.unsigned");
    let mut file = root.create_new(&bare, 0o644)?;
    file.write_all(plain).map_err(Error::io("write", &bare))?;
    Ok(Arrived::At(bare))
}

/// Takes debugging information out, into a file of its own beside the object: make may want to find its own unchanged.
/// `None` if that did not work, which costs room and nothing else.
pub(super) fn strip(
    setup: &Setup,
    object: &Path,
    llvm: bool,
    environment: &Variables,
    listener: Listener<'_>,
) -> Result<Option<PathBuf>, Error> {
    let stripped = object.with_extension("ko.stripped");
    let program = if llvm { "llvm-strip" } else { "strip" };
    let run = || {
        let tool = setup.tool(program)?.defaults(environment);
        tool.arg("-g").arg("-o").arg(&stripped).arg(object).require()
    };
    match run() {
        Ok(_) => Ok(Some(stripped)),
        Err(error @ (Error::ToolMissing { .. } | Error::ToolFailed { .. })) => {
            let text = format!("cannot strip `{}`: {error}", object.display());
            listener(BuildEvent::Warning(text));
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Signs a file in place, if the signer says so, and looks whether it really is. `None` if it is not to be signed.
/// The program finds the environment of the build: the administrator's file may set what opens the key.
pub(super) fn sign(
    setup: &Setup,
    signer: &Signer,
    environment: &Variables,
    object: &Path,
) -> Result<Option<Signature>, Error> {
    let Decision::Sign { program, digest, key, certificate } = &signer.decision else { return Ok(None) };
    let tool = setup.tool(program)?.defaults(environment);
    let captured = tool.arg(digest).arg(key).arg(certificate).arg(object).capture()?;
    if !captured.finished.end.success() {
        // Without its name the complaint is the same for all modules, and reported once.
        let words = last_lines(captured.complaint()).replace(&*object.to_string_lossy(), "the module");
        let reason = format!("`{}` {}: {words}", program.display(), captured.finished.end);
        return Ok(Some(Signature::Failed { reason }));
    }
    let content = setup.root.read_bounded(object, MAX_MODULE_BYTES)?;
    Ok(Some(match strip_signature(&content).1 {
        Some(trailer) => Signature::Signed {
            signer: trailer.signer,
            digest: if trailer.digest.is_empty() { digest.clone() } else { trailer.digest },
            key: key.clone(),
        },
        None => Signature::Failed { reason: format!("`{}` added no signature", program.display()) },
    }))
}

/// Stores a file in the kernel's format under its final name, and reads it back.
pub(super) fn pack(
    setup: &Setup,
    root: &RootMut,
    plain: &Path,
    path: &Path,
    compression: Compression,
) -> Result<(), Error> {
    let content = setup.root.read_bounded(plain, MAX_MODULE_BYTES)?;
    let level = compress::Levels::from(&setup.framework);
    let packed = compress::compress(&content, compression, &level).map_err(Error::io("compress", path))?;
    write(root, path, &packed)?;
    let wrong = |reason: String| Error::ModuleUnreadable { path: path.to_owned(), reason };
    let stored = setup.root.read(path)?;
    let unpacked = compression::unpack(stored, MAX_MODULE_BYTES).map_err(wrong)?;
    if unpacked == content { Ok(()) } else { Err(wrong("what is stored is not what was written".into())) }
}

/// Writes a new file and waits until it is on disk.
pub(super) fn write(root: &RootMut, path: &Path, content: &[u8]) -> Result<(), Error> {
    let mut file = root.create_new(path, 0o644)?;
    file.write_all(content).map_err(Error::io("write", path))?;
    root.set_mode(path, 0o644)?;
    file.sync_all().map_err(Error::io("sync", path))
}
