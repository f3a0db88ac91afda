//! Plays a case in a fresh root and tells what was seen.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use testbed::command::Cmd;
use testbed::debs::Debs;
use testbed::disk;
use testbed::layer::{Kernels, Layer};
use testbed::root::Root;

use super::case::{Case, Line};
use super::ignored::STAND_IN;
use super::tree::{self, Tree};

/// What one tool did with a case.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Seen {
    /// The tree before the first step.
    #[serde(default)]
    pub(crate) start: Tree,
    pub(crate) steps: Vec<Step>,
}

/// What was seen after one command.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Step {
    pub(crate) command: String,
    pub(crate) exit: i32,
    /// Output of `dkms status`.
    pub(crate) status: String,
    /// What it said on both streams: for people, not compared with the original.
    pub(crate) said: String,
    /// What is not as it was before the case.
    pub(crate) tree: Tree,
}

/// Which programs play a case.
#[derive(Debug, Clone)]
pub(crate) struct Players<'a> {
    pub(crate) layer: &'a Layer,
    /// Stands in for the layer's own `dkms` before the switch, after it.
    pub(crate) before: Option<&'a Path>,
    pub(crate) after: Option<&'a Path>,
    /// After how many seconds a step is ended.
    pub(crate) limit: u32,
}

impl<'a> Players<'a> {
    /// The `dkms` of a layer alone.
    pub(crate) fn of(layer: &'a Layer) -> Players<'a> {
        Players { layer, before: None, after: None, limit: LIMIT }
    }
}

/// A step that takes longer has got stuck, unless a suite knows better.
const LIMIT: u32 = 1800;

/// Plays all lines of a case in a root that vanishes afterwards.
pub(crate) fn play(case: &Case, players: &Players<'_>, kernels: &Kernels) -> Result<Seen> {
    inside(&Root::over(players.layer)?, case, players, kernels)
}

/// Plays all lines of a case in a fresh root over the layer of the players.
pub(crate) fn inside(root: &Root, case: &Case, players: &Players<'_>, kernels: &Kernels) -> Result<Seen> {
    let mut variables = variables(kernels);
    let mut seen = Seen { start: Tree::new(), steps: Vec::new() };
    stand_in(root, players.before)?;
    for line in &case.lines {
        match line {
            Line::Source { fixture, to } => copy(root, fixture, &expand(to, kernels))?,
            Line::Package { name, suite } => {
                let module = unpack(root, name, suite)?;
                variables = [variables, format!("export M={module}\n")].concat();
            }
            Line::File { path, content } => disk::write(&root.path(&expand(path, kernels)), content)?,
            Line::Switch => stand_in(root, players.after)?,
            Line::Setup(line) => drop(root.must(&format!("{variables}{line}"))?),
            Line::Step(line) => {
                if seen.steps.is_empty() {
                    seen.start = tree::changed(root)?;
                }
                let line_of_bash = format!("{variables}{line}");
                let output = root.command(players.limit, &["bash", "-c", &line_of_bash]).output()?;
                let status = root.bash("dkms status 2>/dev/null")?;
                seen.steps.push(Step {
                    command: line.clone(),
                    exit: output.code,
                    status: status.stdout,
                    said: format!("{}{}", output.stdout, output.stderr),
                    tree: tree::changed(root)?,
                });
            }
        }
    }
    Ok(seen)
}

/// Puts a program before the layer's own, or takes it away.
fn stand_in(root: &Root, program: Option<&Path>) -> Result<()> {
    match program {
        Some(program) => disk::copy(program, &root.path(STAND_IN)),
        None => root.must(&format!("rm -f {STAND_IN}")).map(drop),
    }
}

/// Unpacks the sources of a `-dkms` package; gives the name that its dkms.conf has and the version that its directory has:
/// some packages leave a placeholder in the conf.
pub(crate) fn unpack(root: &Root, name: &str, suite: &str) -> Result<String> {
    let deb = Debs::of(suite)?.fetch(name)?;
    disk::copy(&deb, &root.path("/tmp/package.deb"))?;
    let line = "cd /tmp && rm -rf unpacked && dpkg-deb -x package.deb unpacked && rm package.deb && cp -a unpacked/usr/src/. /usr/src \
                && for conf in /tmp/unpacked/usr/src/*/dkms.conf; do (cd / && . $conf > /dev/null 2>&1; \
                directory=$(basename $(dirname $conf)); echo $PACKAGE_NAME/${directory#$PACKAGE_NAME-}); done; rm -r unpacked";
    let module = root.must(line)?.stdout.trim().to_owned();
    let (known, version) = module.split_once('/').unwrap_or_default();
    ensure!(!known.is_empty() && !version.is_empty(), "package {name} has no usable dkms.conf: `{module}`");
    Ok(module)
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

/// Whether `dkms status` printed the lines that a case writes down. Their order is that of the releases, which a case does
/// not know: in which of them 6.12.95 and 6.12.107 come is compared with the original wherever both print the same.
pub(crate) fn shows(status: &str, lines: &str, kernels: &Kernels) -> bool {
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    sorted(status) == sorted(&expand(lines, kernels))
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
