//! Taking an archive into the tree: checked and unpacked aside, then source and builds get their places one by one.

use std::path::{Path, PathBuf};

use dkms_conf::Strictness;

use super::unpack::{refused, unpack};
use super::{BINARIES_ONLY, MAIN_TREE, SOURCE_TREE};
use crate::error::Error;
use crate::facts::Registration;
use crate::facts::conf::{self, Wanted};
use crate::facts::kernel::Kernel;
use crate::facts::tree::registration;
use crate::install::Session;
use crate::module_file::compression::Compression;
use crate::register::{self, Added};
use crate::system::root::{Kind, Root};
use crate::system::staged::{self, Staged};
use crate::system::tree_copy::is_same_tree;
use crate::target::{KernelId, ModuleId, Target};

/// Directories that a dkms.conf may lie below.
const MAX_DEPTH: usize = 8;

/// How an archive is loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoadOptions {
    /// Replace a registered source and finished builds.
    pub force: bool,
    /// A module version that is registered from the very same source is no conflict.
    pub accept_same: bool,
}

/// What became of an archive.
#[derive(Debug)]
pub enum Loaded {
    /// It was a package of rpm and is installed; its own scripts did the rest.
    Rpm,
    /// A module version is registered.
    Module {
        /// Which one.
        module: ModuleId,
        /// How it was registered; `None` if it was already, or if there is no source.
        added: Option<Box<Added>>,
        /// Builds that are in the tree now.
        loaded: Vec<Target>,
        /// Builds that were left out because the tree has them.
        skipped: Vec<Target>,
    },
}

/// Loads an archive; `kernel` is the one that the configuration is evaluated for.
///
/// # Errors
/// `ArchiveMissing`; `ArchiveRefused`; `ArchiveWithoutConf`; `ArchiveKnown` if the module version is registered; what
/// [`register::import`] and [`register::add`] say. The tree is then as it was, but for a source that may be new.
pub fn load(session: &mut Session<'_>, archive: &Path, kernel: &Kernel, options: LoadOptions) -> Result<Loaded, Error> {
    let (setup, root) = (session.setup, session.root());
    if archive.as_os_str().is_empty() || !root.exists(archive) {
        return Err(Error::ArchiveMissing { path: archive.to_owned() });
    }
    if archive.extension().is_some_and(|extension| extension == "rpm") {
        let rpm = setup.tool("rpm")?.inherit(&setup.environment).arg("-Uvh").arg(archive).capture()?;
        rpm.finished
            .require(rpm.complaint())
            .map_err(|error| Error::RpmFailed { path: archive.to_owned(), reason: error.to_string() })?;
        return Ok(Loaded::Rpm);
    }
    let state = setup.layout.state();
    staged::sweep(root, &state)?;
    // Below the tree, where only root comes, and on its file system.
    let unpacked = Staged::directory(root, &state.join("unpacked"))?;
    root.set_mode(unpacked.path(), 0o700)?;
    unpack(root, archive, unpacked.path())?;
    take(session, archive, unpacked.path(), kernel, options)
}

fn take(
    session: &mut Session<'_>,
    archive: &Path,
    unpacked: &Path,
    kernel: &Kernel,
    options: LoadOptions,
) -> Result<Loaded, Error> {
    let root = session.root();
    let (main, source) = (unpacked.join(MAIN_TREE), unpacked.join(SOURCE_TREE));
    if !root.is_dir(&main) {
        let none = || refused(archive)(format!("it has neither {MAIN_TREE} nor a dkms.conf"));
        let source = directory_of_conf(root, unpacked, 0)?.ok_or_else(none)?;
        return take_source(session, &source, kernel, options, &[]);
    }
    let builds = builds(root, archive, &main)?;
    if root.is_file(&source.join("dkms.conf")) {
        return take_source(session, &source, kernel, options, &builds);
    }
    let conf = unpacked.join(BINARIES_ONLY).join("dkms.conf");
    if !root.is_file(&conf) {
        return Err(Error::ArchiveWithoutConf { path: archive.to_owned() });
    }
    take_binaries(session, &conf, kernel, options, &builds)
}

fn take_source(
    session: &mut Session<'_>,
    source: &Path,
    kernel: &Kernel,
    options: LoadOptions,
    builds: &[Build],
) -> Result<Loaded, Error> {
    let module = named_by(session, &source.join("dkms.conf"), kernel)?;
    let registered = registration(session.setup, &module) == Some(Registration::Added);
    if registered && !options.force {
        let place = session.setup.layout.source_tree(&module);
        if !(options.accept_same && is_same_tree(session.root(), source, &place)?) {
            return Err(Error::ArchiveKnown { module });
        }
    }
    register::import(session, source, kernel, options.force)?;
    let (loaded, skipped) = take_builds(session, &module, builds, options.force)?;
    let added = if registered { None } else { Some(Box::new(register::add(session, &module, kernel, None)?)) };
    Ok(Loaded::Module { module, added, loaded, skipped })
}

