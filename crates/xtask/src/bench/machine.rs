//! What a reader has to know about the machine to judge the numbers.

use std::fmt;
use std::path::Path;
use std::thread;

use anyhow::Result;
use serde::Serialize;
use testbed::disk;

/// Facts of this machine at one moment.
#[derive(Debug, Serialize)]
pub(super) struct Machine {
    cores: usize,
    processor: String,
    kernel: String,
    /// Load of the last minute, five and fifteen minutes: much of it means that others worked, too.
    load: String,
}

impl Machine {
    /// As the machine is now.
    pub(super) fn now() -> Result<Machine> {
        let cpuinfo = disk::read(Path::new("/proc/cpuinfo"))?;
        let model = cpuinfo.lines().find(|line| line.starts_with("model name"));
        let processor = model.and_then(|line| line.split_once(": ")).map_or("unknown", |(_, name)| name);
        let load = disk::read(Path::new("/proc/loadavg"))?;
        Ok(Machine {
            cores: cores(),
            processor: processor.to_owned(),
            kernel: disk::read(Path::new("/proc/sys/kernel/osrelease"))?.trim().to_owned(),
            load: load.split(' ').take(3).collect::<Vec<_>>().join(" "),
        })
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Machine { cores, processor, kernel, load } = self;
        write!(f, "{cores} cores of {processor}, Linux {kernel}, load {load}")
    }
}

/// How many compilers can work at once.
pub(super) fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}
