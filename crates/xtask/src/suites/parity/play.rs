//! Plays a case in a fresh root and tells what was seen.

use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::case::{Case, Line};
use super::tree::{self, Tree};
use crate::command::Cmd;
use crate::disk;
use crate::layer::{Kernels, Layer};
use crate::root::Root;

/// What one tool did with a case.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Seen {
    pub(crate) steps: Vec<Step>,
}

/// What was seen after one command.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Step {
    pub(crate) command: String,
    pub(crate) exit: i32,
    /// Output of `dkms status`.
    pub(crate) status: String,
    /// The last lines of what it said: for people, not compared.
    pub(crate) said: String,
    /// What is not as it was before the case.
    pub(crate) tree: Tree,
}

/// Plays all lines of a case over a layer.
pub(crate) fn play(case: &Case, layer: &Layer, kernels: &Kernels) -> Result<Seen> {
    let root = Root::over(layer)?;
    let mut steps = Vec::new();
    let variables = variables(kernels);
    for line in &case.lines {
        match line {
            Line::Source { fixture, to } => copy(&root, fixture, &expand(to, kernels))?,
            Line::File { path, content } => disk::write(&root.path(&expand(path, kernels)), content)?,
            Line::Setup(line) => drop(root.must(&format!("{variables}{line}"))?),
            Line::Step(line) => {
                let output = root.bash(&format!("{variables}{line}"))?;
                let status = root.bash("dkms status 2>/dev/null")?;
                steps.push(Step {
                    command: line.clone(),
                    exit: output.code,
                    status: status.stdout,
                    said: output.tail(),
                    tree: tree::changed(&root)?,
                });
            }
        }
    }
    Ok(Seen { steps })
}

/// Assignments that every line of a case may use.
pub(crate) fn variables(kernels: &Kernels) -> String {
    format!(
        "export K1={} K2={} KF=6.99.0-fake KB=6.98.0-bare KR=$(uname -r) A=x86_64 parallel_jobs=2\n",
        kernels.older, kernels.newer
    )
}

/// Replaces the variables in a path or an expected line.
pub(crate) fn expand(text: &str, kernels: &Kernels) -> String {
    text.replace("$K1", &kernels.older)
        .replace("$K2", &kernels.newer)
        .replace("$KF", "6.99.0-fake")
        .replace("$KB", "6.98.0-bare")
        .replace("$A", "x86_64")
}

fn copy(root: &Root, fixture: &str, to: &str) -> Result<()> {
    let from = Path::new("tests/fixtures").join(fixture);
    let to = root.path(to);
    disk::make_dirs(&to)?;
    Cmd::new("cp")
        .args(["-r", "--preserve=mode", "--"])
        .arg(from.join("."))
        .arg(&to)
        .checked()
        .map(drop)
        .with_context(|| format!("fixture {fixture}"))
}
