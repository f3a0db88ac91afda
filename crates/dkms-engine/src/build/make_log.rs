//! `make.log`: what a build said, in the format that bug reporting tools read.
//!
//! Two lines of heading, then a block per step: description, command, output, exit code, elapsed time, a rule.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::ORIGINAL_VERSION;
use crate::error::Error;
use crate::system::root::RootMut;
use crate::system::tool::End;
use crate::target::Target;

const RULE: &str = "----------------------------------------------------------------";

/// A log being written.
#[derive(Debug)]
pub(crate) struct MakeLog {
    file: File,
    path: PathBuf,
}

impl MakeLog {
    /// Begins a log; a file that is there is replaced.
    pub(crate) fn begin(root: &RootMut, path: &Path, target: &Target) -> Result<Self, Error> {
        root.remove_file(path)?;
        let file = root.create_new(path, 0o644)?;
        // Children append to it too, each with a description of its own place in it unless it appends.
        rustix::fs::fcntl_setfl(&file, rustix::fs::OFlags::APPEND).map_err(Error::os("write", path))?;
        let mut log = Self { file, path: path.to_owned() };
        let kernel = &target.kernel;
        log.say(&format!(
            "DKMS (dkms-{ORIGINAL_VERSION}) make.log for {} for kernel {} ({})\n{}\n",
            target.module,
            kernel.release,
            kernel.arch,
            date(jiff::Timestamp::now(), &jiff::tz::TimeZone::system())
        ))?;
        Ok(log)
    }

    /// The heading of a block.
    pub(crate) fn begin_step(&mut self, description: &str, command: &str) -> Result<(), Error> {
        self.say(&format!("\n{description}\n# command: {command}\n"))
    }

    /// The end of a block.
    pub(crate) fn end_step(&mut self, end: End, duration: Duration) -> Result<(), Error> {
        let seconds = duration.as_secs();
        let remark = match end {
            End::Status(_) => String::new(),
            other => format!("# it {other}\n"),
        };
        self.say(&format!(
            "\n{remark}# exit code: {}\n# elapsed time: {:02}:{:02}:{:02}\n{RULE}\n",
            end.status(),
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60
        ))
    }

    fn say(&mut self, text: &str) -> Result<(), Error> {
        self.file.write_all(text.as_bytes()).map_err(Error::io("write", &self.path))
    }

    /// Where children write to.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// As `date` prints it where no language is set.
fn date(now: jiff::Timestamp, zone: &jiff::tz::TimeZone) -> String {
    let zone = if zone.is_unknown() { &jiff::tz::TimeZone::UTC } else { zone };
    now.to_zoned_datetime(zone.clone()).strftime("%a %b %e %H:%M:%S %Z %Y").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::root::Root;
    use crate::target::{KernelId, ModuleId};

    #[test]
    fn a_log_has_heading_and_blocks() {
        let directory = tempfile::tempdir().unwrap();
        let root = Root::open(directory.path()).unwrap();
        let target = Target::new(ModuleId::new("m", "1").unwrap(), KernelId::new("6.1.0", "x86_64").unwrap());
        let path = Path::new("/make.log");
        root.writable().create_new(path, 0o644).unwrap();
        let mut log = MakeLog::begin(&root.writable(), path, &target).unwrap();
        log.begin_step("Building module(s)", "make all").unwrap();
        log.file().try_clone().unwrap().write_all(b"CC x.o\n").unwrap();
        log.end_step(End::Status(2), Duration::from_secs(3661)).unwrap();
        let text = root.read_to_string(path).unwrap();
        let mut lines = text.lines();
        assert_eq!(lines.next().unwrap(), "DKMS (dkms-3.4.3) make.log for m/1 for kernel 6.1.0 (x86_64)");
        lines.next().unwrap();
        let rest: Vec<&str> = lines.collect();
        let expected = [
            "",
            "Building module(s)",
            "# command: make all",
            "CC x.o",
            "",
            "# exit code: 2",
            "# elapsed time: 01:01:01",
            RULE,
        ];
        assert_eq!(rest, expected);
    }

    #[test]
    fn dates_look_like_those_of_date() {
        let time: jiff::Timestamp = "2026-02-03T04:05:06Z".parse().unwrap();
        assert_eq!(date(time, &jiff::tz::TimeZone::UTC), "Tue Feb  3 04:05:06 UTC 2026");
    }
}
