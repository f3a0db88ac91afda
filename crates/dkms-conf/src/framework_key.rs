//! Every setting of `framework.conf`: one row each, read by the parser, the manual page and the lints.

/// The name of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each variant is described by its row in TABLE")]
pub enum Key {
    DkmsTree,
    SourceTree,
    InstallTree,
    TmpLocation,
    Verbose,
    SymlinkModules,
    AutoinstallAllKernels,
    ModprobeOnInstall,
    ParallelJobs,
    CompressGzipOpts,
    CompressXzOpts,
    CompressZstdOpts,
    PostTransaction,
    SignFile,
    MokSigningKey,
    MokCertificate,
    BuildEnvironment,
    TrySignModules,
    Sign,
    ContinueOnError,
    BuildTimeout,
    ConfShell,
    OnFailure,
    OnUnsupportedKernel,
}

/// What sort of value a setting has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// Any text: a path, a command, options.
    Text,
    /// Yes or no, in the usual spellings.
    Flag,
    /// A number.
    Number,
    /// One of these words.
    Word(&'static [&'static str]),
}

/// One row of the table.
#[derive(Debug)]
pub struct KeyRow {
    /// The setting.
    pub key: Key,
    /// Its name as written in the file.
    pub name: &'static str,
    /// What sort of value it has.
    pub kind: KeyKind,
    /// The value when it is not set; variables are other settings.
    pub default: &'static str,
    /// The original does not know it.
    pub is_ours: bool,
    /// What it means, for the manual page.
    pub doc: &'static str,
}

use Key as K;
use KeyKind::{Flag, Number, Text, Word};

const fn row(key: Key, name: &'static str, kind: KeyKind, default: &'static str, doc: &'static str) -> KeyRow {
    KeyRow { key, name, kind, default, is_ours: false, doc }
}

const fn ours(mut row: KeyRow) -> KeyRow {
    row.is_ours = true;
    row
}

