//! Cases as people write them: `tests/{parity,packages,hostile}/*.cases`, one or many in a file.
//!
//! ```text
//! == name: what it shows
//! source basic-1.0                 tests/fixtures/basic-1.0 becomes /usr/src/basic-1.0
//! source basic-1.0 as other-2.0    ... /usr/src/other-2.0
//! source basic-1.0 at /root/x      ... /root/x
//! file /etc/dkms/basic.conf        the lines that follow, each after `| `
//! | MAKE="make all"
//! package vpoll-dkms trixie        the sources of a real package; $M becomes its NAME/VERSION
//! ! mkdir -p /srv                  set-up: must succeed, is not compared
//! $ dkms add basic/1.0             a step: exit status and `dkms status` are compared after it
//! differs exit 2: reason           ours ends this step with 2, the original with something else
//! differs status: reason           ours shows other lines after this step (`| ` lines give them)
//! differs path GLOB: reason        entries of the tree that differ after any step
//! switch                           from here on the other tool goes on with what the first one made
//! expect exit 8                    for suites that compare with expectations: exit status of the step above,
//! expect says TEXT                 ... what stdout or stderr has to hold,
//! expect status / expect unchanged ... `dkms status` (in `| ` lines), or that the step changed nothing on disk
//! ```
//!
//! K1 and K2 are real kernels, KF one that shares headers with K2, KB one without headers, KR the running one.

use std::path::Path;

use anyhow::{Context, Result, bail};
use testbed::disk;

/// A sequence of commands with its set-up and what is known to differ.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// File stem and name: `10-basic/add-twice`.
    pub(crate) name: String,
    pub(crate) lines: Vec<Line>,
    pub(crate) differs: Vec<Differs>,
    pub(crate) expects: Vec<Expect>,
    /// The text itself, for the key of cached results; `differs` lines left out.
    pub(crate) text: String,
}

/// One line of a case, in order.
#[derive(Debug, Clone)]
pub(crate) enum Line {
    /// Copies a fixture to a path of the root.
    Source { fixture: String, to: String },
    /// Unpacks the sources of a package of a Debian suite.
    Package { name: String, suite: String },
    /// The other tool from here on.
    Switch,
    /// Writes a file.
    File { path: String, content: String },
    /// A set-up command.
    Setup(String),
    /// A compared command.
    Step(String),
}

/// A difference on purpose.
#[derive(Debug, Clone)]
pub(crate) struct Differs {
    pub(crate) what: What,
    pub(crate) reason: String,
}

/// What a step has to do, where there is no original to compare with.
#[derive(Debug, Clone)]
pub(crate) struct Expect {
    pub(crate) step: usize,
    pub(crate) what: Wanted,
}

/// One expectation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wanted {
    Exit(i32),
    Says(String),
    Status(String),
    Unchanged,
}

/// Where a difference on purpose shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    /// Exit status of ours after step n, counted from 0.
    Exit { step: usize, ours: i32 },
    /// `dkms status` after step n, and optionally what ours has to be.
    Status { step: usize, ours: Option<String> },
    /// Entries of the final tree whose path matches a pattern with `*`.
    Path(String),
}

/// All cases of a directory, in order of file names.
pub(crate) fn load(dir: &Path) -> Result<Vec<Case>> {
    let mut cases: Vec<Case> = Vec::new();
    for name in disk::names(dir) {
        let Some(stem) = name.strip_suffix(".cases") else {
            if name.ends_with(".rs") {
                continue;
            }
            bail!("{}: only *.cases and what plays them belong here", dir.join(&name).display());
        };
        let path = dir.join(&name);
        let found = parse(stem, &disk::read(&path)?).with_context(|| path.display().to_string())?;
        cases.extend(found);
    }
    for (at, case) in cases.iter().enumerate() {
        if cases[..at].iter().any(|other| other.name == case.name) {
            bail!("two cases are called `{}`", case.name);
        }
    }
    Ok(cases)
}

fn parse(stem: &str, text: &str) -> Result<Vec<Case>> {
    let mut cases: Vec<Case> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let at = at + 1;
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(head) = line.strip_prefix("== ") {
            let (name, _title) = head.split_once(": ").with_context(|| format!("line {at}: `== name: title`"))?;
            cases.push(Case {
                name: format!("{stem}/{name}"),
                lines: Vec::new(),
                differs: Vec::new(),
                expects: Vec::new(),
                text: String::new(),
            });
            continue;
        }
        let case = cases.last_mut().with_context(|| format!("line {at}: before the first case"))?;
        case.take(line).with_context(|| format!("line {at}: `{line}`"))?;
    }
    Ok(cases)
}

impl Case {
    /// How many compared commands it has.
    pub(crate) fn steps(&self) -> usize {
        self.lines.iter().filter(|line| matches!(line, Line::Step(_))).count()
    }

    /// Names of the fixtures that it copies.
    pub(crate) fn fixtures(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().filter_map(|line| match line {
            Line::Source { fixture, .. } => Some(fixture.as_str()),
            _ => None,
        })
    }