fn take_binaries(
    session: &mut Session<'_>,
    conf: &Path,
    kernel: &Kernel,
    options: LoadOptions,
    builds: &[Build],
) -> Result<Loaded, Error> {
    let module = named_by(session, conf, kernel)?;
    let before = registration(session.setup, &module);
    if matches!(before, Some(Registration::Added | Registration::BinariesOnly))
        && !options.force
        && !options.accept_same
    {
        return Err(Error::ArchiveKnown { module });
    }
    let (loaded, skipped) = take_builds(session, &module, builds, options.force)?;
    let mut added = None;
    if before != Some(Registration::Added) {
        if session.root().is_dir(&session.setup.layout.source_tree(&module)) {
            added = Some(Box::new(register::add(session, &module, kernel, None)?));
        } else {
            register::register_binaries(session, &module, conf)?;
        }
    }
    Ok(Loaded::Module { module, added, loaded, skipped })
}

fn named_by(session: &Session<'_>, conf: &Path, kernel: &Kernel) -> Result<ModuleId, Error> {
    let source = conf.parent();
    let wanted = Wanted { source, path: Some(conf), module: None, kernel, strictness: Strictness::Always };
    let config = conf::evaluate_in_shell(session.setup, &conf::Files::default(), &wanted)?.config;
    Ok(ModuleId::new(&config.package_name, &config.package_version)?)
}

/// A finished build in the archive.
struct Build {
    kernel: KernelId,
    directory: PathBuf,
}

/// All builds, each checked before one of them is taken.
fn builds(root: &Root, archive: &Path, main: &Path) -> Result<Vec<Build>, Error> {
    let refused = refused(archive);
    let mut builds = Vec::new();
    for (release, kind) in root.list(main)? {
        let of_release = main.join(&release);
        for (arch, inner) in root.list(&of_release)? {
            let directory = of_release.join(&arch);
            let (Some(release), Some(arch)) = (release.to_str(), arch.to_str()) else {
                return Err(refused(format!("`{}` is not a kernel release", directory.display())));
            };
            if kind != Kind::Directory || inner != Kind::Directory || !root.is_dir(&directory.join("module")) {
                return Err(refused(format!("{MAIN_TREE}/{release}/{arch} is not a finished build")));
            }
            let kernel = KernelId::new(release, arch).map_err(|error| refused(error.to_string()))?;
            only_files(root, &directory).map_err(&refused)?;
            builds.push(Build { kernel, directory });
        }
    }
    Ok(builds)
}

/// A build holds modules, symbols, logs and versions of dependencies, and no links: its files are placed by root.
fn only_files(root: &Root, directory: &Path) -> Result<(), String> {
    for (name, kind) in root.list(directory).map_err(|error| error.to_string())? {
        let text = name.to_string_lossy();
        match kind {
            Kind::Directory if text == "module" || text == "log" => {
                let inner = directory.join(&name);
                for (file, kind) in root.list(&inner).map_err(|error| error.to_string())? {
                    let file = file.to_string_lossy();
                    let known = text == "log" || file == "Module.symvers" || Compression::of_file_name(&file).is_some();
                    if kind != Kind::File || !known {
                        return Err(format!("`{file}` does not belong in a finished build"));
                    }
                }
            }
            Kind::File => {}
            _ => return Err(format!("`{text}` does not belong in a finished build")),
        }
    }
    Ok(())
}

/// Gives each build its place. Loaded and skipped ones.
fn take_builds(
    session: &Session<'_>,
    module: &ModuleId,
    builds: &[Build],
    force: bool,
) -> Result<(Vec<Target>, Vec<Target>), Error> {
    let (setup, root) = (session.setup, session.root());
    let (mut loaded, mut skipped) = (Vec::new(), Vec::new());
    for build in builds {
        let target = Target::new(module.clone(), build.kernel.clone());
        let place = setup.layout.built(&target);
        if root.link_meta(&place).is_some() && !force {
            skipped.push(target);
            continue;
        }
        let staged = Staged::directory(root, &place)?;
        for (name, kind) in root.list(&build.directory)? {
            // Records of the machine that made the archive say nothing about this one.
            let text = name.to_string_lossy();
            if kind == Kind::Directory || text.starts_with(".dep_") {
                root.rename(&build.directory.join(&name), &staged.path().join(&name))?;
            }
        }
        let manifest = setup.layout.manifest(&target);
        if root.is_file(&manifest) {
            // What is installed of the older build is still known by its list.
            let inside = staged.path().join(manifest.file_name().unwrap_or_default());
            Staged::duplicate(root, &manifest, &inside)?.publish()?;
        }
        staged.publish_directory()?;
        loaded.push(target);
    }
    Ok((loaded, skipped))
}

/// The first directory with a dkms.conf, outermost first.
fn directory_of_conf(root: &Root, directory: &Path, depth: usize) -> Result<Option<PathBuf>, Error> {
    if root.link_meta(&directory.join("dkms.conf")).is_some_and(|meta| meta.kind == Kind::File) {
        return Ok(Some(directory.to_owned()));
    }
    if depth < MAX_DEPTH {
        for (name, kind) in root.list(directory)? {
            if kind == Kind::Directory {
                if let Some(found) = directory_of_conf(root, &directory.join(name), depth + 1)? {
                    return Ok(Some(found));
                }
            }
        }
    }
    Ok(None)
}
