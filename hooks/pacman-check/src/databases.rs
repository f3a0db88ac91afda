//! What pacman's databases say is coming: installed kernels of which a repository has a newer package.
//!
//! Read only, by libalpm, without a lock. Which repository counts first and what is held back is pacman's configuration.

use std::fmt;
use std::path::Path;

use alpm::{Alpm, Db, Package, SigLevel};
use dkms_engine::layout::Layout;
use dkms_engine::setup::Setup;
use dkms_engine::transaction::Place;

use crate::pacman_conf::PacmanConf;
use crate::release;

/// A kernel that an upgrade would bring.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Incoming {
    package: String,
    version: String,
    /// Its release.
    pub(crate) release: String,
    source: Source,
}

/// How sure the release is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// The list of the package's files has it.
    Files,
    /// The version says it by a rule that holds for the installed version.
    Rule,
    /// The same, but for the installed version the rule does not hold.
    Guess,
}

impl fmt::Display for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { package, version, release, source } = self;
        let sure = match source {
            Source::Files => "by the list of its files",
            Source::Rule => "very likely, by its version; `pacman -Fy` would tell for sure",
            Source::Guess => "a guess by its version; `pacman -Fy` would tell for sure",
        };
        write!(f, "{package} {version}: kernel {release} ({sure})")
    }
}

/// The kernels that an upgrade would bring.
///
/// # Errors
/// A sentence about what cannot be read.
pub(crate) fn incoming(setup: &Setup) -> Result<Vec<Incoming>, String> {
    let conf = PacmanConf::ask(setup).map_err(|error| error.to_string())?;
    let local = open(&conf, ".db")?;
    if local.localdb().is_valid().is_err() || local.localdb().pkgs().is_empty() {
        return Err(format!("the database of installed packages below `{}` cannot be read", conf.databases));
    }
    // Another handle, as the lists of files are of another time than the versions.
    let lists = open(&conf, ".files")?;
    let mut incoming = Vec::new();
    for installed in local.localdb().pkgs() {
        let Some(release) = kernel(installed) else { continue };
        let name: &str = installed.name();
        if conf.ignored.iter().any(|ignored| ignored == name) {
            continue;
        }
        let found = local.syncdbs().iter().find_map(|repository| repository.pkg(name).ok());
        let Some(new) = found.filter(|new| new.version() > installed.version()) else { continue };
        let version = new.version().as_str();
        let same = |listed: &&Package| listed.version() == new.version();
        let listed = lists.syncdbs().iter().find_map(|repository| repository.pkg(name).ok()).filter(same);
        let by_rule =
            |package: &Package| release::of_package(package.base().unwrap_or(name), package.version().as_str());
        let (release, source) = match (listed.and_then(kernel), by_rule(new)) {
            (Some(release), _) => (release, Source::Files),
            (None, Some(next)) if by_rule(installed).as_ref() == Some(&release) => (next, Source::Rule),
            (None, Some(next)) => (next, Source::Guess),
            (None, None) => {
                dkms_hook::say(&format!(
                    "warning: the kernel release of {name} {version} is unknown\nhint: pacman -Fy"
                ));
                continue;
            }
        };
        incoming.push(Incoming { package: name.to_owned(), version: version.to_owned(), release, source });
    }
    Ok(incoming)
}

/// A handle with all repositories of which there is a database of this kind.
fn open(conf: &PacmanConf, kind: &str) -> Result<Alpm, String> {
    let mut alpm = Alpm::new("/", conf.databases.as_str())
        .map_err(|error| format!("pacman's databases below `{}` cannot be opened: {error}", conf.databases))?;
    alpm.set_dbext(kind);
    for name in &conf.repositories {
        let file = Path::new(&conf.databases).join("sync").join(format!("{name}{kind}"));
        let Ok(meta) = file.metadata() else { continue };
        // Whether it is signed was asked when it was fetched.
        let usable =
            |repository: &Db| repository.is_valid().is_ok() && (meta.len() == 0 || !repository.pkgs().is_empty());
        match alpm.register_syncdb(name.as_str(), SigLevel::NONE) {
            Ok(repository) if usable(repository) => {}
            _ => dkms_hook::say(&format!(
                "warning: cannot read the database `{}`, so that repository was not checked\nhint: pacman -Syy",
                file.display()
            )),
        }
    }
    Ok(alpm)
}

/// The release of the kernel that is among a package's files. Names are text in one version of the crate and bytes in
/// the next.
fn kernel(package: &Package) -> Option<String> {
    let (files, layout) = (package.files(), Layout::default());
    files.files().iter().find_map(|file| {
        let name = file.name();
        let bytes: &[u8] = name.as_ref();
        Some(Place::of(&layout, std::str::from_utf8(bytes).ok()?)?.kernel_itself()?.to_owned())
    })
}
