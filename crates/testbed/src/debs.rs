//! Packages of any Debian suite, downloaded by a private apt that never touches this machine's own lists.
//!
//! Everything is verified by apt against Debian's archive keyring; what was fetched once is kept.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};

use crate::command::{Cmd, Output};
use crate::{cache, disk, mirror};

/// A private apt for one suite.
#[derive(Debug)]
pub struct Debs {
    dir: PathBuf,
}

/// How old package lists may be before they are fetched again.
const FRESH: Duration = Duration::from_secs(24 * 3600);

impl Debs {
    /// Opens the apt of `suite` (for example `trixie`); lists older than a day are fetched again if that is possible.
    pub fn of(suite: &str) -> Result<Debs> {
        let debs = Debs { dir: cache::path("apt").join(suite) };
        for dir in ["etc/preferences.d", "etc/apt.conf.d", "lists/partial", "cache/archives/partial", "state", "pool"] {
            disk::make_dirs(&debs.dir.join(dir))?;
        }
        disk::write(&debs.dir.join("state/status"), "")?;
        disk::write(&debs.dir.join("sources.list"), sources(suite)?)?;
        let stamp = debs.dir.join("updated");
        let fresh = std::fs::metadata(&stamp)
            .and_then(|meta| meta.modified())
            .is_ok_and(|time| SystemTime::now().duration_since(time).is_ok_and(|age| age < FRESH));
        if !fresh {
            match debs.apt("apt-get", &["update", "-qq", "--error-on=any"]) {
                Ok(_) => disk::write(&stamp, "")?,
                Err(error) if stamp.exists() => {
                    eprintln!("warning: package lists of {suite} stay as they were: {error:#}")
                }
                Err(error) => return Err(error),
            }
        }
        Ok(debs)
    }

    /// Names of all packages that begin with `prefix`, sorted.
    pub fn names(&self, prefix: &str) -> Result<Vec<String>> {
        let output = self.apt("apt-cache", &["pkgnames", prefix])?;
        let mut names: Vec<String> = output.stdout.lines().map(str::to_owned).collect();
        names.sort();
        Ok(names)
    }

    /// The version that this suite has of a package.
    pub fn version(&self, package: &str) -> Result<String> {
        let output = self.apt("apt-cache", &["show", "--no-all-versions", package])?;
        let version = output.stdout.lines().find_map(|line| line.strip_prefix("Version: "));
        version.map(str::to_owned).with_context(|| format!("no version of package `{package}`"))
    }

    /// The versions of many packages by their names; those that this suite does not have are left out.
    pub fn known(&self, packages: &[String]) -> Result<HashMap<String, String>> {
        let mut show = vec!["show", "--no-all-versions"];
        show.extend(packages.iter().map(String::as_str));
        let output = self.apt("apt-cache", &show)?;
        let mut known = HashMap::new();
        let mut name = "";
        for line in output.stdout.lines() {
            if let Some(package) = line.strip_prefix("Package: ") {
                name = package;
            } else if let Some(version) = line.strip_prefix("Version: ") {
                known.insert(name.to_owned(), version.to_owned());
            }
        }
        Ok(known)
    }

    /// Downloads one package without its dependencies, or finds it among those downloaded before.
    pub fn fetch(&self, package: &str) -> Result<PathBuf> {
        let version = self.version(package)?;
        let pool = self.dir.join("pool");
        // The epoch is written %3a in file names.
        let prefix = format!("{package}_{}_", version.replace(':', "%3a"));
        let find = || disk::names(&pool).into_iter().find(|name| name.starts_with(&prefix) && name.ends_with(".deb"));
        if find().is_none() {
            self.run(Cmd::new("apt-get").cwd(&pool), &["download", "-qq", package])?;
        }
        match find() {
            Some(name) => Ok(pool.join(name)),
            None => bail!("apt downloaded `{package}` {version} under an unexpected name into {}", pool.display()),
        }
    }

    /// Downloads many packages at once, each without its dependencies, those that are there already left out. Returns
    /// their files in the order of the names.
    pub fn fetch_all(&self, packages: &[String]) -> Result<Vec<PathBuf>> {
        let known = self.known(packages)?;
        let pool = self.dir.join("pool");
        let find = |package: &String, files: &[String]| {
            let prefix = format!("{package}_{}_", known.get(package)?.replace(':', "%3a"));
            let is_it = |file: &&String| file.starts_with(&prefix) && file.ends_with(".deb");
            files.iter().find(is_it).map(|file| pool.join(file))
        };
        let present = disk::names(&pool);
        let missing = packages.iter().filter(|package| find(package, &present).is_none());
        let missing: Vec<&str> = missing.map(String::as_str).collect();
        if !missing.is_empty() {
            let mut download = vec!["download", "-qq"];
            download.extend(missing);
            self.run(Cmd::new("apt-get").cwd(&pool), &download)?;
        }
        let present = disk::names(&pool);
        let file = |package: &String| {
            find(package, &present).with_context(|| format!("apt did not download `{package}` into {}", pool.display()))
        };
        packages.iter().map(file).collect()
    }

    fn apt(&self, program: &str, args: &[&str]) -> Result<Output> {
        self.run(Cmd::new(program), args)
    }

    fn run(&self, command: Cmd, args: &[&str]) -> Result<Output> {
        let dir = self.dir.display();
        let options = [
            format!("Dir::Etc::sourcelist={dir}/sources.list"),
            "Dir::Etc::sourceparts=/dev/null".into(),
            format!("Dir::Etc::parts={dir}/etc/apt.conf.d"),
            format!("Dir::Etc::preferencesparts={dir}/etc/preferences.d"),
            format!("Dir::State={dir}/state"),
            format!("Dir::State::lists={dir}/lists"),
            format!("Dir::State::status={dir}/state/status"),
            format!("Dir::Cache={dir}/cache"),
            "APT::Architecture=amd64".into(),
            "APT::Sandbox::User=root".into(),
            "Acquire::Languages=none".into(),
            "Acquire::Retries=3".into(),
        ];
        options.into_iter().fold(command, |command, option| command.arg("-o").arg(option)).args(args).checked()
    }
}

/// Source lines of a suite; all components, because `-dkms` packages live in each of them.
pub fn sources(suite: &str) -> Result<String> {
    let mirror = mirror::of_this_machine()?;
    let keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
    let (uri, components) = match suite.strip_suffix("-security") {
        Some(_) => (mirror.security.context("apt of this machine knows no Debian-Security archive")?, "main"),
        None => (mirror.archive, "main contrib non-free non-free-firmware"),
    };
    Ok(format!("deb [signed-by={keyring}] {uri} {suite} {components}\n"))
}
