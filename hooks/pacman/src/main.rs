//! `/usr/lib/dkms/hook` on Arch and its children: turns what pacman says into events.
//!
//! ```text
//! hook ended  < paths     70-dkms-install.hook, after the transaction
//! hook going  < paths     71-dkms-remove.hook, before it
//! hook leaving            the package's pre_remove
//! ```
//!
//! pacman gives every path once, without a leading slash and without what was done to it; what became of it is seen on
//! the disk. It starts in the transaction that replaces libalpm, so it does not link it, and holds no lock of pacman's.
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests make what they look at"))]

mod followers;
mod hook_file;

use std::process::ExitCode;

use dkms_engine::error::Error;
use dkms_engine::event::Event;
use dkms_engine::setup::Setup;
use dkms_engine::transaction::Touched;
use followers::Followers;

fn main() -> ExitCode {
    dkms_hook::main(|hook, words| hook.run("hook", |setup| run(setup, words.first().copied().unwrap_or_default())))
}

/// Whether the hook is to fail.
fn run(setup: &Setup, verb: &str) -> Result<bool, Error> {
    let targets = if verb == "leaving" { String::new() } else { dkms_hook::paths() };
    let touched = Touched::of(&setup.layout, targets.lines());
    let event = match verb {
        "ended" => Event::Ended { touched },
        "going" => Event::Going { touched, owner: None },
        "leaving" => Event::Leaving,
        other => {
            dkms_hook::say(&format!("warning: unknown argument `{other}`"));
            return Ok(false);
        }
    };
    let followers = Followers::new(setup, targets.lines().collect());
    Ok(dkms_hook::answer(setup, &event, &followers)?.fails(setup))
}
