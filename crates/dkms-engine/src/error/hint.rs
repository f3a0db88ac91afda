//! What to type next.

use std::io;
use std::path::Path;

use super::Error;
use crate::target::Target;

impl Error {
    /// What to type next, when there is something.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Error::AlreadyAdded { module, .. } => {
                format!("build it with `dkms install {module}`, or `dkms remove {module} --all` first")
            }
            Error::ArchiveKnown { module } => format!("load it with --force, or `dkms remove {module} --all` first"),
            Error::Broken { module, path } => {
                format!("put the source back at `{}` and run `dkms add {module}`", path.display())
            }
            Error::BuildMissing { target } => {
                format!("dkms build {} -k {}/{}", target.module, target.kernel.release, target.kernel.arch)
            }
            Error::ConfMissing { .. } => "check the directory; dkms.conf(5) describes the file".into(),
            Error::DepmodDue { kernel, .. } => {
                format!("dkms autoinstall -k {kernel} completes it, and so does any later run")
            }
            Error::DependencyMissing { missing, .. } => format!("dkms install {}", missing.first()?),
            Error::HeadersMissing { package: Some(package), .. } => format!("install the package `{package}`"),
            Error::HeadersMissing { .. } => {
                "install the headers of that kernel, or name them with --kernelsourcedir".into()
            }
            Error::Initramfs { command, .. } => command.clone(),
            Error::InstallRefused { target, .. } => format!(
                "dkms install {} -k {}/{} --force replaces what is there",
                target.module, target.kernel.release, target.kernel.arch
            ),
            Error::Io { source, path, .. } => return io_hint(source, path),
            Error::Keys { .. } => {
                "restore the missing file; to start over, move the other one away and run `dkms generate_mok`".into()
            }
            Error::KernelMissing { path, .. } => {
                let tree = path.parent().unwrap_or(path).display();
                format!("name an installed kernel with -k; `ls {tree}` lists them")
            }
            Error::MakeFailed { diagnosis, log, .. } | Error::ScriptFailed { diagnosis, log: Some(log), .. } => {
                let advice = diagnosis.advice.as_ref().map(|advice| format!("{advice}; ")).unwrap_or_default();
                format!("{advice}less {}", log.display())
            }
            Error::NotEnrolled { advice, .. } => return advice.clone(),
            Error::NotBuilt { log, .. } | Error::ObjectWrong { log, .. } | Error::PatchFailed { log, .. } => {
                format!("less {}", log.display())
            }
            Error::NoModuleSource { .. } => "name a directory that has a dkms.conf, or the file itself".into(),
            Error::NotAdded { module } => format!("dkms add {module}"),
            Error::ObjectMissing { target, .. } => {
                format!("dkms build {} -k {}/{} --force", target.module, target.kernel.release, target.kernel.arch)
            }
            Error::OsRelease => "reinstall the package that has os-release (`base-files` on Debian)".into(),
            Error::Privilege { .. } => "run the command again with sudo".into(),
            Error::SourceMissing { path } => format!(
                "put the source there, or name another directory: dkms add DIRECTORY (looked at {})",
                path.display()
            ),
            Error::SourceUncopied { cause, .. } => return cause.hint(),
            Error::State { path, .. } => format!("it can be rebuilt: rm {}", path.display()),
            Error::TookTooLong { log, .. } => {
                format!("less {}; a larger `build_timeout` in framework.conf allows it more time", log.display())
            }
            Error::ToolMissing { program } => format!("install the package that has `{program}`"),
            _ => return self.hint_about_a_place(),
        })
    }

    /// The same for what lies, or is built, where it does not fit.
    fn hint_about_a_place(&self) -> Option<String> {
        Some(match self {
            Error::DestinationInvalid { .. } => {
                "make it a real directory below the kernel's module directory and run the command again".into()
            }
            Error::NoExec { path, .. } => {
                format!(
                    "mount -o remount,exec on the file system of `{}`, or use a tree elsewhere (--dkmstree)",
                    path.display()
                )
            }
            Error::ObjectUnfit { target, .. } => {
                let Target { module, kernel } = target;
                let kernel = format!("{}/{}", kernel.release, kernel.arch);
                format!("dkms build {module} -k {kernel} --force builds it here, if its source is registered")
            }
            _ => return None,
        })
    }
}

fn io_hint(source: &io::Error, path: &Path) -> Option<String> {
    match source.kind() {
        io::ErrorKind::StorageFull => {
            Some(format!("make room on the file system of `{}` and run the command again", path.display()))
        }
        io::ErrorKind::FileTooLarge => Some(
            "the caller of dkms limits the size of files: run the command again after `ulimit -f unlimited`".into(),
        ),
        _ if source.raw_os_error() == Some(rustix::io::Errno::MFILE.raw_os_error()) => Some(
            "the caller of dkms limits the number of open files: run the command again after `ulimit -n 1024`".into(),
        ),
        io::ErrorKind::ReadOnlyFilesystem => Some("mount it writable and run the command again".into()),
        io::ErrorKind::PermissionDenied => Some("run the command again with sudo".into()),
        _ => None,
    }
}
