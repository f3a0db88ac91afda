//! What a listener hears while modules are installed and removed: facts without words.

use std::path::PathBuf;

use crate::target::{ModuleId, Target};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InstallEvent {
    /// The version is the active one for its kernel now.
    Activated {
        /// Which.
        target: Target,
    },
    /// A module that is not ours was put aside.
    Archived {
        /// Where it was.
        from: PathBuf,
        /// Where it is kept.
        to: PathBuf,
        /// The package that brought it, if one did.
        package: Option<String>,
    },
    /// The version is not the active one any more.
    Deactivated {
        /// Which.
        target: Target,
    },
    /// depmod is about to run.
    DepmodBegins {
        /// Kernel release.
        release: String,
    },
    /// depmod ended well.
    DepmodEnded {
        /// Kernel release.
        release: String,
    },
    /// depmod is left to the kernel package, whose own modules are not there yet.
    DepmodLeftOut {
        /// Kernel release.
        release: String,
    },
    /// Nothing tells whether the kernel would load what was not built here.
    FitUnknown {
        /// What is being installed.
        target: Target,
    },
    /// Something is left where it is, because it is not known to be ours or is not what we put there.
    Left {
        /// What.
        path: PathBuf,
        /// Why.
        reason: LeftBecause,
    },
    /// A list of the distribution forces this installation.
    ListForces {
        /// The list.
        list: PathBuf,
        /// Only the versions of what is there are passed over, nothing else is forced.
        version_only: bool,
    },
    /// The kernel would not load an object, which is installed by force.
    Unfit {
        /// The object.
        object: PathBuf,
        /// Why not, as a sentence.
        reason: String,
    },
    /// Devices that are present get their modules.
    Loading {
        /// Aliases of the devices.
        aliases: Vec<String>,
    },
    /// A file that was to be removed is not there.
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// A module was placed.
    Placed {
        /// Where.
        path: PathBuf,
        /// As a link into the tree.
        link: bool,
    },
    /// The command of the administrator after a transaction begins.
    PostTransaction {
        /// The command.
        command: String,
    },
    /// The command failed; that changes nothing about what was done.
    PostTransactionFailed {
        /// The command.
        command: String,
        /// How it ended.
        outcome: String,
    },
    /// A run before this one was cut off; its work is finished or taken back.
    Recovered {
        /// What it was about.
        target: Target,
        /// It was finished, not taken back.
        finished: bool,
    },
    /// An object is not placed.
    Refused {
        /// DEST_MODULE_NAME.
        name: String,
        /// Why, as a fragment.
        reason: String,
    },
    /// One of our files was removed.
    Removed {
        /// Where it was.
        path: PathBuf,
    },
    /// A displaced module is back.
    Restored {
        /// Where.
        path: PathBuf,
    },
    /// A script of the module begins.
    ScriptBegins {
        /// Whose.
        module: ModuleId,
        /// Which directive.
        directive: &'static str,
    },
    /// A script of the module ended with a failure that stops nothing.
    ScriptFailed {
        /// Whose.
        module: ModuleId,
        /// Which directive.
        directive: &'static str,
        /// Its status.
        status: i32,
    },
    /// A script of the module says something.
    ScriptSays {
        /// The line.
        line: String,
    },
    /// A script cannot be run; the action goes on without it.
    ScriptSkipped {
        /// Which directive.
        directive: &'static str,
        /// Where it was looked for.
        path: PathBuf,
        /// It does not exist, as opposed to: may not be executed.
        missing: bool,
    },
    /// An object of one module has the place of another module's of the same name.
    TakenOver {
        /// Its name.
        object: String,
        /// Whose it was.
        from: ModuleId,
        /// Whose it is.
        to: ModuleId,
    },
    /// The program that links modules into other kernels failed; that changes nothing about what was done.
    WeakModulesFailed {
        /// What it said.
        reason: String,
    },
}

/// Why something stays where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftBecause {
    /// Its content is not what we put there.
    Changed,
    /// The note beside a displaced module names no place below its kernel's directory.
    OriginInvalid,
    /// There is no note that says where a displaced module was.
    OriginUnknown,
    /// The place of a displaced module is taken by a file that stays.
    OriginTaken,
    /// The kernel has a newer file at the place of a displaced module, so the old one is dropped.
    Superseded,
    /// Nothing of ours has that name.
    Unknown,
}
