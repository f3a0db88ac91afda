//! Which Debian mirror to use: the one that this machine's own apt uses, so no host name stands in the code.

use anyhow::{Context, Result};

use crate::command::Cmd;

/// The URIs of the archive and of its security companion.
#[derive(Debug, Clone)]
pub(crate) struct Mirror {
    pub(crate) archive: String,
    pub(crate) security: Option<String>,
}

/// Asks apt for its sources labelled `Debian` and `Debian-Security`; these labels come from the signed Release files.
pub(crate) fn of_this_machine() -> Result<Mirror> {
    let output = Cmd::new("apt-get")
        .args(["indextargets", "--format", "$(LABEL) $(REPO_URI)", "Created-By: Packages"])
        .checked()?;
    let find = |label: &str| {
        output
            .stdout
            .lines()
            .filter_map(|line| line.split_once(' '))
            .find(|(found, _)| *found == label)
            .map(|(_, uri)| uri.trim_end_matches('/').to_owned())
    };
    let archive = find("Debian").context(
        "apt of this machine knows no Debian archive\n\nhint: add one to /etc/apt/sources.list and run `apt-get update`",
    )?;
    Ok(Mirror { archive, security: find("Debian-Security") })
}
