//! One timed run of a line of bash in a root.
//!
//! The clock is read by the bash that starts the command: entering the root's namespaces costs milliseconds, which are
//! no part of what a person waits for.

use anyhow::{Context, Result, bail};
use testbed::root::Root;

/// What one run took, in seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lap {
    pub(super) wall: f64,
    /// User and system time of all processes of the run.
    pub(super) cpu: f64,
}

/// `EPOCHREALTIME` has microseconds, which bash's `time` has not; `time` knows the CPU seconds of the children.
const SCRIPT: &str = r#"
TIMEFORMAT='%3U %3S'
for ((i = 0; i < TIMES; i++)); do
    start=$EPOCHREALTIME
    { time { LINE
    } > /tmp/lap.out 2>&1; } 2> /tmp/lap.cpu
    code=$? end=$EPOCHREALTIME
    if [ $code != 0 ]; then tail -n 20 /tmp/lap.out; exit $code; fi
    echo "$start $end $(< /tmp/lap.cpu)"
done
"#;

/// Runs the line as often as asked; an error if it fails once.
pub(super) fn laps(root: &Root, times: usize, line: &str) -> Result<Vec<Lap>> {
    let script = SCRIPT.replace("TIMES", &times.to_string()).replace("LINE", line);
    let output = root.command(3600, &["bash", "-c", &script]).output()?;
    if output.code != 0 {
        bail!("in the root: `{line}` ended with {}\n{}", output.code, output.tail());
    }
    output.stdout.lines().map(lap).collect()
}

/// One run.
pub(super) fn once(root: &Root, line: &str) -> Result<Lap> {
    laps(root, 1, line)?.first().copied().context("a lap without a time")
}

fn lap(text: &str) -> Result<Lap> {
    let numbers: Vec<f64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [start, end, user, system] = numbers.as_slice() else {
        bail!("a lap is four numbers, not `{text}`");
    };
    Ok(Lap { wall: end - start, cpu: user + system })
}

/// The middle of many values; the mean of the two in the middle if their number is even.
pub(super) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => values[n / 2],
        n => f64::midpoint(values[n / 2 - 1], values[n / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_of_odd_and_even() {
        assert_eq!(median([3.0, 1.0, 2.0]).to_bits(), 2.0_f64.to_bits());
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]).to_bits(), 2.5_f64.to_bits());
        assert!(median([]).is_nan());
    }

    #[test]
    fn a_lap_has_four_numbers() {
        let lap = lap("1000.250000 1001.500000 0.500 0.125").expect("a lap");
        assert_eq!((lap.wall.to_bits(), lap.cpu.to_bits()), (1.25_f64.to_bits(), 0.625_f64.to_bits()));
        assert!(super::lap("1000.25 1001.5").is_err());
    }
}
