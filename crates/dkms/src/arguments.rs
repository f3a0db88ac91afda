//! From options and words to what is asked for: which verb, which module, which path.
//!
//! The verb is any word that is one. Of the others, those that begin with `/`, `./` or `../` are paths and must be
//! there; verbs that can take a path also take any word that names a tarball, a dkms.conf or a directory with one. The
//! first word left is the module. Verbs that take no path never look at the working directory, so a file lying about
//! cannot change their meaning.

use std::path::{Component, Path, PathBuf};

use dkms_engine::system::root::Root;

use crate::command_line::CommandLine;
use crate::refusal::Refusal;
use crate::verb::{Verb, replacement};

/// Where the source comes from when it is not the registered one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A directory with a dkms.conf; in-root.
    Directory(PathBuf),
    /// A tarball or an rpm package; in-root.
    Archive(PathBuf),
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Arguments {
    /// The verb; under `plan` the one to plan.
    pub verb: Verb,
    /// Only show what would be done.
    pub plan: bool,
    /// Module name, if one was given.
    pub name: Option<String>,
    /// Module version, if one was given.
    pub version: Option<String>,
    /// A path in place of name and version.
    pub origin: Option<Origin>,
    /// Where a tarball is to be written; in-root, or a mere name.
    pub destination: Option<PathBuf>,
    /// Words that mean nothing here.
    pub ignored: Vec<String>,
    /// The options.
    pub line: CommandLine,
}

/// Where relative paths begin and what all paths are below.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The root directory.
    pub root: &'a Root,
    /// The working directory on the host.
    pub working: &'a Path,
}

impl Place<'_> {
    /// An in-root absolute path. What is absolute already is in-root; what is relative lies below the working directory,
    /// which then has to be below the root.
    ///
    /// # Errors
    /// `PathOutside`.
    pub fn resolve(&self, text: &str) -> Result<PathBuf, Refusal> {
        let path = Path::new(text);
        if path.is_absolute() {
            return Ok(tidy(path));
        }
        let joined = self.working.join(path);
        let inside =
            joined.strip_prefix(self.root.host_path()).map_err(|_| Refusal::PathOutside { path: joined.clone() })?;
        Ok(tidy(&Path::new("/").join(inside)))
    }
}

/// Drops `.` and doubled slashes; `..` stays, because only the disk knows what it means behind a link.
fn tidy(path: &Path) -> PathBuf {
    path.components().filter(|part| *part != Component::CurDir).collect()
}

impl Arguments {
    /// Sorts the words of a line.
    ///
    /// # Errors
    /// `TwoVerbs`, `NoVerb`, `VerbUnknown`, `VerbDropped`, and those about paths.
    pub fn resolve(line: CommandLine, place: Place<'_>) -> Result<Self, Refusal> {
        let (verb, plan) = verb(&line.words)?;
        let (name, version) = line.module.as_deref().map_or((None, None), split);
        let mut arguments = Arguments {
            verb,
            plan,
            name,
            version,
            origin: None,
            destination: None,
            ignored: Vec::new(),
            line: line.clone(),
        };
        if verb == Verb::Mok && line.words.iter().any(|word| word == Verb::Status.name()) {
            // What it is to do, so no other word can be that.
            arguments.name = Some(Verb::Status.name().to_owned());
        }
        for word in line.words.iter().filter(|word| Verb::from_name(word).is_none()) {
            arguments.word(word, place)?;
        }
        if let Some(archive) = line.archive.as_deref().filter(|_| verb.takes_archive()) {
            arguments.origin = Some(archive_at(archive, place)?);
        }
        if let Some(archive) = line.archive.as_deref().filter(|_| verb == Verb::Mktarball) {
            let named = if archive.contains('/') { place.resolve(archive)? } else { archive.into() };
            arguments.destination = Some(named);
        }
        if let Some(version) = line.version {
            arguments.version = Some(version).filter(|version| !version.is_empty());
        }
        if verb == Verb::Ldtarball && arguments.origin.is_none() {
            return Err(Refusal::ArchiveMissing { path: PathBuf::new() });
        }
        Ok(arguments)
    }

