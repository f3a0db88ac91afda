//! One target with what was measured for it, the table of them, and their JSON lines.

use serde::Serialize;

/// A target, and whether it was met.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    /// What was run.
    bench: String,
    /// What `ours` and `than` count.
    unit: Unit,
    /// Median wall seconds of ours, megabytes, or how many.
    ours: f64,
    /// What ours is compared with, in words.
    against: String,
    /// The same of it.
    than: f64,
    /// How many of them ours takes.
    ratio: f64,
    /// In words.
    target: String,
    met: bool,
}

/// What is measured.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum Unit {
    Seconds,
    Megabytes,
    Number,
}

impl Unit {
    fn shown(self, value: f64) -> String {
        match self {
            Unit::Seconds => seconds(value),
            Unit::Megabytes => format!("{value:.1} MB"),
            Unit::Number => format!("{value:.0}"),
        }
    }
}

impl Row {
    /// Ours has to take less than `limit` seconds.
    pub(super) fn under(bench: impl Into<String>, ours: f64, limit: f64) -> Row {
        Row::new(bench, ours, "the limit", limit, format!("under {}", seconds(limit)), ours < limit)
    }

    /// Ours has to hold less than `limit` megabytes of memory.
    pub(super) fn smaller(bench: impl Into<String>, ours: f64, limit: f64) -> Row {
        let target = format!("under {}", Unit::Megabytes.shown(limit));
        Row { unit: Unit::Megabytes, ..Row::new(bench, ours, "the limit", limit, target, ours < limit) }
    }

    /// There must be none of something.
    #[expect(clippy::cast_precision_loss, reason = "a table has few cells")]
    pub(super) fn none(bench: impl Into<String>, ours: usize) -> Row {
        Row { unit: Unit::Number, ..Row::new(bench, ours as f64, "the limit", 0.0, "none".to_owned(), ours == 0) }
    }

    /// The original has to take `times` as long as ours.
    pub(super) fn faster(bench: impl Into<String>, ours: f64, original: f64, times: f64) -> Row {
        let target = format!("{times} times faster");
        Row::new(bench, ours, "the original", original, target, original >= times * ours)
    }

    /// Ours may take `times` as long as what could not be done in less.
    pub(super) fn within(bench: impl Into<String>, ours: f64, against: &str, bare: f64, times: f64) -> Row {
        Row::new(bench, ours, against, bare, format!("at most {times} of it"), ours <= times * bare)
    }

    fn new(bench: impl Into<String>, ours: f64, against: &str, than: f64, target: String, met: bool) -> Row {
        Row {
            bench: bench.into(),
            unit: Unit::Seconds,
            ours,
            against: against.to_owned(),
            than,
            ratio: ours / than,
            target,
            met,
        }
    }

    pub(super) fn met(&self) -> bool {
        self.met
    }

    fn cells(&self) -> [String; 6] {
        let ratio = if !self.ratio.is_normal() {
            String::new()
        } else if self.ratio < 0.5 {
            format!("1/{:.0}", 1.0 / self.ratio)
        } else {
            format!("{:.2}", self.ratio)
        };
        let verdict = if self.met { "met" } else { "MISSED" };
        let against = format!("{} ({})", self.unit.shown(self.than), self.against);
        [self.bench.clone(), self.unit.shown(self.ours), against, ratio, self.target.clone(), verdict.to_owned()]
    }
}

/// Prints the rows with aligned columns.
pub(super) fn table(rows: &[Row]) {
    let head = ["benchmark", "ours", "against", "ratio", "target", ""].map(str::to_owned);
    let lines: Vec<[String; 6]> = std::iter::once(head).chain(rows.iter().map(Row::cells)).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..6).map(width).collect();
    for line in &lines {
        let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        println!("{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}

/// Seconds as a person reads them.
pub(super) fn seconds(seconds: f64) -> String {
    match seconds {
        s if s < 0.1 => format!("{:.1} ms", s * 1000.0),
        s if s < 10.0 => format!("{s:.2} s"),
        s => format!("{s:.1} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_compared_the_right_way_round() {
        assert!(Row::under("a", 0.004, 0.005).met());
        assert!(!Row::under("a", 0.005, 0.005).met());
        assert!(Row::faster("b", 0.1, 50.0, 500.0).met());
        assert!(!Row::faster("b", 0.2, 50.0, 500.0).met());
        assert!(Row::within("c", 11.5, "make", 10.0, 1.15).met());
        assert!(!Row::within("c", 11.6, "make", 10.0, 1.15).met());
    }

    #[test]
    fn seconds_are_readable() {
        assert_eq!(seconds(0.0123), "12.3 ms");
        assert_eq!(seconds(1.5), "1.50 s");
        assert_eq!(seconds(98.76), "98.8 s");
    }
}
