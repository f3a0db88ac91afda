//! pacman's configuration, as `pacman-conf` gives it with every included file in its place.

use dkms_engine::error::Error;
use dkms_engine::setup::Setup;

/// What is needed of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct PacmanConf {
    /// The directory of the databases.
    pub(crate) databases: String,
    /// Packages that are not upgraded.
    pub(crate) ignored: Vec<String>,
    /// Repositories, the one that counts first.
    pub(crate) repositories: Vec<String>,
}

impl PacmanConf {
    /// Asks.
    ///
    /// # Errors
    /// As those of [`Tool`].
    pub(crate) fn ask(setup: &Setup) -> Result<Self, Error> {
        let answer = setup.tool("pacman-conf")?.inherit(&setup.environment).require()?;
        Ok(Self::parse(&String::from_utf8_lossy(&answer)))
    }

    fn parse(text: &str) -> Self {
        let mut conf = Self::default();
        for line in text.lines().map(str::trim) {
            if let Some(section) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                if section != "options" {
                    conf.repositories.push(section.to_owned());
                }
            }
            match line.split_once('=').map(|(key, value)| (key.trim(), value.trim())) {
                Some(("DBPath", value)) => value.clone_into(&mut conf.databases),
                Some(("IgnorePkg", value)) => conf.ignored.push(value.to_owned()),
                _ => {}
            }
        }
        conf
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_and_repositories() {
        let conf = PacmanConf::parse(
            "[options]\nDBPath = /var/lib/pacman/\nIgnorePkg = linux-rt\n[core]\nServer = x\n[extra]\n",
        );
        assert_eq!(conf.databases, "/var/lib/pacman/");
        assert_eq!((conf.ignored, conf.repositories), (vec!["linux-rt".into()], vec!["core".into(), "extra".into()]));
        assert_eq!(PacmanConf::parse(""), PacmanConf::default());
    }
}
