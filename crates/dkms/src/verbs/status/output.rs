//! The state as JSON, for programs.

use dkms_engine::facts::condition::{Condition, Integrity};
use dkms_engine::facts::holding::{self, Owners};
use dkms_engine::facts::tree::{BuiltTarget, RegisteredModule, Tree};
use dkms_engine::facts::{Registration, State};
use dkms_engine::setup::Setup;
use dkms_engine::target::{KernelId, ModuleId, Target};
use dkms_engine::verdict::Verdict;
use serde::Serialize;

use super::{Filter, WeakLinks, of};

/// What `--json` prints.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Status {
    /// Grows when the meaning of a field changes or a field goes away. New fields may come without that.
    format: u32,
    /// Module versions in the order of their names.
    modules: Vec<ModuleStatus>,
    /// What the last transaction left: what will work on which kernel, and what will not. None if no hook was called yet, or
    /// if modules were installed or taken away since; `dkms verify --json` says what is so now.
    verdict: Option<Verdict>,
}

/// One module version.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct ModuleStatus {
    /// Package name.
    name: String,
    /// Package version.
    version: String,
    /// How it is registered.
    registration: RegistrationStatus,
    /// What it is built for.
    kernels: Vec<KernelStatus>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
enum RegistrationStatus {
    /// With its source.
    Added,
    /// Its source is gone.
    Broken,
    /// Imported without source: it cannot be built anew.
    BinariesOnly,
}

/// One build.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct KernelStatus {
    /// Kernel release.
    kernel: String,
    /// Architecture.
    arch: String,
    /// How far it has come.
    state: BuildStatus,
    /// Release of the kernel whose modules it has, if it is `installed-weak`.
    from: Option<String>,
    /// A module of the kernel was displaced by it and is kept.
    original_exists: bool,
    /// The built objects that are kept.
    objects: FilesStatus,
    /// The files in the kernel's module directory; `whole` if it is not installed.
    placed: FilesStatus,
    /// Objects of it that are not in the kernel's module directory because another module builds them, too, and has the
    /// place.
    conflict: Vec<Conflict>,
}

/// An object that another module has the place of.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Conflict {
    /// Name of the object.
    object: String,
    /// Name of the other module.
    name: String,
    /// Its version.
    version: String,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
enum BuildStatus {
    /// Built, not installed.
    Built,
    /// Built and installed.
    Installed,
    /// Built and installed for another kernel, and linked to that.
    InstalledWeak,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
enum FilesStatus {
    /// As they were made.
    Whole,
    /// At least one is not what was made.
    Altered,
    /// At least one is gone.
    Missing,
}

impl Status {
    pub(super) fn new(setup: &Setup, tree: &Tree, weak_links: &WeakLinks, owners: &Owners, filter: &Filter) -> Self {
        let kernel = |build: &BuiltTarget| {
            let condition = Condition::gather(setup, build);
            KernelStatus {
                kernel: build.target.kernel.release.clone(),
                arch: build.target.kernel.arch.clone(),
                state: if build.state == State::Installed { BuildStatus::Installed } else { BuildStatus::Built },
                from: None,
                original_exists: build.original_exists,
                objects: condition.objects.into(),
                placed: condition.placed.into(),
                conflict: holding::lost(setup, build, owners).into_iter().map(Conflict::from).collect(),
            }
        };
        let weak = |(target, from): (&Target, &KernelId)| KernelStatus {
            kernel: target.kernel.release.clone(),
            arch: target.kernel.arch.clone(),
            state: BuildStatus::InstalledWeak,
            from: Some(from.release.clone()),
            original_exists: false,
            objects: FilesStatus::Whole,
            placed: FilesStatus::Whole,
            conflict: Vec::new(),
        };
        let takes = |kernel: &KernelId| filter.passes.iter().any(|pass| pass.takes(kernel));
        let module = |module: &RegisteredModule| ModuleStatus {
            name: module.id.name.clone(),
            version: module.id.version.clone(),
            registration: match module.registration {
                Registration::Added => RegistrationStatus::Added,
                Registration::Broken => RegistrationStatus::Broken,
                Registration::BinariesOnly => RegistrationStatus::BinariesOnly,
            },
            kernels: module
                .builds
                .iter()
                .filter(|build| takes(&build.target.kernel))
                .map(kernel)
                .chain(of(weak_links, module).filter(|(target, _)| takes(&target.kernel)).map(weak))
                .collect(),
        };
        let modules = tree.modules.iter().filter(|entry| filter.takes(entry)).map(module).collect();
        Self { format: 1, modules, verdict: None }
    }

    pub(super) fn with(self, verdict: Option<Verdict>) -> Self {
        Self { verdict, ..self }
    }
}

impl From<(String, ModuleId)> for Conflict {
    fn from((object, ModuleId { name, version }): (String, ModuleId)) -> Self {
        Self { object, name, version }
    }
}

impl From<Integrity> for FilesStatus {
    fn from(wholeness: Integrity) -> Self {
        match wholeness {
            Integrity::Whole => Self::Whole,
            Integrity::Altered => Self::Altered,
            Integrity::Missing => Self::Missing,
        }
    }
}
