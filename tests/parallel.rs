//! Cases two at a time: most of a case is waiting for one compiler.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::Result;

use crate::tally::Tally;

/// How many cases run at once.
const WORKERS: usize = 2;

/// Runs each item; `sit` gives its name and the complaints, of which none means passed.
pub(super) fn run<T: Sync>(items: &[T], sit: impl Fn(&T) -> (String, Result<Vec<String>>) + Sync) -> Tally {
    let next = AtomicUsize::new(0);
    let tally = Mutex::new(Tally::default());
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let start = Instant::now();
                    let (name, complaints) = sit(item);
                    let complaints = complaints.unwrap_or_else(|error| vec![format!("{error:#}")]);
                    if let Ok(mut tally) = tally.lock() {
                        tell(&name, start.elapsed().as_secs_f32(), &complaints);
                        tally.count(complaints.is_empty());
                    }
                }
            });
        }
    });
    tally.into_inner().unwrap_or(Tally { passed: 0, failed: items.len() })
}

fn tell(name: &str, seconds: f32, complaints: &[String]) {
    println!("{} {name} ({seconds:.1} s)", if complaints.is_empty() { "ok  " } else { "FAIL" });
    for complaint in complaints {
        println!("     {}", complaint.replace('\n', "\n     "));
    }
}
