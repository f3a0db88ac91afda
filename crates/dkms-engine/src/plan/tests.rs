//! The plan by the hundred, on facts written down: no disk anywhere.

use std::sync::Arc;

use dkms_conf::exclusion::{Exclusion, Reason};
use dkms_conf::module_config::ModuleConfig;

use super::*;
use crate::facts::kernel::Headers;
use crate::facts::{Configuration, Examined, Registration, State, TargetFacts};
use crate::fingerprint::{Fingerprint, Part};
use crate::record::FailureRecord;
use crate::testing;

mod dependencies;
mod need;
mod ownership;
mod placement;
mod provided;
mod removal;
mod retirement;
mod weak_links;

fn module(text: &str) -> ModuleId {
    let (name, version) = text.split_once('/').unwrap_or((text, "1"));
    ModuleId::new(name, version).unwrap()
}

fn kernel(release: &str) -> KernelId {
    KernelId::new(release, "x86_64").unwrap()
}

fn target(text: &str, release: &str) -> Target {
    Target::new(module(text), kernel(release))
}

fn source(content: &str) -> Fingerprint {
    Fingerprint { source: Part { stamp: String::new(), content: content.into() }, ..Fingerprint::default() }
}

fn config(depends: &[&str]) -> ModuleConfig {
    let build_depends = depends.iter().map(|&name| name.to_owned()).collect();
    ModuleConfig { build_depends, ..testing::module_config() }
}

/// A build of what the source reads now that failed.
fn failure() -> FailureRecord {
    testing::failure_record(source("now"), config(&[]))
}

/// Facts in the making.
#[derive(Default)]
struct Scene(Facts);

impl Scene {
    fn kernels(releases: &[&str]) -> Self {
        let mut scene = Self::default();
        for release in releases {
            scene.0.kernels.insert(kernel(release), Arc::new(testing::kernel(release)));
        }
        scene
    }

    /// Registers a module version and examines it for all kernels; its source reads "now".
    fn module(mut self, text: &str, depends: &[&str]) -> Self {
        self.0.modules.insert(module(text), Registration::Added);
        for release in self.0.kernels.keys().cloned().collect::<Vec<_>>() {
            let examined =
                Examined { config: config(depends), exclusion: Exclusion::default(), fingerprint: source("now") };
            let facts =
                TargetFacts { configuration: Configuration::Examined(Box::new(examined)), ..Default::default() };
            self.0.targets.insert(Target::new(module(text), release), facts);
        }
        self
    }

    /// Sets the state for one kernel; it was built from the source `from`.
    fn state(self, text: &str, release: &str, state: State, from: &str) -> Self {
        self.with(text, release, |facts| {
            facts.state = state;
            facts.recorded = Some(source(from));
        })
    }

    fn with(mut self, text: &str, release: &str, change: impl FnOnce(&mut TargetFacts)) -> Self {
        change(self.0.targets.get_mut(&target(text, release)).unwrap());
        self
    }

    fn examined(self, text: &str, release: &str, change: impl FnOnce(&mut Examined)) -> Self {
        self.with(text, release, |facts| match &mut facts.configuration {
            Configuration::Examined(examined) => change(examined),
            _ => panic!("not examined"),
        })
    }

    fn no_headers(mut self, release: &str) -> Self {
        let kernel = Arc::make_mut(self.0.kernels.get_mut(&kernel(release)).unwrap());
        kernel.headers = Headers::Missing {
            path: std::path::PathBuf::from("/k/build/include").into(),
            package: Some("linux-headers".into()),
        };
        self
    }

    fn automatic(&self) -> Plan {
        plan(
            &self.0,
            &Goal::Autoinstalled { kernels: self.0.kernels.keys().cloned().collect(), force: false, only: None },
        )
    }

    fn install(&self, text: &str, release: &str, force: bool) -> Plan {
        plan(&self.0, &Goal::Installed(Request { targets: vec![target(text, release)], force }))
    }
}

/// `verb name/version release` of each step.
fn steps(plan: &Plan) -> Vec<String> {
    let line = |step: &Step| match step.action.target() {
        Some(target) => format!("{} {} {}", step.action.operation(), target.module, target.kernel.release),
        None => format!("{} {}", step.action.operation(), step.action.module()),
    };
    plan.steps.iter().map(line).collect()
}

fn why(plan: &Plan, text: &str) -> SkipReason {
    plan.settled.iter().find(|settled| settled.module == module(text)).unwrap().why.clone()
}
