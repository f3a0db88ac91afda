//! Whether the package manager's own lists know a newer version of the package that a module came with.
//!
//! Asked once when a build has failed for a reason that lies in the module: a child or two that read local files. That the
//! newer version builds is not known, and not claimed. What is not known is not said.

use std::path::Path;
use std::time::Duration;

use crate::setup::Setup;
use crate::setup::distribution::Family;

/// The lists are local files; a program that takes longer waits for something that we must not wait for.
const LIMIT: Duration = Duration::from_secs(10);

/// A sentence with the newer version and the command that installs it.
pub(super) fn advice(setup: &Setup, source: &Path) -> Option<String> {
    let conf = source.join("dkms.conf");
    match setup.distribution.family() {
        Family::Debian | Family::Ubuntu => {
            let owner = ask(setup, "dpkg-query", &["--search", conf.to_str()?])?;
            let package = owner.split([':', ',']).next().filter(|name| !name.is_empty())?;
            let newer = apt(&ask(setup, "apt-cache", &["policy", package])?)?;
            let from = newer.suite.map(|suite| format!(" -t {suite}")).unwrap_or_default();
            Some(format!("the archive has {package} {}: apt-get install{from} {package}", newer.version))
        }
        Family::Arch => {
            let package = ask(setup, "pacman", &["-Qqo", conf.to_str()?])?.trim().to_owned();
            let version = pacman(&ask(setup, "pacman", &["-Qu", &package])?)?;
            Some(format!("the repositories have {package} {version}: pacman -Syu"))
        }
        _ => None,
    }
}

fn ask(setup: &Setup, program: &str, arguments: &[&str]) -> Option<String> {
    let tool = setup.tool(program).ok()?.args(arguments).inherit(&setup.environment).env("LC_ALL", "C");
    let output = tool.time_limit(LIMIT).require().ok()?;
    String::from_utf8(output).ok()
}

#[derive(Debug, PartialEq, Eq)]
struct Newer {
    version: String,
    /// The suite to name where apt would not take it by itself.
    suite: Option<String>,
}

/// From `apt-cache policy PACKAGE`: a table of versions, the highest first, the installed one marked with `***`; below each
/// where it can be had, as `PRIORITY URI SUITE/COMPONENT ARCHITECTURE Packages`.
fn apt(policy: &str) -> Option<Newer> {
    let candidate = policy.lines().find_map(|line| line.trim().strip_prefix("Candidate: "))?;
    let mut table = policy.lines().skip_while(|line| line.trim() != "Version table:").skip(1);
    let highest = table.next()?.trim();
    if highest.starts_with("***") || !policy.lines().any(|line| line.trim().starts_with("*** ")) {
        return None;
    }
    let version = highest.split(' ').next()?;
    let place = table.next()?;
    let suite = place.split_whitespace().nth(2)?.split('/').next()?;
    Some(Newer { version: version.to_owned(), suite: (version != candidate).then(|| suite.to_owned()) })
}

/// From `pacman -Qu PACKAGE`: `PACKAGE OLD -> NEW`, and nothing if there is none.
fn pacman(upgrade: &str) -> Option<String> {
    let (_, new) = upgrade.lines().next()?.split_once(" -> ")?;
    new.split(' ').next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = "zfs-dkms:\n  Installed: 2.3.9-0+deb13u1\n  Candidate: 2.3.9-0+deb13u1\n  Version table:\n\
        \x20    2.4.4-1~bpo13+1 100\n        100 http://archive/debian trixie-backports/contrib amd64 Packages\n\
        \x20*** 2.3.9-0+deb13u1 500\n        500 http://archive/debian trixie/contrib amd64 Packages\n\
        \x20       100 /var/lib/dpkg/status\n";

    #[test]
    fn apt_has_a_newer_one_only_above_the_installed_one() {
        let newer =
            |suite: Option<&str>| Some(Newer { version: "2.4.4-1~bpo13+1".into(), suite: suite.map(str::to_owned) });
        assert_eq!(apt(POLICY), newer(Some("trixie-backports")));
        assert_eq!(apt(&POLICY.replace("Candidate: 2.3.9-0+deb13u1", "Candidate: 2.4.4-1~bpo13+1")), newer(None));
        let alone = POLICY.lines().filter(|line| !line.contains("bpo13") && !line.contains("backports"));
        assert_eq!(apt(&alone.collect::<Vec<_>>().join("\n")), None);
        assert_eq!(apt(&POLICY.replace(" *** ", "     ")), None);
        assert_eq!(apt("N: Unable to locate package x\n"), None);
    }

    #[test]
    fn pacman_names_the_newer_one() {
        assert_eq!(pacman("zfs-dkms 2.3.1-1 -> 2.4.0-1\n").as_deref(), Some("2.4.0-1"));
        assert_eq!(pacman("zfs-dkms 2.3.1-1 -> 2.4.0-1 [ignored]\n").as_deref(), Some("2.4.0-1"));
        assert_eq!(pacman(""), None);
    }
}
