//! Who asks for the removal of a module: a person, or the script of a package that goes its way.
//!
//! dpkg tells scripts only in their arguments, which we do not see, whether the package is removed or upgraded. But the
//! package's wanted state says so: a removal has changed it before the first script runs, an upgrade leaves it alone. rpm
//! tells nothing; its own trigger has reported before what goes.

use super::retirement::{Wish, is_for_the_end, retire};
use super::rpm_upgrade::take_upgrade_note;
use super::trigger::request_end;
use crate::error::Error;
use crate::run::{Observer, Writer};
use crate::setup::Setup;
use crate::system::environment::Environment;
use crate::target::ModuleId;

/// Who asks, as far as it matters to a removal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Caller {
    /// A person, or a program of which nothing is known.
    #[default]
    Anybody,
    /// The script of a package that is upgraded, or installed again.
    Upgraded,
    /// The script of a package of this name that is removed.
    Removed(String),
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Removal<'a> {
    /// Which module version is to go.
    pub module: &'a ModuleId,
    /// From all kernels.
    pub everywhere: bool,
    /// Not if its package is replaced by one of the same version.
    pub rpm_safe_upgrade: bool,
}

/// When a module version goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goes {
    /// Now: nothing else will take care of it.
    Now,
    /// At the end of the transaction, if nothing takes its place.
    AtTheEnd,
    /// When its successor is installed.
    WithSuccessor,
    /// Not at all: the new package of the same version is here already.
    Stays,
}

impl Caller {
    /// Looks who called us.
    pub fn of(setup: &Setup) -> Self {
        let Some(package) = prerm(&setup.environment) else { return Self::Anybody };
        let query = setup.tool("dpkg-query").and_then(|query| {
            query.inherit(&setup.environment).args(["-W", "-f", "${db:Status-Want}", package]).require()
        });
        match query.map(String::from_utf8) {
            Ok(Ok(wanted)) if matches!(wanted.as_str(), "deinstall" | "purge") => Self::Removed(package.to_owned()),
            Ok(Ok(_)) => Self::Upgraded,
            Ok(Err(_)) => Self::Anybody,
            Err(error) => {
                // What is asked for is carried out unless there is a reason not to.
                log::debug!("whether {package} is upgraded: {error}");
                Self::Anybody
            }
        }
    }

    /// Whether the end of its transaction sees to what a removal leaves to be done: several packages may be removed in one.
    pub fn has_end(&self) -> bool {
        matches!(self, Self::Removed(_))
    }

    /// Decides when a module version goes; if that is later, notes it.
    ///
    /// # Errors
    /// `Io`, and what keeps us from writing.
    pub fn decide(
        &self,
        setup: &Setup,
        removal: Removal<'_>,
        writer: &mut Writer,
        observer: &mut dyn Observer,
    ) -> Result<Goes, Error> {
        let Removal { module, everywhere, rpm_safe_upgrade } = removal;
        if rpm_safe_upgrade {
            let (guard, _) = writer.guard(setup, observer)?;
            if take_upgrade_note(setup, guard, module)? {
                return Ok(Goes::Stays);
            }
        }
        if is_for_the_end(setup, module) {
            return Ok(Goes::AtTheEnd);
        }
        let (wish, goes) = match self {
            Self::Upgraded => (Wish::Upgrade, Goes::WithSuccessor),
            // Another package may bring the same version, and be configured after this one is gone.
            Self::Removed(package) if everywhere && request_end(setup).is_ok() => {
                (Wish::Removal(package), Goes::AtTheEnd)
            }
            _ => return Ok(Goes::Now),
        };
        let (guard, _) = writer.guard(setup, observer)?;
        retire(setup, guard, module, wish)?;
        Ok(goes)
    }
}

/// Whether the script of a package called us, which names what it wants and wants nothing in particular.
pub fn is_script(environment: &Environment) -> bool {
    environment.get("DPKG_MAINTSCRIPT_NAME").is_some()
}

/// The package whose prerm script called us.
fn prerm(environment: &Environment) -> Option<&str> {
    environment.get("DPKG_MAINTSCRIPT_NAME").filter(|name| *name == "prerm")?;
    environment.get("DPKG_MAINTSCRIPT_PACKAGE")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::facts::retiring::retiring;
    use crate::run::Progress;
    use crate::testing;
    use crate::transaction::Owner;

    struct Silent;

    impl Observer for Silent {
        fn progress(&mut self, _progress: Progress<'_>) {}
    }

    #[test]
    fn what_belongs_to_a_transaction_is_noted_and_all_else_goes_now() {
        let (_directory, setup) = testing::setup();
        let module = ModuleId::new("m", "1").unwrap();
        setup.root.writable().create_dir_all(Path::new("/var/lib/dkms/m/1")).unwrap();
        let decide = |caller: &Caller, rpm_safe_upgrade| {
            let removal = Removal { module: &module, everywhere: true, rpm_safe_upgrade };
            caller.decide(&setup, removal, &mut Writer::default(), &mut Silent).unwrap()
        };
        assert_eq!(decide(&Caller::Anybody, true), Goes::Now);
        // This root has no dpkg that could come back to us.
        assert_eq!(decide(&Caller::Removed("m-dkms".into()), false), Goes::Now);
        assert!(retiring(&setup).unwrap().is_empty());
        assert_eq!(decide(&Caller::Upgraded, false), Goes::WithSuccessor);
        assert!(retiring(&setup).unwrap().contains(&module));
        let (mut writer, owner) = (Writer::default(), Owner::of_caller().unwrap());
        let (guard, _) = writer.guard(&setup, &mut Silent).unwrap();
        retire(&setup, guard, &module, Wish::Transaction(owner)).unwrap();
        super::super::note_upgrade(&setup, guard, &module).unwrap();
        drop(writer);
        assert_eq!(decide(&Caller::Upgraded, true), Goes::Stays);
        assert_eq!(decide(&Caller::Upgraded, true), Goes::AtTheEnd);
    }

    #[test]
    fn only_a_script_that_runs_before_a_removal_asks_for_its_package() {
        let environment = |name: &str| {
            let variables = [("DPKG_MAINTSCRIPT_NAME", name), ("DPKG_MAINTSCRIPT_PACKAGE", "m-dkms")];
            Environment::new(variables.map(|(name, value)| (name.into(), value.into())))
        };
        assert_eq!(prerm(&environment("prerm")), Some("m-dkms"));
        assert_eq!(prerm(&environment("postinst")), None);
        assert!(is_script(&environment("postinst")) && !is_script(&Environment::default()));
    }
}