    fn word(&mut self, word: &str, place: Place<'_>) -> Result<(), Refusal> {
        if is_remote(word) {
            return Err(Refusal::Remote { address: word.to_owned() });
        }
        if self.verb == Verb::Ldtarball {
            self.origin = Some(archive_at(word, place)?);
            return Ok(());
        }
        if ["/", "./", "../"].iter().any(|start| word.starts_with(start)) || word == "." || word == ".." {
            if !self.verb.takes_path() {
                return Err(Refusal::PathNotTaken { verb: self.verb, path: word.to_owned() });
            }
            let path = place.resolve(word)?;
            self.origin = Some(match origin(&path, place.root) {
                Some(origin) => origin,
                None if place.root.is_dir(&path) => return Err(Refusal::DirectoryWithoutConf { path }),
                None => return Err(Refusal::PathMissing { path }),
            });
            return Ok(());
        }
        if self.verb.takes_path() {
            // A word that names nothing is a name; one outside the root cannot name anything.
            if let Some(origin) = place.resolve(word).ok().and_then(|path| origin(&path, place.root)) {
                self.origin = Some(origin);
                return Ok(());
            }
        }
        if self.name.is_none() {
            let (name, version) = split(word);
            self.name = name;
            self.version = version.or(self.version.take());
        } else {
            self.ignored.push(word.to_owned());
        }
        Ok(())
    }
}

/// The one verb of a line. `plan` may have another one behind it: the one to plan.
fn verb(words: &[String]) -> Result<(Verb, bool), Refusal> {
    let verbs: Vec<Verb> = words.iter().filter_map(|word| Verb::from_name(word)).collect();
    match verbs[..] {
        [Verb::Plan] => Ok((Verb::Autoinstall, true)),
        [Verb::Plan, Verb::Plan, ..] => Err(Refusal::TwoVerbs { first: Verb::Plan, second: Verb::Plan }),
        [Verb::Mok, Verb::Status] => Ok((Verb::Mok, false)),
        [Verb::Plan, planned] => Ok((planned, true)),
        [verb] => Ok((verb, false)),
        [first, second, ..] => Err(Refusal::TwoVerbs { first, second }),
        [] => {
            let dropped = words.iter().find_map(|word| Some((word, replacement(word)?)));
            Err(match (dropped, words.first()) {
                (Some((word, instead)), _) => Refusal::VerbDropped { word: word.clone(), instead },
                (None, Some(word)) => Refusal::VerbUnknown { word: word.clone() },
                (None, None) => Refusal::NoVerb,
            })
        }
    }
}

/// `name` or `name/version`.
fn split(text: &str) -> (Option<String>, Option<String>) {
    let (name, version) = text.split_once('/').map_or((text, None), |(name, version)| (name, Some(version)));
    let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    (filled(name), version.and_then(filled))
}

/// An address as git, curl and scp take them.
fn is_remote(word: &str) -> bool {
    let is_scheme = |scheme: &str| !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric() || c == '+');
    word.split_once("://").is_some_and(|(scheme, _)| is_scheme(scheme))
        || word.split_once('@').is_some_and(|(user, rest)| !user.contains('/') && rest.contains(':'))
}

fn archive_at(text: &str, place: Place<'_>) -> Result<Origin, Refusal> {
    if is_remote(text) {
        return Err(Refusal::Remote { address: text.to_owned() });
    }
    let path = place.resolve(text)?;
    if text.is_empty() || !place.root.is_file(&path) {
        return Err(Refusal::ArchiveMissing { path });
    }
    Ok(Origin::Archive(path))
}

