//! Suite `conf`: the values of real `dkms.conf` files, natively and by the contained shell, compared with what the
//! original's own mechanism makes of them in bash.
//!
//! Files: those beside the project in `../shared/corpus`, where it is present, and those of all `-dkms` packages of two
//! Debian releases. Each is evaluated in every context of [`kernels`]; one bash answers for all contexts of a file.

mod files;
mod kernels;
mod machine;
mod oracle;
mod shell;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use dkms_conf::{Assignments, Request, Source, World, evaluator};
use testbed::host;

use self::files::ConfFile;
use self::kernels::KernelContext;
use self::machine::Machine;
use self::oracle::Said;
use self::shell::ContainedShell;
use crate::tally::Tally;

/// The least share of different files that have to be evaluated without a shell.
const NATIVE_SHARE: f64 = 0.93;

/// What became of one file in all contexts.
struct Outcome {
    /// What a shell was needed for, in the first context that needed one.
    refusal: Option<String>,
    /// Comparisons that were equal.
    equal: usize,
    /// Each difference, with the context.
    differences: Vec<String>,
}

/// Compares all files, or those whose name contains `only`.
pub(super) fn run(only: Option<&str>) -> Result<Tally> {
    host::need(&[("setpriv", "util-linux"), ("dpkg-deb", "dpkg"), ("tar", "tar"), ("xz", "xz-utils")])?;
    let contexts = kernels::all()?;
    let mut files = files::corpus()?;
    let from_corpus = files.len();
    files.extend(files::packages()?);
    let from_debian = files.len() - from_corpus;
    let mut different: BTreeMap<String, &ConfFile> = BTreeMap::new();
    for file in files.iter().filter(|file| only.is_none_or(|only| file.name.contains(only))) {
        different.entry(file.digest.clone()).or_insert(file);
    }
    let different: Vec<&ConfFile> = different.into_values().collect();
    let outcomes = compare_all(&different, &contexts)?;
    let mut tally = Tally::default();
    let mut native = 0;
    let mut equal = 0;
    for (file, outcome) in different.iter().zip(&outcomes) {
        for difference in &outcome.differences {
            println!("  DIFFERS {}: {difference}", file.name);
        }
        match &outcome.refusal {
            None => native += 1,
            Some(refusal) => println!("  by the shell: {} ({refusal})", file.name),
        }
        equal += outcome.equal;
        tally.count(outcome.differences.is_empty());
    }
    let differences: usize = outcomes.iter().map(|outcome| outcome.differences.len()).sum();
    let share = f64::from(u32::try_from(native)?) / f64::from(u32::try_from(different.len().max(1))?);
    println!(
        "  {from_corpus} files of the corpus, {from_debian} of Debian packages; {} different contents, {} contexts",
        different.len(),
        contexts.len()
    );
    println!("  {equal} comparisons equal, {differences} differences");
    println!("  {native} of {} natively ({:.1} %)", different.len(), share * 100.0);
    if only.is_none() {
        tally.count(share >= NATIVE_SHARE);
    }
    Ok(tally)
}

/// Compares on all processors; the outcomes are in the order of the files.
fn compare_all(files: &[&ConfFile], contexts: &[KernelContext]) -> Result<Vec<Outcome>> {
    let machine = Machine::new()?;
    let script = oracle::prepare()?;
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(Vec::new());
    let work = || {
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(file) = files.get(place) else { break };
            let outcome = compare(&script, file, contexts, &machine);
            if let Ok(mut outcomes) = outcomes.lock() {
                outcomes.push((place, outcome));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, Into::into) {
            scope.spawn(work);
        }
    });
    let mut outcomes = outcomes.into_inner().unwrap_or_default();
    outcomes.sort_by_key(|(place, _)| *place);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

fn compare(script: &Path, file: &ConfFile, contexts: &[KernelContext], machine: &Machine) -> Result<Outcome> {
    let said = oracle::ask(script, file, contexts)?;
    let source = Source::from_bytes(file.path.display().to_string(), &file.content)
        .map_err(|diagnostic| anyhow::anyhow!("{diagnostic}"))?;
    let machine = &machine.at(file.directory());
    let mut outcome = Outcome { refusal: None, equal: 0, differences: Vec::new() };
    for (context, said) in contexts.iter().zip(&said) {
        compare_in(&source, context, said, machine, &mut outcome);
    }
    Ok(outcome)
}

fn compare_in(source: &Source, context: &KernelContext, said: &Said, machine: &Machine, outcome: &mut Outcome) {
    let mut check = |what: &str, ours: &[String], bash: &[String]| {
        if ours == bash {
            outcome.equal += 1;
            return;
        }
        let mut lines = Vec::new();
        lines.extend(ours.iter().filter(|value| !bash.contains(value)).map(|value| format!("\n    ours {value:?}")));
        lines.extend(bash.iter().filter(|value| !ours.contains(value)).map(|value| format!("\n    bash {value:?}")));
        outcome.differences.push(format!("{} {what}{}", context.name, lines.concat()));
    };
    match evaluator::evaluate(source, &context.context, &Assignments::default(), machine) {
        Ok(raw) => check("raw", &listed(&raw), said.raw.as_deref().unwrap_or_default()),
        Err(refusal) => {
            outcome.refusal.get_or_insert(format!("line {}: {refusal}", refusal.location.line));
        }
    }
    let request = Request {
        sources: std::slice::from_ref(source),
        directives: &[],
        context: &context.context,
        world: machine,
        shell: Some(&ContainedShell(Path::new(machine.directory()))),
    };
    match dkms_conf::evaluate(&request) {
        Ok(evaluated) => check("values", &listed(&evaluated.assignments), &said.values),
        Err(rejected) => check("values", &[rejected.to_string()], &said.values),
    }
}

/// Values in the form of the oracle.
fn listed(values: &Assignments) -> Vec<String> {
    values.iter().map(|(directive, index, value)| format!("{directive}[{index}]={}", value.text)).collect()
}
