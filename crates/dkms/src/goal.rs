//! From what is asked for to what is to be true: the only thing in which most verbs differ.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;
use dkms_engine::error::Error;
use dkms_engine::facts::State;
use dkms_engine::facts::kernels::installed;
use dkms_engine::facts::tree::Tree;
use dkms_engine::plan::{Goal, Request};
use dkms_engine::target::{KernelId, ModuleId, Target};

use crate::kernels::Kernels;
use crate::preconditions;
use crate::refusal::Refusal;
use crate::session::Session;
use crate::verb::Verb;

/// The goal of the session's verb; `module` is the one that it is about, for verbs that are about one.
///
/// # Errors
/// `NoModule`, `NoGoal`, those about kernels, and `Io` of the engine.
pub(crate) fn of(session: &Session, module: Option<&ModuleId>) -> Result<Goal> {
    let verb = session.arguments.verb;
    let named = || module.cloned().ok_or(Refusal::NoModule { verb });
    Ok(match verb {
        Verb::Build => Goal::Built(request(session, named()?)?),
        Verb::Install => Goal::Installed(request(session, named()?)?),
        Verb::Uninstall => Goal::Uninstalled(targets(session, &named()?)?.into_iter().collect()),
        Verb::Unbuild => Goal::Unbuilt(targets(session, &named()?)?.into_iter().collect()),
        Verb::Remove => {
            let module = named()?;
            let targets = targets(session, &module)?.into_iter().collect();
            Goal::Removed { module, targets }
        }
        Verb::Autoinstall | Verb::KernelPostinst => {
            Goal::Autoinstalled { kernels: automatic(session)?, force: session.arguments.line.force, only: None }
        }
        Verb::KernelPreinst | Verb::KernelPrerm => {
            Goal::KernelGone { kernel: one_kernel(session)?, autoinstalled_only: verb == Verb::KernelPreinst }
        }
        Verb::Match => matching(session)?,
        Verb::Add
        | Verb::Explain
        | Verb::GenerateMok
        | Verb::Ldtarball
        | Verb::Log
        | Verb::Mktarball
        | Verb::Mok
        | Verb::Plan
        | Verb::Status
        | Verb::Verify => {
            return Err(Refusal::NoGoal { verb }.into());
        }
    })
}

/// The module that the line names.
///
/// # Errors
/// `NameInvalid`.
pub(crate) fn module(session: &Session) -> Result<Option<ModuleId>> {
    Ok(preconditions::module(&session.arguments)?)
}

fn request(session: &Session, module: ModuleId) -> Result<Request> {
    Ok(Request { targets: targets(session, &module)?, force: session.arguments.line.force })
}

/// The module for each kernel of the line, in its order.
pub(crate) fn targets(session: &Session, module: &ModuleId) -> Result<Vec<Target>> {
    let kernels = match Kernels::of(&session.arguments, &session.setup.machine)? {
        Kernels::These(kernels) => kernels,
        Kernels::AllBuilt => {
            let tree = Tree::gather_module(&session.setup, &module.name)?;
            let mut kernels: Vec<KernelId> = tree
                .builds()
                .filter(|build| build.target.module == *module)
                .map(|build| build.target.kernel.clone())
                .collect();
            kernels.sort_by(|one, other| dkms_conf::version::compare(&one.release, &other.release));
            kernels
        }
    };
    Ok(kernels.into_iter().map(|kernel| normal(session, Target::new(module.clone(), kernel))).collect())
}

/// The target under the usual name of its architecture, unless something is built under the name that was given.
fn normal(session: &Session, target: Target) -> Target {
    let setup = &session.setup;
    let arch = setup.machine.normal(&target.kernel.arch).to_owned();
    if arch == target.kernel.arch || setup.root.is_dir(&setup.layout.built(&target)) {
        return target;
    }
    Target { kernel: KernelId { arch, ..target.kernel }, ..target }
}

fn one_kernel(session: &Session) -> Result<KernelId> {
    let verb = session.arguments.verb;
    match Kernels::of(&session.arguments, &session.setup.machine)? {
        Kernels::These(kernels) => {
            let count = kernels.len();
            let kernel = kernels.into_iter().next().filter(|_| count == 1).ok_or(Refusal::OneKernel { verb, count })?;
            let arch = session.setup.machine.normal(&kernel.arch).to_owned();
            Ok(KernelId { arch, ..kernel })
        }
        Kernels::AllBuilt => Err(Refusal::AllUnsupported { verb }.into()),
    }
}

/// One kernel, or with `--all-kernels` every installed one that has headers.
fn automatic(session: &Session) -> Result<BTreeSet<KernelId>> {
    let line = &session.arguments.line;
    if !line.all_kernels {
        return Ok(BTreeSet::from([one_kernel(session)?]));
    }
    let machine = &session.setup.machine;
    with_headers(session, line.arch.first().map_or(&machine.arch, |arch| machine.normal(arch)))
}

/// Every installed kernel that can be built for.
pub(crate) fn with_headers(session: &Session, arch: &str) -> Result<BTreeSet<KernelId>> {
    let kernels = installed(&session.setup)?.into_iter().filter(|kernel| kernel.build);
    let kernels =
        kernels.filter(|kernel| session.setup.root.is_dir(&kernel.directory.join(Path::new("build/include"))));
    Ok(kernels.map(|kernel| KernelId::new(&kernel.release, arch)).collect::<Result<_, _>>().map_err(Error::from)?)
}

/// What is installed for the kernel of `--templatekernel`, for the one of `-k`.
fn matching(session: &Session) -> Result<Goal> {
    let arguments = &session.arguments;
    let template = arguments.line.templatekernel.clone().filter(|kernel| !kernel.is_empty());
    let template = template.ok_or(Refusal::NoTemplate)?;
    let kernel = one_kernel(session)?;
    if template == kernel.release {
        return Err(Refusal::SameKernels { kernel: template }.into());
    }
    let tree = match &arguments.name {
        Some(name) => Tree::gather_module(&session.setup, name)?,
        None => Tree::gather(&session.setup)?,
    };
    if let Some(name) = arguments.name.as_ref().filter(|_| tree.modules.is_empty()) {
        return Err(Refusal::NotRegistered { name: name.clone() }.into());
    }
    let installed = tree.builds().filter(|build| build.state == State::Installed);
    let mut targets: Vec<Target> = installed
        .filter(|build| build.target.kernel.release == template)
        .map(|build| Target::new(build.target.module.clone(), kernel.clone()))
        .collect();
    targets.dedup();
    Ok(Goal::Installed(Request { targets, force: arguments.line.force }))
}
