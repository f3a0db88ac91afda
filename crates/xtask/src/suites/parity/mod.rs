//! Suite `parity`: the same commands once with the original and once with ours, in equal roots.
//!
//! The original sits each exam first; what it did is kept under the cache, keyed by the case, its fixtures and its root.

mod case;
mod compare;
mod ignored;
mod object;
mod play;
mod tree;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use walkdir::WalkDir;

use self::case::Case;
use self::play::Seen;
use super::{Request, Tally, parallel};
use crate::layer::{self, Kernels, Layer};
use crate::{cache, disk};

/// The two roots of an exam.
struct Exam {
    kernels: Kernels,
    original: Layer,
    ours: Layer,
    /// Both are the original: a test of the harness itself.
    twins: bool,
}

/// Plays all cases.
pub(super) fn run(request: &Request) -> Result<Tally> {
    let kernels = Kernels::of_archive()?;
    let below = layer::kernels(&kernels)?;
    let original = layer::original(&below)?;
    let ours = request.subject(&below)?;
    let exam = Exam { kernels, original, ours, twins: request.twins };

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
    let ours = play::play(case, &exam.ours, &exam.kernels)?;
    if exam.twins {
        let bare = Case { differs: Vec::new(), ..case.clone() };
        return Ok(compare::complaints(&bare, &original, &ours, &exam.kernels));
    }
    Ok(compare::complaints(case, &original, &ours, &exam.kernels))
}

/// What the original did, from the cache if nothing that it depends on has changed.
fn remembered(case: &Case, exam: &Exam) -> Result<Seen> {
    let mut parts = vec![case.text.clone().into_bytes(), exam.original.id().into_bytes(), b"2".to_vec()];
    for fixture in case.fixtures() {
        for file in files(&Path::new("tests/fixtures").join(fixture))? {
            parts.push(file.to_string_lossy().into_owned().into_bytes());
            parts.push(disk::bytes(&file)?);
        }
    }
    let kept = cache::path("parity").join(format!("{}.json", cache::key(&parts)));
    if let Ok(text) = disk::read(&kept) {
        if let Ok(seen) = serde_json::from_str(&text) {
            return Ok(seen);
        }
    }
    let seen = play::play(case, &exam.original, &exam.kernels)?;
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
