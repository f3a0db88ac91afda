//! depmod: once per kernel at the end of a run that changed its files.
//!
//! Left out where the kernel's own modules are not there (only its headers are installed): the kernel package runs it
//! when it comes, and until then its files would be litter in a directory without an owner. depmod itself knows only
//! the usual places of modules; for another install tree it gets a base directory in which that tree has the usual
//! name.

use std::path::{Path, PathBuf};

use super::event::InstallEvent;
use super::session::Session;
use crate::error::Error;
use crate::facts::kernels;
use crate::layout::{BOOT, MODULE_DIRS};
use crate::setup::Setup;
use crate::system::lock::Guard;
use crate::system::staged::Staged;

/// Runs depmod for one kernel and takes note of it. A kernel whose directory has vanished needs none.
///
/// # Errors
/// `Depmod`; what was installed for the kernel is then to be taken back ([`super::roll_back`]). `Interrupted`; then it stays,
/// and the note of it makes the next run do it.
pub fn depmod(session: &mut Session<'_>, release: &str) -> Result<(), Error> {
    let directory = kernels::directory(session.setup, release);
    if session.root().is_dir(&directory) {
        if is_usable(session, &directory) {
            session.say(InstallEvent::DepmodBegins { release: release.to_owned() });
            run(session, release, &directory)?;
            session.say(InstallEvent::DepmodEnded { release: release.to_owned() });
        } else {
            session.say(InstallEvent::DepmodLeftOut { release: release.to_owned() });
        }
    }
    session.settle_depmod(release)
}

/// Whether a run was cut off after it changed a kernel's files and before depmod ran.
pub fn is_depmod_pending(setup: &Setup) -> bool {
    let pending = setup.layout.depmod_pending("x");
    // A dkms that is called from inside a run leaves that to the run.
    let inside = setup.environment.get(crate::system::lock::HELD).is_some();
    !inside && setup.root.list(pending.parent().unwrap_or(&pending)).is_ok_and(|entries| !entries.is_empty())
}

/// Has the next run that sees to it make the index of a kernel again.
///
/// # Errors
/// `Io`.
pub fn request_depmod(setup: &Setup, guard: &Guard, release: &str) -> Result<(), Error> {
    Staged::file(guard.root(), &setup.layout.depmod_pending(release), b"", 0o644)?.publish()
}

/// For `--no-depmod`: the caller sees to it himself.
///
/// # Errors
/// `Io`.
pub fn forgo_depmod(session: &mut Session<'_>, release: &str) -> Result<(), Error> {
    session.settle_depmod(release)
}

fn is_usable(session: &Session<'_>, directory: &Path) -> bool {
    session.root().exists(&directory.join("modules.dep")) || kernels::has_image(session.setup, directory)
}

fn run(session: &Session<'_>, release: &str, directory: &Path) -> Result<(), Error> {
    let failed = |reason: String| Error::Depmod { kernel: release.to_owned(), reason };
    let (setup, root) = (session.setup, session.root());
    let mut tool = setup.tool("depmod").map_err(|error| failed(error.to_string()))?.inherit(&setup.environment);
    tool = tool.arg("-a");
    let symbols = Path::new(BOOT).join(format!("System.map-{release}"));
    if root.is_file(&symbols) {
        tool = tool.arg("-F").arg(&symbols);
    }
    let base = base(session, release, directory)?;
    if let Some(base) = &base {
        tool = tool.arg("-b").arg(base.path());
    }
    let captured = tool.arg(release).capture()?;
    captured.finished.require(captured.complaint()).map_err(|error| failed(error.to_string()))
}

/// A directory that has the install tree under every usual name, or `None` if depmod finds it without help.
fn base(session: &Session<'_>, release: &str, directory: &Path) -> Result<Option<Staged>, Error> {
    let root = session.root();
    let inode = |path: &Path| root.meta(path).map(|meta| meta.inode);
    if inode(&Path::new(MODULE_DIRS[0]).join(release)) == inode(directory) {
        return Ok(None);
    }
    let tree = directory.parent().unwrap_or(Path::new("/"));
    let base = Staged::directory(root, &session.setup.layout.state().join("depmod"))?;
    for usual in MODULE_DIRS {
        let link: PathBuf = base.path().join(usual.trim_start_matches('/'));
        root.create_dir_all(link.parent().unwrap_or(Path::new("/")))?;
        root.symlink(tree, &link)?;
    }
    Ok(Some(base))
}
