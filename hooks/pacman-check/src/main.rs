//! `dkms-pacman-check`: which registered modules do not support a kernel that pacman is about to bring.
//!
//! ```text
//! dkms-pacman-check --stdin < paths   its hook, before a transaction
//! dkms-pacman-check                   a person: the kernels that an upgrade would bring, by pacman's databases
//! ```
//!
//! It tells, and changes nothing. It ends with 1 only if a module objects and framework.conf says
//! `on_unsupported_kernel="abort"`; whatever else goes wrong is reported and stops no upgrade. This is the only
//! program of ours that links libalpm, and nothing else needs it.

mod databases;
mod pacman_conf;
mod release;

use std::collections::BTreeSet;
use std::io::Write;
use std::process::ExitCode;

use dkms_engine::setup::Setup;
use dkms_engine::target::ModuleId;
use dkms_engine::transaction::Touched;

const USAGE: &str = "usage: dkms-pacman-check [--stdin]\n\n\
    Says which registered modules do not support the kernels that an upgrade would bring, by the databases of the last\n\
    `pacman -Sy`; with --stdin the kernels and modules among the paths on standard input, as pacman's hook has them.\n";

/// What a person can do instead.
const HINT: &str = "pacman -Syu --ignore KERNEL-PACKAGE, or dkms remove MODULE/VERSION --all";

fn main() -> ExitCode {
    dkms_hook::main(|hook, words| match *words {
        ["--stdin"] => hook.run("pacman-check", |setup| Ok(before_transaction(setup))),
        [] => hook.run("pacman-check", |setup| Ok(for_a_person(setup))),
        ["-h" | "--help"] => {
            print(USAGE);
            ExitCode::SUCCESS
        }
        _ => {
            dkms_hook::say(USAGE);
            ExitCode::from(2)
        }
    })
}

/// Whether the transaction is not to be begun.
fn before_transaction(setup: &Setup) -> bool {
    let touched = Touched::of(&setup.layout, dkms_hook::paths().lines());
    let comes = |module: &ModuleId| touched.replaces(module);
    dkms_hook::forecast(setup, &touched.images, &comes, HINT, &mut dkms_hook::say)
}

/// The same as a status for a person.
fn for_a_person(setup: &Setup) -> bool {
    let incoming = match databases::incoming(setup) {
        Ok(incoming) => incoming,
        Err(problem) => {
            dkms_hook::say(&format!(
                "warning: {problem}\nhint: pacman -Sy, or pacman -Dk to have the databases checked"
            ));
            return false;
        }
    };
    if incoming.is_empty() {
        print("no kernel would be upgraded, according to the databases\n");
    }
    let mut releases = BTreeSet::new();
    for kernel in incoming {
        print(&format!("{kernel}\n"));
        releases.insert(kernel.release);
    }
    dkms_hook::forecast(setup, &releases, &|_| false, HINT, &mut dkms_hook::say)
}

/// If standard output is closed, there is no reader.
fn print(text: &str) {
    drop(std::io::stdout().write_all(text.as_bytes()));
}
