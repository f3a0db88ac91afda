//! `dkms-pacman-check`: which registered modules do not support a kernel that pacman is about to bring.
//!
//! ```text
//! dkms-pacman-check --stdin < paths   its hook, before a transaction
//! dkms-pacman-check                   a person: the kernels that an upgrade would bring, by pacman's databases
//! ```
//!
//! It tells, and changes nothing. It ends with 1 only if a module objects and framework.conf says
//! `on_unsupported_kernel="abort"`; whatever else goes wrong is told and keeps nobody from an upgrade. This is the only
//! program of ours that links libalpm, and nothing else needs it.

mod databases;
mod pacman_conf;
mod release;
mod targets;

use std::io::Write;
use std::process::ExitCode;

use dkms_conf::framework::OnUnsupportedKernel;
use dkms_engine::error::Error;
use dkms_engine::forecast::{Objection, unsupported};
use dkms_engine::setup::Setup;
use targets::Targets;

const USAGE: &str = "usage: dkms-pacman-check [--stdin]\n\n\
    Says which registered modules do not support the kernels that an upgrade would bring, by the databases of the last\n\
    `pacman -Sy`; with --stdin the kernels and modules among the paths on standard input, as pacman's hook has them.\n";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--stdin"] => dkms_hook::run("pacman-check", |setup| Ok(before_transaction(setup))),
        [] => dkms_hook::run("pacman-check", |setup| Ok(for_a_person(setup))),
        ["-h" | "--help"] => {
            print(USAGE);
            ExitCode::SUCCESS
        }
        _ => {
            dkms_hook::say(USAGE);
            ExitCode::from(2)
        }
    }
}

/// Whether the transaction is not to be begun.
fn before_transaction(setup: &Setup) -> bool {
    let targets = Targets::read(std::io::stdin().lock());
    let mut objections = Vec::new();
    for release in &targets.releases {
        // A module that comes in the same transaction may say something else; nobody knows before it is there.
        let (open, stays): (Vec<_>, Vec<_>) =
            of_kernel(setup, release).into_iter().partition(|objection| targets.replaces(&objection.module));
        for Objection { module, release, .. } in &open {
            dkms_hook::say(&format!(
                "{module} is replaced along with the coming of kernel {release}: nothing is known yet"
            ));
        }
        objections.extend(stays);
    }
    told(setup, &objections)
}

/// The same as a status for a person.
fn for_a_person(setup: &Setup) -> bool {
    let coming = match databases::coming(setup) {
        Ok(coming) => coming,
        Err(problem) => {
            dkms_hook::say(&format!(
                "warning: {problem}\nhint: pacman -Sy, or pacman -Dk to have the databases checked"
            ));
            return false;
        }
    };
    if coming.is_empty() {
        print("no kernel would be upgraded, as far as the databases tell\n");
    }
    let mut objections = Vec::new();
    for kernel in coming {
        print(&format!("{kernel}\n"));
        objections.extend(of_kernel(setup, &kernel.release));
    }
    told(setup, &objections)
}

fn of_kernel(setup: &Setup, release: &str) -> Vec<Objection> {
    match unsupported(setup, release) {
        Ok(objections) => objections,
        // A directory that no kernel of ours could have is nobody's kernel.
        Err(Error::NameInvalid { .. }) => Vec::new(),
        Err(error) => {
            dkms_hook::say(&format!("warning: what modules say about kernel {release} is not known: {error}"));
            Vec::new()
        }
    }
}

/// Tells them; whether they are a reason to stop.
fn told(setup: &Setup, objections: &[Objection]) -> bool {
    for objection in objections {
        dkms_hook::say(&format!("warning: {objection}"));
    }
    let stops = !objections.is_empty() && setup.framework.on_unsupported_kernel() == OnUnsupportedKernel::Abort;
    if stops {
        dkms_hook::say(
            "error: on_unsupported_kernel in /etc/dkms/framework.conf is `abort`\n\
             hint: pacman -Syu --ignore KERNEL-PACKAGE, or dkms remove MODULE/VERSION --all",
        );
    }
    stops
}

/// Nobody is left to tell when standard output is closed.
fn print(text: &str) {
    drop(std::io::stdout().write_all(text.as_bytes()));
}
