//! dkms itself goes.

use super::{gone, source};
use crate::error::Error;
use crate::facts::retiring::retiring;
use crate::facts::tree::Tree;
use crate::initramfs;
use crate::plan::Goal;
use crate::report::Report;
use crate::run::{self, Depmod, Observer, RunOptions, Writer};
use crate::setup::Setup;
use crate::transaction::{Packages, Touched};

/// The last thing that we do: no later run will do what was put off. Modules that wait for a successor that has not come
/// go.
pub(super) fn leave(
    setup: &Setup,
    packages: &dyn Packages,
    writer: &mut Writer,
    observer: &mut dyn Observer,
) -> Result<Report, Error> {
    // rpm tells of every source when the package goes whose trigger that is; those that are there stay.
    source::come_back(setup, packages, writer, observer)?;
    let mut report = gone::follow(setup, &Touched::default(), writer, observer)?;
    gone::settle(setup, writer, observer)?;
    for module in retiring(setup)? {
        let tree = Tree::gather_module(setup, &module.name)?;
        if tree.modules.iter().all(|other| other.id == module) {
            let targets = tree.builds().map(|build| build.target.clone()).collect();
            let goal = Goal::Removed { module, targets };
            // Several may go: what they changed is indexed once, by what follows.
            let options = RunOptions { depmod: Depmod::Later, initramfs: true, ..RunOptions::default() };
            report.add(run::achieve(setup, &goal, &options, writer, observer)?);
        }
    }
    run::heal(setup, writer, observer)?;
    if !initramfs::pending(setup).is_empty() {
        let (guard, _) = writer.guard(setup, observer)?;
        report.troubles.extend(initramfs::remake(setup, guard, &|_| false));
    }
    Ok(report)
}
