//! The trigger of our Debian package, by which dpkg comes back to us when everything is in place.

use crate::error::Error;
use crate::setup::Setup;

/// Its name; the package has an interest in it.
const NAME: &str = "dkms-reconcile";

/// Has our trigger run at the end of the dpkg run whose script called us. Never to be called from within the trigger, which
/// would be a loop.
///
/// # Errors
/// Those of [`Tool`]: no later call will come, as when a program calls scripts as dpkg would.
pub fn request_end(setup: &Setup) -> Result<(), Error> {
    let trigger = setup.tool("dpkg-trigger")?.inherit(&setup.environment);
    trigger.args(["--no-await", NAME]).require().map(drop)
}
