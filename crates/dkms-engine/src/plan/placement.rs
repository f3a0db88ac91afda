//! What an installation places: which objects come into the kernel's directory, and which stay out and why.
//!
//! All that facts tell is decided with the plan ([`Placement`], a part of the step). Two things are not known before a step
//! is taken: whether the module that an object is left to has it by then, and what version an object says that is yet to be
//! built. The step looks before it writes, and what follows is decided here, too ([`Placement::admit`], [`version_objection`]).
//!
//! [`version_objection`]: super::version_objection

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use super::overrides::Overrides;
use super::{Action, Because, Plan, SkipReason, Yielded};
use crate::facts::conf;
use crate::facts::{BY_THE_ORIGINAL, Configuration, Facts, TargetFacts};
use crate::target::{ModuleId, Target};

/// The decisions about the objects of one installation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Placement {
    /// Why the module is not meant for the kernel, so that nothing of it may be placed.
    pub excluded: Option<String>,
    /// Records of the configuration that are not meant for the kernel, by index.
    pub left_out: BTreeSet<usize>,
    /// Objects that stay out.
    pub refused: Vec<Refused>,
    /// Objects that are left to other modules, as long as those have them.
    pub yields: Vec<Yielded>,
    /// What is disregarded.
    pub overrides: Overrides,
    /// What is in the way of the installation was ours: a file of ours that something replaced, or the version that makes
    /// room. It is not a module of others that could be newer.
    pub replaces_own: bool,
    /// A person's choice of the module over others that build the same: the higher, the later.
    pub chosen: Option<u64>,
}

/// An object that stays out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Refused {
    /// Its name.
    pub object: String,
    /// Why.
    #[serde(flatten)]
    pub because: RefusedBecause,
}

/// Why an object stays out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", tag = "reason")]
pub enum RefusedBecause {
    /// The kernel has it itself.
    Obsolete {
        /// OBSOLETE_BY: the release since which it has it.
        since: String,
    },
    /// Another package provides it for the kernel, finished.
    Provided {
        /// The package.
        package: String,
    },
}

/// What becomes of an object when the installation comes to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission<'a> {
    /// Placed.
    Placed,
    /// Placed, unless [`version_objection`](super::version_objection) has something against it.
    IfNewer,
    /// The other module keeps the place.
    Left(ModuleId),
    /// It stays out.
    Refused(&'a Refused),
}

impl Placement {
    /// What becomes of an object. `held` are the objects that the modules they are left to have by now.
    pub fn admit(&self, object: &str, held: &BTreeSet<String>) -> Admission<'_> {
        if let Some(owner) = self.left_to(object, held) {
            return Admission::Left(owner);
        }
        match self.refused.iter().find(|refused| refused.object == object) {
            Some(refused) => Admission::Refused(refused),
            None if self.overrides.force || self.overrides.versions || self.replaces_own => Admission::Placed,
            None => Admission::IfNewer,
        }
    }

    /// Why nothing is installed after all: other modules have the places of all these objects by now.
    pub fn overtaken<'n>(
        &self,
        mut objects: impl Iterator<Item = &'n str>,
        held: &BTreeSet<String>,
    ) -> Option<SkipReason> {
        let nothing_left = !self.yields.is_empty() && objects.all(|object| self.left_to(object, held).is_some());
        nothing_left.then(|| SkipReason::Conflict { objects: self.yields.clone() })
    }

    fn left_to(&self, object: &str, held: &BTreeSet<String>) -> Option<ModuleId> {
        let owner = self.yields.iter().find(|yielded| yielded.object == object)?.owner()?;
        held.contains(object).then_some(owner)
    }
}

impl Refused {
    /// Whether a file of an earlier installation stays in its place. That of another package is the one that counts.
    pub fn keeps_earlier(&self) -> bool {
        matches!(self.because, RefusedBecause::Obsolete { .. })
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.because {
            RefusedBecause::Obsolete { since } => write!(f, "the kernel has it itself since {since} (OBSOLETE_BY)"),
            RefusedBecause::Provided { package } => {
                write!(f, "the package {package} provides `{}` for this kernel", self.object)
            }
        }
    }
}

/// Decides about the objects of every installation of the plan.
pub(super) fn decide(facts: &Facts, plan: &mut Plan) {
    let mut choices = facts.wishes.latest_choice;
    for step in &mut plan.steps {
        let Action::Install(target) = &step.action else { continue };
        let Some(known) = facts.targets.get(target) else { continue };
        let placement = &mut step.placement;
        placement.overrides = Overrides::of(facts, &target.module.name);
        exclude(facts, target, known, placement);
        placement.refused = if placement.overrides.force { Vec::new() } else { refused(target, known) };
        let installed = facts.installed_version(&target.module.name, &target.kernel);
        let makes_room = installed.is_some_and(|module| facts.retiring.contains(module));
        placement.replaces_own = makes_room || step.because == Because::FilesLost;
        placement.chosen = if facts.wishes.by_person && matches!(step.because, Because::Asked | Because::Forced) {
            choices = choices.saturating_add(1);
            Some(choices)
        } else {
            let installed = installed
                .and_then(|module| facts.targets.get(&Target::new(module.clone(), target.kernel.clone()))?.chosen);
            installed.filter(|choice| *choice > BY_THE_ORIGINAL).or(known.chosen)
        };
    }
}

/// What of a module is not meant for the kernel.
fn exclude(facts: &Facts, target: &Target, known: &TargetFacts, placement: &mut Placement) {
    let evaluated;
    let exclusion = match (&known.configuration, facts.kernels.get(&target.kernel)) {
        (Configuration::Examined(examined), _) => &examined.exclusion,
        (Configuration::Recorded(config), Some(kernel)) => {
            evaluated = conf::exclusion(config, kernel);
            &evaluated
        }
        _ => return,
    };
    placement.excluded = exclusion.package.as_ref().map(ToString::to_string);
    let built: BTreeSet<usize> = exclusion.built().collect();
    placement.left_out = (0..exclusion.records.len()).filter(|index| !built.contains(index)).collect();
}

/// Objects that other packages, or the kernel itself, have.
fn refused(target: &Target, known: &TargetFacts) -> Vec<Refused> {
    let obsolete = |by: &&String| dkms_conf::version::is_obsoleted(&target.kernel.release, by);
    let since = known.config().and_then(|config| config.obsolete_by.as_ref()).filter(obsolete);
    let because = |object: &str| match known.provided.get(object) {
        Some(package) => Some(RefusedBecause::Provided { package: package.clone() }),
        None => since.map(|since| RefusedBecause::Obsolete { since: since.clone() }),
    };
    let refused = |object: &str| Some(Refused { object: object.to_owned(), because: because(object)? });
    known.objects().into_iter().filter_map(refused).collect()
}
