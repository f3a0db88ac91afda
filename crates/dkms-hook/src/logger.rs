//! What the libraries have to say, on standard error: one plain line each.

use log::{Level, LevelFilter, Log, Metadata, Record};

struct Logger;

/// Installs it for the rest of the process.
pub(crate) fn install() {
    static LOGGER: Logger = Logger;
    log::set_max_level(LevelFilter::Warn);
    // Only a second installation fails, and then the first one is as good.
    let _ = log::set_logger(&LOGGER);
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let level = if record.level() == Level::Error { "error" } else { "warning" };
            crate::say(&format!("{level}: {}", record.args()));
        }
    }

    fn flush(&self) {}
}