/// The table of all settings.
pub static TABLE: [KeyRow; 24] = [
    row(K::DkmsTree, "dkms_tree", Text, "/var/lib/dkms", "Directory of the state of dkms."),
    row(K::SourceTree, "source_tree", Text, "/usr/src", "Directory of the sources of modules."),
    row(
        K::InstallTree,
        "install_tree",
        Text,
        "",
        "Directory in which each kernel has its modules. Default: `/lib/modules`, or `/usr/lib/modules` where the distribution uses that.",
    ),
    row(
        K::TmpLocation,
        "tmp_location",
        Text,
        "",
        "Directory for temporary files. Default: `TMPDIR` of the environment, or `/tmp`.",
    ),
    row(K::Verbose, "verbose", Flag, "", "Say more."),
    row(
        K::SymlinkModules,
        "symlink_modules",
        Flag,
        "",
        "Install a symbolic link to the built module instead of a copy.",
    ),
    row(
        K::AutoinstallAllKernels,
        "autoinstall_all_kernels",
        Flag,
        "",
        "Build a newly installed module package for all installed kernels instead of the running and the newest one.",
    ),
    row(
        K::ModprobeOnInstall,
        "modprobe_on_install",
        Flag,
        "",
        "After an installation for the running kernel, load the modules of devices that are present.",
    ),
    row(
        K::ParallelJobs,
        "parallel_jobs",
        Number,
        "",
        "Number of compilers at a time, for all modules together; 0 for no limit. Default: the number of processors that dkms may use.",
    ),
    row(K::CompressGzipOpts, "compress_gzip_opts", Text, "", "Options for the compression of modules with gzip."),
    row(
        K::CompressXzOpts,
        "compress_xz_opts",
        Text,
        "--check=crc32 --lzma2=dict=1MiB",
        "Options for the compression of modules with xz.",
    ),
    row(
        K::CompressZstdOpts,
        "compress_zstd_opts",
        Text,
        "-q --rm -T0",
        "Options for the compression of modules with zstd.",
    ),
    row(
        K::PostTransaction,
        "post_transaction",
        Text,
        "",
        "Shell command to run once after modules were installed or removed. `$kernelver` is the kernel.",
    ),
    row(
        K::SignFile,
        "sign_file",
        Text,
        "",
        "Program that signs modules. `$kernelver` is the kernel. Default: the one that comes with the kernel's headers.",
    ),
    row(
        K::MokSigningKey,
        "mok_signing_key",
        Text,
        "$dkms_tree/mok.key",
        "Private key to sign with: a path, in which `$kernelver` is the kernel, or a `pkcs11:` URI.",
    ),
    row(
        K::MokCertificate,
        "mok_certificate",
        Text,
        "$dkms_tree/mok.pub",
        "Certificate that belongs to the key. `$kernelver` is the kernel.",
    ),
    row(
        K::BuildEnvironment,
        "build_environment",
        Text,
        "",
        "Shell file sourced before each build; what it exports is put into the environment of the build. `$kernelver` is the kernel.",
    ),
    row(
        K::TrySignModules,
        "try_sign_modules",
        Word(&["true", "false", "not_in_chroot"]),
        "not_in_chroot",
        "Sign modules: `true`, `false`, or unless the root is that of an image being made.",
    ),
    ours(row(
        K::Sign,
        "sign",
        Word(&["keep", "local"]),
        "keep",
        "Of a module that comes with a signature which the kernel trusts: \"keep\" it, or sign all with the local key.",
    )),
    row(
        K::ContinueOnError,
        "continue_on_error",
        Flag,
        "true",
        "The configuration of a module package goes on although a module could not be built for one of the kernels.",
    ),
    ours(row(
        K::BuildTimeout,
        "build_timeout",
        Number,
        "14400",
        "Seconds that a step of a build, a script of a module or any other program that dkms runs may take; 0 for no limit. One that takes longer is ended with all that it started, its module has failed, and the others go on.",
    )),
    ours(row(
        K::ConfShell,
        "conf_shell",
        Word(&["contained", "never"]),
        "contained",
        "What to do with a `dkms.conf` that only a shell can evaluate: `contained` lets an unprivileged bash without network do it, `never` makes it an error.",
    )),
    ours(row(
        K::OnFailure,
        "on_failure",
        Word(&["continue", "fail"]),
        "continue",
        "What a module that cannot be built means for the transaction that installs a kernel: `continue` reports it and goes on, `fail` makes the hook fail.",
    )),
    ours(row(
        K::OnUnsupportedKernel,
        "on_unsupported_kernel",
        Word(&["continue", "fail", "abort"]),
        "continue",
        "The same for a kernel that a module says it is not meant for. `abort` is `fail`, and where the package manager can ask before it begins, the transaction is not begun: with pacman, by the package `dkms-pacman-check`.",
    )),
];

impl Key {
    /// The row of this setting.
    #[must_use]
    pub fn row(self) -> &'static KeyRow {
        &TABLE[self as usize]
    }

    /// The setting called `name`, exactly.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.name == name).map(|row| row.key)
    }
}

impl KeyKind {
    /// What is odd about a value, as the rest of a sentence that begins with the name.
    pub(crate) fn check(self, value: &str) -> Result<(), String> {
        match self {
            Flag if Self::yes_no(value).is_none() => {
                Err(format!("is `{value}`, which is neither `yes` nor `no`; taken as `yes`"))
            }
            Number if !value.is_empty() && value.parse::<u32>().is_err() => {
                Err(format!("is `{value}`, which is no number; left out"))
            }
            Word(words) if !value.is_empty() && !words.contains(&value) => {
                Err(format!("is `{value}`, which is none of `{}`", words.join("`, `")))
            }
            _ => Ok(()),
        }
    }

    /// The usual spellings of yes and no.
    pub(crate) fn yes_no(value: &str) -> Option<bool> {
        match value.to_ascii_lowercase().as_str() {
            "yes" | "y" | "true" | "1" | "on" => Some(true),
            "no" | "n" | "false" | "0" | "off" | "" => Some(false),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_at_the_place_of_their_key() {
        for (place, row) in TABLE.iter().enumerate() {
            assert_eq!(row.key as usize, place);
            assert_eq!(Key::from_name(row.name), Some(row.key));
            assert!(row.kind.check(row.default).is_ok());
        }
    }
}
