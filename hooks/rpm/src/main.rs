//! `/usr/lib/dkms/hook` on Fedora, Red Hat, SUSE and their children: turns what rpm and those above it say into events.
//!
//! ```text
//! hook installed < paths                    %transfiletriggerin of our package: packages came
//! hook going < paths                        %transfiletriggerun: packages are about to go, or to be replaced
//! hook removed                              %transfiletriggerpostun: packages went
//! hook leaving                              %preun of our package
//! hook kernel-install add|remove RELEASE    the plugin of kernel-install(8)
//! hook incoming < packages                  the plugin of dnf4, before a transaction
//! hook dnf5                                 the actions of dnf5, before a transaction
//! hook told                                 both of them, after it
//! hook commit                               the plugin of zypper, all along a commit
//! ```
//!
//! rpm gives absolute paths without what was done to them; what became of each is seen on the disk. zypper may run one rpm
//! after the other: what these say is kept until the commit ends (see [`commit`]).
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests make what they look at"))]

mod commit;
mod dnf5;
mod incoming;
mod names;

use std::process::ExitCode;

use dkms_engine::error::Error;
use dkms_engine::event::Event;
use dkms_engine::setup::Setup;
use dkms_engine::transaction::commit::defer;
use dkms_engine::transaction::{Complete, Owner, Touched, pending_removal, summary};
use dkms_hook::Hook;

fn main() -> ExitCode {
    dkms_hook::main(|hook, words| match *words {
        ["commit"] => commit::attend(|paths| ended(hook, paths)),
        ["installed"] => unless_committing(hook, &dkms_hook::paths()),
        ["removed"] => unless_committing(hook, "\n"),
        // A module whose next version comes later in the commit would be built twice.
        ["kernel-install", "add", ..] if is_deferred("\n") => ExitCode::SUCCESS,
        _ => hook.run("hook", |setup| run(setup, words)),
    })
}

/// Whether it is kept for the end of a commit.
fn is_deferred(paths: &str) -> bool {
    dkms_hook::root().is_some_and(|root| defer(&root, paths))
}

fn unless_committing(hook: &Hook, paths: &str) -> ExitCode {
    if is_deferred(paths) { ExitCode::SUCCESS } else { ended(hook, paths) }
}

/// A transaction is over.
fn ended(hook: &Hook, paths: &str) -> ExitCode {
    hook.run("hook", |setup| {
        let gone = pending_removal::paths(&setup.root);
        let event = Event::Ended { touched: Touched::of(&setup.layout, gone.lines().chain(paths.lines())) };
        let response = dkms_hook::answer(setup, &event, &Complete)?;
        summary::keep(setup, &response.problems);
        Ok(response.fails(setup))
    })
}

/// Whether the hook is to fail.
fn run(setup: &Setup, words: &[&str]) -> Result<bool, Error> {
    let event = match *words {
        ["incoming"] => return Ok(incoming::report(setup, &dkms_hook::paths(), &mut dkms_hook::say)),
        ["dnf5"] => {
            dnf5::converse(setup);
            return Ok(false);
        }
        ["told"] => {
            summary::take(setup).iter().for_each(|words| dkms_hook::say(words));
            return Ok(false);
        }
        ["going"] => {
            let (paths, owner) = (dkms_hook::paths(), Owner::of_caller());
            pending_removal::begin(setup, &paths, owner);
            Event::Going { touched: Touched::of(&setup.layout, paths.lines()), owner }
        }
        // A kernel that is installed again is removed and added by its scripts, and was never gone: the end will tell.
        ["kernel-install", "remove", ..] if pending_removal::is_under_way(&setup.root) => return Ok(false),
        ["leaving"] => Event::Leaving,
        ["kernel-install", "add", release, ..] => Event::KernelInstalled { release: release.to_owned() },
        ["kernel-install", "remove", release, ..] => {
            Event::KernelRemoved { release: release.to_owned(), at_once: true }
        }
        ["kernel-install", ..] => return Ok(false),
        _ => {
            dkms_hook::say(&format!("warning: unknown argument `{}`", words.join(" ")));
            return Ok(false);
        }
    };
    Ok(dkms_hook::answer(setup, &event, &Complete)?.fails(setup))
}
