//! What the libraries have to say, on standard error: one plain line each.
//!
//! Warnings are always shown, `--verbose` adds what is being done, `--debug` everything. Module and kernel travel as
//! key-values on a record and stand in front of its text. While progress is drawn on a terminal, lines are put above it.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use indicatif::MultiProgress;
use log::kv::{Key, Value, VisitSource};
use log::{Level, LevelFilter, Log, Metadata, Record};

/// The logger of the program.
#[derive(Debug)]
pub struct Logger {
    progress: MultiProgress,
}

impl Logger {
    /// Installs it for the rest of the process.
    pub fn install(level: LevelFilter, progress: MultiProgress) {
        log::set_max_level(level);
        // Only a second installation fails, and then the first one is as good.
        let _ = log::set_boxed_logger(Box::new(Self { progress }));
    }
}

/// The level that two options ask for.
pub fn level(verbose: bool, debug: bool) -> LevelFilter {
    match (verbose, debug) {
        (_, true) => LevelFilter::Trace,
        (true, false) => LevelFilter::Info,
        (false, false) => LevelFilter::Warn,
    }
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let line = line(record);
            // Standard error may be closed; then there is no reader.
            self.progress.suspend(|| drop(io::stderr().write_all(line.as_bytes())));
        }
    }

    fn flush(&self) {}
}

/// `warning: m/1 for 6.1: text`
fn line(record: &Record<'_>) -> String {
    let mut line = String::from(match record.level() {
        Level::Error => "error: ",
        Level::Warn => "warning: ",
        Level::Info => "",
        Level::Debug | Level::Trace => "debug: ",
    });
    let mut subject = Subject::default();
    // Our visitor never fails.
    let _ = record.key_values().visit(&mut subject);
    let subject = match (subject.module, subject.kernel) {
        (Some(module), Some(kernel)) => format!("{module} for {kernel}: "),
        (Some(one), None) | (None, Some(one)) => format!("{one}: "),
        (None, None) => String::new(),
    };
    // Writing to a string never fails.
    let _ = writeln!(line, "{subject}{}", record.args());
    line
}

/// Whom a record is about.
#[derive(Default)]
struct Subject {
    module: Option<String>,
    kernel: Option<String>,
}

impl<'kvs> VisitSource<'kvs> for Subject {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), log::kv::Error> {
        match key.as_str() {
            "module" => self.module = Some(value.to_string()),
            "kernel" => self.kernel = Some(value.to_string()),
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let shown = |level, pairs: &[(&str, &str)]| {
            line(&Record::builder().level(level).args(format_args!("text")).key_values(&pairs).build())
        };
        assert_eq!(shown(Level::Warn, &[]), "warning: text\n");
        assert_eq!(shown(Level::Info, &[("module", "m/1"), ("kernel", "6.1")]), "m/1 for 6.1: text\n");
        assert_eq!(shown(Level::Debug, &[("kernel", "6.1")]), "debug: 6.1: text\n");
        assert_eq!(shown(Level::Error, &[("other", "x")]), "error: text\n");
    }

    #[test]
    fn levels() {
        assert_eq!(level(false, false), LevelFilter::Warn);
        assert_eq!(level(true, false), LevelFilter::Info);
        assert_eq!(level(true, true), LevelFilter::Trace);
    }
}
