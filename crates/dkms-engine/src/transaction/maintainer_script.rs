//! Who called us: a person, or the script of a Debian package that goes its way.
//!
//! dpkg tells scripts only in their arguments, which we do not see, whether the package is removed or upgraded. But the
//! package's wanted state says so: a removal has changed it before the first script runs, an upgrade leaves it alone.

use crate::setup::Setup;

/// Whether the prerm script of a package that is being upgraded (or installed again) called us.
pub fn is_upgrade(setup: &Setup) -> bool {
    wanted(setup).is_some_and(|wanted| !is_gone(&wanted))
}

/// The package that is being removed, if its prerm script called us.
pub fn removed_package(setup: &Setup) -> Option<&str> {
    wanted(setup).filter(|wanted| is_gone(wanted))?;
    setup.environment.get("DPKG_MAINTSCRIPT_PACKAGE")
}

fn is_gone(wanted: &str) -> bool {
    matches!(wanted, "deinstall" | "purge")
}

/// What is wanted of the package whose prerm script called us; `None` if no such script did.
fn wanted(setup: &Setup) -> Option<String> {
    let variable = |name| setup.environment.get(name);
    if variable("DPKG_MAINTSCRIPT_NAME") != Some("prerm") {
        return None;
    }
    let package = variable("DPKG_MAINTSCRIPT_PACKAGE")?;
    let query = setup
        .tool("dpkg-query")
        .and_then(|query| query.inherit(&setup.environment).args(["-W", "-f", "${db:Status-Want}", package]).require());
    match query {
        Ok(wanted) => String::from_utf8(wanted).ok(),
        Err(error) => {
            // What is asked for is carried out unless there is a reason not to.
            log::debug!("whether {package} is upgraded: {error}");
            None
        }
    }
}