    fn take(&mut self, line: &str) -> Result<()> {
        if let Some(rest) = line.strip_prefix("differs ") {
            let differs = self.differs(rest)?;
            self.differs.push(differs);
            return Ok(());
        }
        if let Some(rest) = line.strip_prefix("expect ") {
            let expect = self.expect(rest)?;
            self.expects.push(expect);
            return Ok(());
        }
        if let Some(more) = line.strip_prefix('|') {
            return self.more(more.strip_prefix(' ').unwrap_or(more));
        }
        self.text.push_str(line);
        self.text.push('\n');
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.trim();
        self.lines.push(match word {
            "source" => source(rest),
            "package" => {
                let (name, suite) = rest.split_once(' ').context("package NAME SUITE")?;
                Line::Package { name: name.to_owned(), suite: suite.to_owned() }
            }
            "switch" => Line::Switch,
            "file" => Line::File { path: rest.to_owned(), content: String::new() },
            "!" => Line::Setup(rest.to_owned()),
            "$" => Line::Step(rest.to_owned()),
            _ => bail!("unknown word `{word}`"),
        });
        Ok(())
    }

    /// A `| ` line belongs to the file or the expected status above it.
    fn more(&mut self, line: &str) -> Result<()> {
        if let Some(Differs { what: What::Status { ours, step }, .. }) = self.differs.last_mut() {
            let steps = self.lines.iter().filter(|line| matches!(line, Line::Step(_))).count();
            if *step + 1 == steps && matches!(self.lines.last(), Some(Line::Step(_))) {
                let text = ours.get_or_insert_default();
                text.push_str(line);
                text.push('\n');
                return Ok(());
            }
        }
        if let (Some(Expect { what: Wanted::Status(text), .. }), Some(Line::Step(_))) =
            (self.expects.last_mut(), self.lines.last())
        {
            text.push_str(line);
            text.push('\n');
            return Ok(());
        }
        let Some(Line::File { content, .. }) = self.lines.last_mut() else {
            bail!("nothing above that takes lines");
        };
        content.push_str(line);
        content.push('\n');
        self.text.push_str(line);
        self.text.push('\n');
        Ok(())
    }

    fn expect(&self, rest: &str) -> Result<Expect> {
        let step = self.steps().checked_sub(1).context("no step above")?;
        let what = match rest.split_once(' ').unwrap_or((rest, "")) {
            ("exit", code) => Wanted::Exit(code.parse().context("an exit status")?),
            ("says", text) if !text.is_empty() => Wanted::Says(text.to_owned()),
            ("status", "") => Wanted::Status(String::new()),
            ("unchanged", "") => Wanted::Unchanged,
            _ => bail!("expect exit CODE | says TEXT | status | unchanged"),
        };
        Ok(Expect { step, what })
    }

    fn differs(&self, rest: &str) -> Result<Differs> {
        let (head, reason) = rest.split_once(": ").context("a difference needs `: reason`")?;
        let step = || self.steps().checked_sub(1).context("no step above");
        let what = match head.split_once(' ').unwrap_or((head, "")) {
            ("exit", code) => What::Exit { step: step()?, ours: code.parse().context("exit status of ours")? },
            ("status", "") => What::Status { step: step()?, ours: None },
            ("path", glob) if !glob.is_empty() => What::Path(glob.to_owned()),
            _ => bail!("differs exit CODE | status | path GLOB"),
        };
        Ok(Differs { what, reason: reason.to_owned() })
    }
}

fn source(rest: &str) -> Line {
    let words: Vec<&str> = rest.split_whitespace().collect();
    match words.as_slice() {
        [fixture, "as", name] => Line::Source { fixture: (*fixture).into(), to: format!("/usr/src/{name}") },
        [fixture, "at", path] => Line::Source { fixture: (*fixture).into(), to: (*path).into() },
        _ => Line::Source { fixture: rest.into(), to: format!("/usr/src/{rest}") },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_read_with_its_differences() {
        let text = "# words\n== twice: added twice\nsource basic-1.0 as x-2\nfile /etc/y\n| a\n|\n| b\n\
                    $ dkms add x/2\n$ dkms add x/2\ndiffers exit 0: no harm\ndiffers status: more\n| x/2: added\n\
                    differs path /etc/*: why\n";
        let cases = parse("10-add", text).unwrap();
        let [case] = cases.as_slice() else { panic!("one case: {cases:?}") };
        assert_eq!(case.name, "10-add/twice");
        assert_eq!(case.steps(), 2);
        assert_eq!(case.fixtures().collect::<Vec<_>>(), ["basic-1.0"]);
        assert!(matches!(&case.lines[1], Line::File { content, .. } if content == "a\n\nb\n"));
        assert_eq!(case.differs[0].what, What::Exit { step: 1, ours: 0 });
        assert_eq!(case.differs[1].what, What::Status { step: 1, ours: Some("x/2: added\n".into()) });
        assert_eq!(case.differs[2].what, What::Path("/etc/*".into()));
    }

    #[test]
    fn unknown_words_and_missing_reasons_are_errors() {
        assert!(parse("x", "== a: b\nrun something\n").is_err());
        assert!(parse("x", "== a: b\n$ true\ndiffers exit 1\n").is_err());
        assert!(parse("x", "$ true\n").is_err());
    }
}
