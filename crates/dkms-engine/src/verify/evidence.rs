//! What is known of one object that is to be loaded, and what follows from it.
//!
//! Pure: everything was looked at before.

use std::path::Path;

use crate::facts::fit::Offer;
use crate::facts::kernel::KernelConfig;
use crate::facts::modprobe_conf::{Bar, Place, Stops};
use crate::module_file::same_build::{self, SameBuild};
use crate::system::tool::quoted;
use crate::trust::{Answer, Circumstances, Insists, Signature, Trust};
use crate::verdict::Kind;

/// Something that keeps an object from being loaded, or that is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What sort of fault it is.
    pub kind: Kind,
    /// It keeps the object from being loaded; else that cannot be told.
    pub certain: bool,
    /// Why, as a fragment of a sentence.
    pub reason: String,
    /// What to type, if one command mends it.
    pub command: Option<String>,
}

impl Fault {
    fn new(kind: Kind, reason: impl Into<String>) -> Self {
        Self { kind, certain: true, reason: reason.into(), command: None }
    }

    fn unknown(kind: Kind, reason: impl Into<String>) -> Self {
        Self { certain: false, ..Self::new(kind, reason) }
    }

    /// A file that does not unpack.
    pub(super) fn unpacking(reason: &str) -> Self {
        Self::new(Kind::Compression, format!("it does not unpack: {reason}"))
    }

    /// Whether installing it again mends it, where nothing else is named.
    pub(super) fn goes_by_installing(&self) -> bool {
        self.certain && !matches!(self.kind, Kind::Barred | Kind::Initramfs | Kind::Unlisted)
    }

    fn mended_by(self, command: impl Into<String>) -> Self {
        Self { command: Some(command.into()), ..self }
    }
}

/// What there is of one object.
pub(super) struct Evidence<'a> {
    /// Where it is installed, in-root.
    pub(super) path: &'a Path,
    /// The file's bytes as they are stored, and unpacked.
    pub(super) stored: &'a [u8],
    pub(super) module: &'a [u8],
    /// Its kernel.
    pub(super) release: &'a str,
    pub(super) config: &'a KernelConfig,
    pub(super) offer: &'a Offer,
    /// What depmod's index lists for its name, in-root.
    pub(super) listed: Result<Option<&'a Path>, &'a str>,
    /// That is there, and the index is not older than the object.
    pub(super) is_listed_now: bool,
    /// Settings that stop it.
    pub(super) bars: &'a [Bar],
    /// What the initial file system has of it, unpacked.
    pub(super) inside: Copy,
    /// The command that makes the initial file system again.
    pub(super) remake: Option<&'a str>,
    pub(super) circumstances: Circumstances<'a>,
    /// After a person has confirmed what shim is asked for.
    pub(super) confirmed: Option<Circumstances<'a>>,
}

/// The copy in an initial file system.
pub(super) enum Copy {
    /// There is no such file, or no such module in it.
    None,
    /// This one is loaded, unpacked.
    Module(Vec<u8>),
    /// Which one is loaded, or what it is, cannot be told.
    Unknown(String),
}

