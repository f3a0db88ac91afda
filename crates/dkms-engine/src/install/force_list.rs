//! Distributions' lists of modules whose installation is forced: a word per module, `NAME` or `NAME_version-override`.

use std::path::Path;

use super::InstallOptions;
use super::event::InstallEvent;
use super::session::Session;
use crate::error::Error;
use crate::layout::FORCE_LISTS;
use crate::system::root::Kind;

/// No list is longer.
const MAX_BYTES: u64 = 1 << 20;

/// The options, with what the lists add to them.
pub(super) fn apply(
    session: &mut Session<'_>,
    name: &str,
    mut options: InstallOptions,
) -> Result<InstallOptions, Error> {
    let version_only = format!("{name}_version-override");
    for (file, kind) in session.root().list(Path::new(FORCE_LISTS))? {
        let list = Path::new(FORCE_LISTS).join(file);
        if kind == Kind::Directory {
            continue;
        }
        let Ok(text) = session.root().read_bounded(&list, MAX_BYTES) else { continue };
        for word in String::from_utf8_lossy(&text).split_whitespace() {
            if word == name && !options.force {
                options.force = true;
                session.say(InstallEvent::ListForces { list: list.clone(), version_only: false });
            } else if word == version_only && !options.version_override {
                options.version_override = true;
                session.say(InstallEvent::ListForces { list: list.clone(), version_only: true });
            }
        }
    }
    Ok(options)
}
