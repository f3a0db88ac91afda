//! One scenario with both sides' numbers, and the table of them.

use dkms_suites::measured::Played;
use serde::Serialize;

use super::row::seconds;

/// What one side did in all transactions of a scenario.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Cells {
    builds: usize,
    depmod: usize,
    initramfs: usize,
    wall: f64,
    cpu: f64,
    /// The worst exit status of the package manager.
    exit: i32,
}

/// A scenario played by both.
#[derive(Debug, Serialize)]
pub(super) struct Duel {
    scenario: String,
    title: String,
    original: Cells,
    ours: Cells,
    /// Cells in which ours is worse.
    worse: Vec<&'static str>,
    /// What the original did otherwise than the scenario asks for: where there is something, doing less is no merit.
    complaints: Vec<String>,
}

/// Times of single runs differ by as much without a reason; a difference below is none.
const NOISE: (f64, f64) = (1.10, 0.5);

impl Cells {
    pub(super) fn of(played: &Played) -> Cells {
        let Played { builds, depmods, images, wall, cpu, exit, .. } = *played;
        Cells { builds, depmod: depmods, initramfs: images, wall, cpu, exit }
    }

    fn worse(&self, original: &Cells) -> Vec<&'static str> {
        let longer = |ours: f64, original: f64| ours > original * NOISE.0 + NOISE.1;
        let cells = [
            ("builds", self.builds > original.builds),
            ("depmod", self.depmod > original.depmod),
            ("initramfs", self.initramfs > original.initramfs),
            ("wall", longer(self.wall, original.wall)),
            ("cpu", longer(self.cpu, original.cpu)),
            ("exit", self.exit > original.exit),
        ];
        cells.into_iter().filter(|(_, worse)| *worse).map(|(name, _)| name).collect()
    }

    fn columns(&self) -> [String; 6] {
        let Cells { builds, depmod, initramfs, wall, cpu, exit } = self;
        [builds.to_string(), depmod.to_string(), initramfs.to_string(), seconds(*wall), seconds(*cpu), exit.to_string()]
    }
}

impl Duel {
    pub(super) fn new(scenario: &str, title: &str, original: Cells, ours: Cells, complaints: Vec<String>) -> Duel {
        let (scenario, title) = (scenario.to_owned(), title.to_owned());
        Duel { scenario, title, original, ours, worse: ours.worse(&original), complaints }
    }

    /// Cells in which ours is worse although the original did all that the scenario asks for.
    pub(super) fn lost(&self) -> usize {
        if self.complaints.is_empty() { self.worse.len() } else { 0 }
    }

    fn cells(&self) -> Vec<String> {
        let mut cells = vec![format!("{} {}", self.scenario, self.title)];
        let pairs = self.original.columns().into_iter().zip(self.ours.columns());
        let names = ["builds", "depmod", "initramfs", "wall", "cpu", "exit"];
        cells.extend(pairs.zip(names).map(|((original, ours), name)| {
            let mark = match (self.worse.contains(&name), self.complaints.is_empty()) {
                (false, _) => "",
                (true, true) => " !",
                (true, false) => " ~",
            };
            format!("{original} / {ours}{mark}")
        }));
        cells
    }
}

/// Prints `original / ours` for each cell, those in which ours is worse marked, what the original did otherwise than asked for, and JSON
/// lines after that.
pub(super) fn table(duels: &[Duel]) {
    let head = ["scenario", "builds", "depmod", "initramfs", "wall", "CPU", "exit"].map(str::to_owned).to_vec();
    let lines: Vec<Vec<String>> = std::iter::once(head).chain(duels.iter().map(Duel::cells)).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..7).map(width).collect();
    println!(
        "\nthe original / ours; ! where ours is worse; ~ where it is, and the original did not do what is asked for"
    );
    for line in &lines {
        let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        println!("{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
    println!("\nwhat the original did otherwise than asked for");
    for duel in duels.iter().filter(|duel| !duel.complaints.is_empty()) {
        let first = |complaint: &String| complaint.lines().next().unwrap_or_default().to_owned();
        println!("{}: {}", duel.scenario, duel.complaints.iter().map(first).collect::<Vec<_>>().join("; "));
    }
    println!();
    for duel in duels {
        if let Ok(line) = serde_json::to_string(duel) {
            println!("{line}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worse_is_more_builds_or_clearly_more_time() {
        let original = Cells { builds: 2, depmod: 2, initramfs: 0, wall: 10.0, cpu: 5.0, exit: 0 };
        let ours = Cells { builds: 3, depmod: 1, initramfs: 1, wall: 11.4, cpu: 7.0, exit: 0 };
        assert_eq!(ours.worse(&original), ["builds", "initramfs", "cpu"]);
        assert!(original.worse(&ours).contains(&"depmod"));
    }
}