impl Evidence<'_> {
    /// All faults, the one that comes first at a boot first.
    pub(super) fn faults(&self) -> Vec<Fault> {
        let mut faults: Vec<Fault> = self.barred().into_iter().chain(self.initramfs()).chain(self.unlisted()).collect();
        faults.extend(self.compression());
        faults.extend(self.unfit());
        faults.extend(self.untrusted(self.module, Kind::Untrusted, None));
        faults
    }

    fn barred(&self) -> Vec<Fault> {
        let fault = |bar: &Bar| {
            let what = match bar.stops {
                Stops::Kernel => "the kernel refuses it",
                Stops::Modprobe => "modprobe does not load it",
                Stops::Alias => "no device loads it",
            };
            let (place, command) = match &bar.place {
                Place::Line { path, line } => (format!("{}:{line}", path.display()), self.without_lines(path)),
                Place::Word(word) => (format!("`{word}` on the kernel's command line"), None),
            };
            Fault { command, ..Fault::new(Kind::Barred, format!("{what}, because of {place}")) }
        };
        self.bars.iter().map(fault).collect()
    }

    /// The command that takes all lines of a file away that bar the object, if the file is the administrator's.
    fn without_lines(&self, file: &Path) -> Option<String> {
        let line = |bar: &Bar| match &bar.place {
            Place::Line { path, line } if path == file => Some(format!(" -e {line}d")),
            _ => None,
        };
        let lines: String = self.bars.iter().filter_map(line).collect();
        file.starts_with("/etc").then(|| format!("sed -i{lines} {}", quoted(file.as_os_str())))
    }

    fn unlisted(&self) -> Option<Fault> {
        let depmod = format!("depmod {}", self.release);
        match self.listed {
            Ok(Some(path)) if path == self.path => None,
            Ok(Some(path)) => {
                let other = path.display();
                let reason = format!("its name leads to `{other}`, not to `{}`", self.path.display());
                let aside = format!("mv {other} {other}.off && {depmod}");
                Some(Fault::new(Kind::Unlisted, reason).mended_by(if self.is_listed_now { aside } else { depmod }))
            }
            Ok(None) => Some(Fault::new(Kind::Unlisted, "depmod's index does not list it").mended_by(depmod)),
            Err(reason) => Some(Fault::new(Kind::Unlisted, reason).mended_by(depmod)),
        }
    }

    /// The kernel's own decompressor of xz verifies no check but CRC32 (`lib/xz/xz_dec_stream.c`).
    fn compression(&self) -> Option<Fault> {
        /// Magic of a file of xz; the kind of check is in the byte after the next.
        const XZ: &[u8] = b"\xfd7zXZ\0";
        const READABLE: [u8; 2] = [0, 1];
        let by_kernel = ["CONFIG_MODULE_DECOMPRESS", "CONFIG_MODULE_COMPRESS_XZ"];
        let is_by_kernel = by_kernel.iter().all(|option| self.config.enabled(option));
        let check = self.stored.strip_prefix(XZ).and_then(|rest| rest.get(1)).map(|flags| flags & 15)?;
        (is_by_kernel && !READABLE.contains(&check))
            .then(|| Fault::new(Kind::Compression, "the kernel cannot unpack it: xz with another check than CRC32"))
    }

    fn unfit(&self) -> Option<Fault> {
        match self.offer.objection(self.module) {
            Err(reason) | Ok(Some(reason)) => Some(Fault::new(Kind::Unfit, reason)),
            Ok(None) if !self.offer.is_known() => {
                Some(Fault::unknown(Kind::Unfit, "nothing tells which symbols the kernel has; its headers do"))
            }
            Ok(None) => None,
        }
    }

    fn initramfs(&self) -> Option<Fault> {
        let mended = |fault: Fault| match self.remake {
            Some(command) => fault.mended_by(command),
            None => fault,
        };
        match &self.inside {
            Copy::None => None,
            Copy::Unknown(reason) => {
                Some(mended(Fault::unknown(Kind::Initramfs, format!("its initramfs cannot be judged: {reason}"))))
            }
            Copy::Module(module) => match same_build::compare(self.module, module) {
                SameBuild::Other => Some(mended(Fault::new(
                    Kind::Initramfs,
                    "its initramfs has another build of it, which is loaded first",
                ))),
                SameBuild::CannotTell => Some(mended(Fault::unknown(
                    Kind::Initramfs,
                    "whether its initramfs has the same build cannot be told",
                ))),
                // The installed one is judged by itself.
                SameBuild::Same if self.circumstances.judge(self.module).trust == Trust::Refused => None,
                SameBuild::Same => {
                    self.untrusted(module, Kind::Initramfs, Some("the copy in its initramfs")).map(mended)
                }
            },
        }
    }

    /// `copy` names another file than what is installed.
    fn untrusted(&self, module: &[u8], kind: Kind, copy: Option<&str>) -> Option<Fault> {
        let answer = self.circumstances.judge(module);
        let later = self.confirmed.as_ref().map(|confirmed| confirmed.judge(module).trust);
        if later.is_some_and(|later| later != answer.trust) {
            let reason = "it depends on what is answered to shim's question about keys at the next boot";
            return Some(Fault::unknown(kind, reason).mended_by(format!("dkms mok status -k {}", self.release)));
        }
        match answer.trust {
            Trust::Accepted => None,
            Trust::Refused => Some(refused(&answer, kind, copy.unwrap_or("it"), self.release)),
            Trust::CannotTell => {
                let reason = match (&answer.signature, &answer.insists) {
                    (Signature::Uncertain { reason, .. }, _) | (_, Insists::Unknown { reason }) => reason.as_str(),
                    _ => "its circumstances are not known",
                };
                let whose = copy.map_or_else(|| "its signature".to_owned(), |copy| format!("the signature of {copy}"));
                Some(Fault::unknown(kind, format!("whether the kernel takes {whose} cannot be told: {reason}")))
            }
        }
    }
}

/// In words why a kernel refuses `what`.
fn refused(answer: &Answer, kind: Kind, what: &str, release: &str) -> Fault {
    let because = match &answer.insists {
        Insists::Yes { because, .. } => format!(", and the kernel insists on one that it trusts ({because})"),
        Insists::No | Insists::Unknown { .. } => String::new(),
    };
    let keys = format!("dkms mok status -k {release}");
    let fault = |reason: String| Fault::new(kind, reason);
    match &answer.signature {
        Signature::Missing => fault(format!("{what} has no signature{because}")),
        Signature::UnknownKey { reason: None } => {
            fault(format!("{what} is signed by a key that the kernel does not know{because}")).mended_by(keys)
        }
        Signature::UnknownKey { reason: Some(reason) } => {
            fault(format!("{what} is signed by a key that does not count: {reason}{because}")).mended_by(keys)
        }
        Signature::Unsupported { what: unsupported } => {
            fault(format!("{what} has a signature that the kernel cannot verify: {unsupported}{because}"))
        }
        Signature::Revoked { by } => fault(format!("{what} is revoked in {by}")).mended_by(keys),
        Signature::Wrong => fault(format!("{what} was changed after it was signed")),
        _ => fault(format!("{what} has a damaged signature")),
    }
}
