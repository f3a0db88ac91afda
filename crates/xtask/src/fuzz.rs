//! `cargo xtask fuzz`: each parser of foreign bytes, fed by libFuzzer; `tests/fuzz` has a program for each.
//!
//! Before anything new a target gets what was found once and then what is long ([`seeds`]). A finding is what ends the
//! program: a panic, a wrong answer, too much time or memory. The input is kept below `target/fuzz/artifacts`; when its
//! cause is mended, it belongs in `tests/fuzz/regressions`.

mod seeds;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use testbed::command::{Cmd, Output};
use testbed::{disk, host};

/// Coverage for libFuzzer by what a stable compiler can do, and the checks of a debug build.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
                     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
                     -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 -Cdebug-assertions \
                     -Coverflow-checks --cfg fuzzing";
/// The stack is that of a thread, and what is unpacked fills no disk.
const LIMITED: &str = "trap '' XFSZ; ulimit -f 65536; ulimit -s 2048; exec \"$0\" \"$@\"";
/// Where inputs are kept that were found.
const ARTIFACTS: &str = "target/fuzz/artifacts";
/// The longest input.
const LONGEST: usize = 1 << 20;

/// What to feed, and for how long.
#[derive(Args)]
pub(crate) struct Request {
    /// Only these: `conf`, `archive`, ... as files in tests/fuzz/src/bin are called
    targets: Vec<String>,
    /// Seconds for each target
    #[arg(long, default_value_t = 60)]
    seconds: u64,
}

/// A program that feeds one parser.
struct Target {
    name: String,
    program: PathBuf,
}

/// Builds and feeds; true if nothing was found.
pub(crate) fn run(request: &Request) -> Result<bool> {
    host::need(&[("c++", "g++"), ("xz", "xz-utils"), ("zstd", "zstd")])?;
    let targets = build(&request.targets)?;
    let mut clean = true;
    for target in &targets {
        let line = match target.feed(request.seconds)? {
            Ok(line) => line,
            Err(finding) => {
                clean = false;
                format!("FINDING\n{finding}")
            }
        };
        println!("{:14} {line}", target.name);
    }
    Ok(clean)
}

/// The programs for these targets, or for all.
fn build(wanted: &[String]) -> Result<Vec<Target>> {
    let names: Vec<String> = disk::names(Path::new("tests/fuzz/src/bin"))
        .iter()
        .filter_map(|file| file.strip_suffix(".rs").map(str::to_owned))
        .collect();
    if let Some(unknown) = wanted.iter().find(|name| !names.contains(name)) {
        bail!("there is no target `{unknown}`, but {}", names.join(", "));
    }
    let version = Cmd::new("rustc").arg("-vV").checked()?.stdout;
    let machine = version.lines().find_map(|line| line.strip_prefix("host: ")).context("what rustc compiles for")?;
    println!("building {} programs", names.len());
    // With a target named, the flags are not for build scripts.
    Cmd::new("cargo")
        .args(["build", "--quiet", "--release", "--locked", "--manifest-path", "tests/fuzz/Cargo.toml"])
        .args(["--target", machine, "--target-dir", "target/fuzz/build"])
        .env("RUSTFLAGS", FLAGS)
        .checked()?;
    let programs = Path::new("target/fuzz/build").join(machine).join("release");
    let targets = names.into_iter().filter(|name| wanted.is_empty() || wanted.contains(name));
    Ok(targets.map(|name| Target { program: programs.join(&name), name }).collect())
}

impl Target {
    /// A line of what was done, or what was found.
    fn feed(&self, seconds: u64) -> Result<Result<String, String>> {
        disk::make_dirs(Path::new(ARTIFACTS))?;
        let (known, seeds, long) = seeds::lay(&self.name)?;
        let replayed = known.len() + long.len();
        for input in known.iter().chain(&long) {
            let output = self.start().arg(input).output()?;
            if output.code != 0 {
                return Ok(Err(format!("{}by {}", said(&output), input.display())));
            }
        }
        let corpus = Path::new("target/fuzz/corpus").join(&self.name);
        disk::make_dirs(&corpus)?;
        let dictionary = Path::new("tests/fuzz/dictionaries").join(&self.name);
        let mut start = self.start();
        if dictionary.is_file() {
            start = start.arg(format!("-dict={}", dictionary.display()));
        }
        let output = start
            .args([format!("-max_total_time={seconds}"), format!("-max_len={LONGEST}")])
            .args(["-print_final_stats=1", "-reload=0"])
            .args([&corpus, &seeds])
            .output()?;
        if output.code != 0 {
            return Ok(Err(said(&output)));
        }
        let runs = stat(&output, "number_of_executed_units");
        let rate = stat(&output, "average_exec_per_sec");
        let held = disk::names(&corpus).len();
        Ok(Ok(format!("{runs} runs, {rate}/s, {held} inputs in the corpus, {replayed} known ones before")))
    }

    /// The clock is for what never ends: what an input may take, the programs themselves measure.
    fn start(&self) -> Cmd {
        let memory = Path::new("/dev/shm");
        let temporary = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        Cmd::new("bash")
            .env("TMPDIR", temporary)
            .args(["-c", LIMITED])
            .arg(&self.program)
            .args(["-timeout=300", "-report_slow_units=300", "-rss_limit_mb=2048"])
            .arg(format!("-artifact_prefix={ARTIFACTS}/{}-", self.name))
    }
}

/// A number that libFuzzer tells at its end.
fn stat(output: &Output, name: &str) -> u64 {
    let line = output.stderr.lines().find_map(|line| line.strip_prefix("stat::")?.strip_prefix(name));
    line.and_then(|line| line.trim_start_matches(':').trim().parse().ok()).unwrap_or(0)
}

/// What a program said of a finding.
fn said(output: &Output) -> String {
    let lines: Vec<&str> = output.stderr.lines().collect();
    let tells = |line: &str| ["ERROR: libFuzzer", "Test unit written"].iter().any(|word| line.contains(word));
    let is_kept = |at: usize| {
        tells(lines[at]) || lines[at.saturating_sub(1)..=at].iter().any(|line| line.contains("panicked at"))
    };
    let kept: String = (0..lines.len()).filter(|at| is_kept(*at)).map(|at| format!("    {}\n", lines[at])).collect();
    if kept.is_empty() { output.tail() + "\n" } else { kept }
}