/// What a path that is there gives to add.
fn origin(path: &Path, root: &Root) -> Option<Origin> {
    if root.is_file(path) {
        let is_conf = path.file_name().is_some_and(|name| name.to_string_lossy().ends_with("dkms.conf"));
        return Some(match (is_conf, path.parent()) {
            (true, Some(directory)) => Origin::Directory(directory.to_owned()),
            _ => Origin::Archive(path.to_owned()),
        });
    }
    root.is_file(&path.join("dkms.conf")).then(|| Origin::Directory(path.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;
    use crate::command_line::{Parsed, parse};

    /// A root with a working directory that holds one of each: `src/dkms.conf`, `mod.tar.gz`, `foo` (a file), `bare/`.
    fn setting() -> (tempfile::TempDir, Root) {
        let directory = tempfile::tempdir().unwrap();
        let root = Root::open(directory.path()).unwrap();
        for path in ["/w/src/dkms.conf", "/w/mod.tar.gz", "/w/foo", "/w/my-dkms.conf"] {
            root.writable().create_dir_all(Path::new(path).parent().unwrap()).unwrap();
            root.writable().create_new(Path::new(path), 0o644).unwrap();
        }
        root.writable().create_dir_all(Path::new("/w/bare")).unwrap();
        (directory, root)
    }

    fn resolve(words: &[&str]) -> Result<Arguments, Refusal> {
        let (directory, root) = setting();
        let Parsed::Run(line) = parse(words.iter().map(OsString::from)) else { panic!("{words:?} does not parse") };
        Arguments::resolve(*line, Place { root: &root, working: &directory.path().join("w") })
    }

    #[test]
    fn the_verb_may_stand_anywhere() {
        for words in [["status", "foo/1"], ["foo/1", "status"]] {
            let got = resolve(&words).unwrap();
            assert_eq!((got.verb, got.name.as_deref(), got.version.as_deref()), (Verb::Status, Some("foo"), Some("1")));
        }
        assert_eq!(resolve(&["-m", "add", "status"]).unwrap().name.as_deref(), Some("add"));
    }

    #[test]
    fn one_verb_exactly() {
        use Verb::{Add, Autoinstall, Install, Plan, Status};
        assert_eq!(resolve(&["add", "status"]).unwrap_err(), Refusal::TwoVerbs { first: Add, second: Status });
        assert_eq!(resolve(&["add", "add"]).unwrap_err(), Refusal::TwoVerbs { first: Add, second: Add });
        assert_eq!(resolve(&[]).unwrap_err(), Refusal::NoVerb);
        assert_eq!(resolve(&["stat"]).unwrap_err(), Refusal::VerbUnknown { word: "stat".into() });
        for word in ["mkdeb", "mkrpm", "mkbmdeb", "mkdriverdisk", "mkkmp", "mkdsc"] {
            let refusal = resolve(&[word, "foo/1"]).unwrap_err();
            assert!(matches!(refusal, Refusal::VerbDropped { .. }) && refusal.hint().is_some(), "{word}");
        }
        let planned = |words: &[&str]| resolve(words).map(|got| (got.verb, got.plan));
        assert_eq!(planned(&["plan"]), Ok((Autoinstall, true)));
        assert_eq!(planned(&["plan", "install", "x/1"]), Ok((Install, true)));
        let mok = |words: &[&str]| resolve(words).map(|got| (got.verb, got.name, got.ignored.len()));
        assert_eq!(mok(&["mok", "status"]), Ok((Verb::Mok, Some("status".into()), 0)));
        assert_eq!(mok(&["mok", "status", "enroll"]), Ok((Verb::Mok, Some("status".into()), 1)));
        assert_eq!(mok(&["mok", "enroll"]), Ok((Verb::Mok, Some("enroll".into()), 0)));
        assert_eq!(resolve(&["mok", "add"]).unwrap_err(), Refusal::TwoVerbs { first: Verb::Mok, second: Add });
        assert_eq!(planned(&["install", "plan"]), Err(Refusal::TwoVerbs { first: Install, second: Plan }));
        assert_eq!(planned(&["plan", "add", "status"]), Err(Refusal::TwoVerbs { first: Plan, second: Add }));
    }

    #[test]
    fn words_by_what_they_name() {
        let directory = |path: &str| Some(Origin::Directory(path.into()));
        let archive = |path: &str| Some(Origin::Archive(path.into()));
        for (words, origin, name) in [
            (["add", "src"], directory("/w/src"), None),
            (["add", "./src/"], directory("/w/src"), None),
            (["add", "/w/src"], directory("/w/src"), None),
            (["add", "src/dkms.conf"], directory("/w/src"), None),
            (["install", "my-dkms.conf"], directory("/w"), None),
            (["build", "mod.tar.gz"], archive("/w/mod.tar.gz"), None),
            (["add", "foo"], archive("/w/foo"), None),
            (["status", "foo"], None, Some("foo")),
            (["remove", "src"], None, Some("src")),
            (["add", "bare"], None, Some("bare")),
            (["ldtarball", "foo"], archive("/w/foo"), None),
        ] {
            let got = resolve(&words).unwrap();
            assert_eq!((&got.origin, got.name.as_deref()), (&origin, name), "{words:?}");
        }
    }

    #[test]
    fn paths_must_be_there() {
        for (words, refusal) in [
            (["add", "/no"], Refusal::PathMissing { path: "/no".into() }),
            (["add", "./no"], Refusal::PathMissing { path: "/w/no".into() }),
            (["add", "./bare"], Refusal::DirectoryWithoutConf { path: "/w/bare".into() }),
            (["status", "/w/src"], Refusal::PathNotTaken { verb: Verb::Status, path: "/w/src".into() }),
            (["ldtarball", "no"], Refusal::ArchiveMissing { path: "/w/no".into() }),
            (["ldtarball", ""], Refusal::ArchiveMissing { path: "/w".into() }),
        ] {
            assert_eq!(resolve(&words).unwrap_err(), refusal, "{words:?}");
        }
        assert_eq!(resolve(&["ldtarball"]).unwrap_err(), Refusal::ArchiveMissing { path: PathBuf::new() });
        let missing = resolve(&["install", "--archive", "no"]).unwrap_err();
        assert_eq!(missing, Refusal::ArchiveMissing { path: "/w/no".into() });
    }

    #[test]
    fn addresses_are_no_paths() {
        for address in ["https://x.org/m.tar.gz", "http://x", "ftp://x/y.zip", "git@x.org:m/m.git", "git+ssh://x/y"] {
            let refusal = Refusal::Remote { address: address.into() };
            assert_eq!(resolve(&["add", address]).unwrap_err(), refusal);
            assert_eq!(resolve(&["install", "--archive", address]).unwrap_err(), refusal);
            assert_eq!(resolve(&["ldtarball", address]).unwrap_err(), refusal);
            assert!(refusal.hint().unwrap().contains("download it"));
        }
        assert_eq!(resolve(&["add", "m/1:2@3"]).unwrap().name.as_deref(), Some("m"));
    }

    #[test]
    fn where_a_tarball_goes() {
        for (archive, expected) in [("x.tar.gz", "x.tar.gz"), ("./x.tar", "/w/x.tar"), ("/a/x.tar", "/a/x.tar")] {
            let got = resolve(&["mktarball", "m/1", "--archive", archive]).unwrap();
            assert_eq!((got.destination, got.origin), (Some(PathBuf::from(expected)), None), "{archive}");
        }
    }

    #[test]
    fn name_and_version_by_option_and_word() {
        type Row<'a> = (&'a [&'a str], Option<&'a str>, Option<&'a str>, &'a [&'a str]);
        let table: [Row<'_>; 9] = [
            (&["remove", "m/v"], Some("m"), Some("v"), &[]),
            (&["remove", "-m", "m/v"], Some("m"), Some("v"), &[]),
            (&["remove", "-m", "m", "-v", "v"], Some("m"), Some("v"), &[]),
            (&["remove", "m", "-v", "v"], Some("m"), Some("v"), &[]),
            (&["remove", "m/1", "-v", "2"], Some("m"), Some("2"), &[]),
            (&["remove", "-m", "m", "x", "y"], Some("m"), None, &["x", "y"]),
            (&["remove", "m/a/b"], Some("m"), Some("a/b"), &[]),
            (&["remove", "-m", ""], None, None, &[]),
            (&["remove", "m/v", "-v", ""], Some("m"), None, &[]),
        ];
        for (words, name, version, ignored) in table {
            let got = resolve(words).unwrap();
            assert_eq!((got.name.as_deref(), got.version.as_deref()), (name, version), "{words:?}");
            assert_eq!(got.ignored, ignored, "{words:?}");
        }
    }
}
