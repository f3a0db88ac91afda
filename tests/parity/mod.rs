//! Suite `parity`: the same commands once with the original and once with ours, in equal roots.
//!
//! The original sits each exam first; what it did is kept under the cache, keyed by the case, its fixtures and its root.

pub(crate) mod case;
mod compare;
mod ignored;
mod object;
pub(crate) mod play;
mod tree;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use testbed::debs::Debs;
use testbed::layer::{self, Kernels, Layer};
use testbed::{cache, disk, ours};
use walkdir::WalkDir;

use self::case::{Case, Line};
use self::compare::Comparison;
use self::play::{Players, Seen};
use super::parallel;
use crate::request::Request;
use crate::tally::Tally;

/// The two roots of an exam.
pub(super) struct Exam {
    pub(super) kernels: Kernels,
    pub(super) original: Layer,
    pub(super) ours: Layer,
    /// Both are the original: a test of the harness itself.
    pub(super) self_test: bool,
}

/// Plays all cases.
pub(super) fn run(request: &Request) -> Result<Tally> {
    let kernels = Kernels::of_archive()?;
    let below = layer::kernels(&kernels)?;
    let original = layer::original(&below)?;
    let ours = request.subject(&below)?;
    let exam = Exam { kernels, original, ours, self_test: request.self_test };

    let mut cases = case::load(Path::new("tests/parity"))?;
    cases.retain(|case| request.wants(&case.name));
    if cases.is_empty() {
        bail!("no case has such a name");
    }
    Ok(parallel::run(&cases, |case| (case.name.clone(), sit(case, &exam))))
}

/// Complaints about one case.
fn sit(case: &Case, exam: &Exam) -> Result<Vec<String>> {
    let original = remembered(case, exam)?;
    examine(case, exam, &original, Players::of(&exam.ours).limit)
}

/// Plays a case with ours; complaints about what differs from what the original did.
pub(super) fn examine(case: &Case, exam: &Exam, original: &Seen, limit: u32) -> Result<Vec<String>> {
    let bare = Case { differs: Vec::new(), ..case.clone() };
    let case = if exam.self_test { &bare } else { case };
    let mut comparison = Comparison::of(case, &exam.kernels);
    if case.lines.iter().any(|line| matches!(line, Line::Switch)) {
        // Both packages cannot be installed at once, but a switch needs no more than the command itself.
        let program = ours::program(&exam.ours)?;
        let play =
            |before, after| play::play(case, &Players { layer: &exam.original, before, after, limit }, &exam.kernels);
        comparison.add("original, then ours: ", original, &play(None, Some(program.as_path()))?);
        comparison.add("ours, then original: ", original, &play(Some(program.as_path()), None)?);
    } else {
        let players = Players { limit, ..Players::of(&exam.ours) };
        comparison.add("", original, &play::play(case, &players, &exam.kernels)?);
    }
    Ok(comparison.finish())
}

/// What the original did, from the cache if nothing that it depends on has changed.
fn remembered(case: &Case, exam: &Exam) -> Result<Seen> {
    let mut parts = vec![case.text.clone().into_bytes(), exam.original.id().into_bytes(), b"2".to_vec()];
    if case.lines.iter().any(|line| matches!(line, Line::Package { .. })) {
        parts.push(b"version of the directory".to_vec());
    }
    for fixture in case.fixtures() {
        for file in files(&Path::new("tests/fixtures").join(fixture))? {
            parts.push(file.to_string_lossy().into_owned().into_bytes());
            parts.push(disk::bytes(&file)?);
        }
    }
    for line in &case.lines {
        if let Line::Package { name, suite } = line {
            parts.push(Debs::of(suite)?.version(name)?.into_bytes());
        }
    }
    let kept = cache::path("parity").join(format!("{}.json", cache::key(&parts)));
    if let Ok(text) = disk::read(&kept) {
        if let Ok(seen) = serde_json::from_str(&text) {
            return Ok(seen);
        }
    }
    let seen = play::play(case, &Players::of(&exam.original), &exam.kernels)?;
    disk::write(&kept, serde_json::to_string_pretty(&seen).context("write what was seen as JSON")?)?;
    Ok(seen)
}

fn files(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in WalkDir::new(dir).sort_by_file_name() {
        let entry = entry.with_context(|| format!("fixture {}", dir.display()))?;
        if entry.file_type().is_file() {
            files.push(entry.into_path());
        }
    }
    Ok(files)
}
