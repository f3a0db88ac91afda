//! `dkms mktarball`: packs the source of a module version, its builds, or both.

use anyhow::Result;
use dkms_engine::archive::{Contents, pack};

use crate::goal;
use crate::refusal::Refusal;
use crate::session::Session;

pub(super) fn run(session: &Session) -> Result<()> {
    let arguments = &session.arguments;
    let module = goal::module(session)?.ok_or(Refusal::NoModule { verb: arguments.verb })?;
    let contents = match (arguments.line.source_only, arguments.line.binaries_only) {
        (true, _) => Contents::Source,
        (_, true) => Contents::Binaries,
        _ => Contents::Everything,
    };
    let targets = if contents == Contents::Source { Vec::new() } else { goal::targets(session, &module)? };
    let packed = pack(&session.setup, &module, &targets, contents, arguments.destination.as_deref())?;
    for target in &packed.targets {
        session.output.line(&format!("packed the build of {target}"))?;
    }
    Ok(session.output.line(&format!("{module} is packed in `{}`", packed.path.display()))?)
}
