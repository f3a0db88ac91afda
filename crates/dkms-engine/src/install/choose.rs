//! What an installation will change, in writing: where the objects go that the plan admits, and what gives way to them. Reads
//! only.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use dkms_conf::module_config::{ModuleConfig, Record};

use super::destination;
use super::event::InstallEvent;
use super::journal::{Previous, Transaction};
use super::originals::Displaced;
use super::placed::{self, active_version, files_of};
use super::session::Session;
use super::takeover::{self, Taken};
use crate::error::Error;
use crate::facts::kernel::Kernel;
use crate::facts::package;
use crate::module_file::identity::Identity;
use crate::plan::{Admission, Existing, Placement, version_objection};
use crate::record::{FileRecord, Format, PlacedFile, Refusal};
use crate::target::Target;

/// A kept object and the record that says where it goes.
pub(super) struct Chosen<'a> {
    pub(super) record: &'a Record,
    pub(super) object: PathBuf,
}

/// Pairs the records that are meant for the kernel with the kept objects.
///
/// # Errors
/// `ObjectMissing`; `InstallRefused` if the module is not meant for the kernel.
pub(super) fn chosen<'a>(
    target: &Target,
    objects: &[(String, PathBuf)],
    config: &'a ModuleConfig,
    placement: &Placement,
) -> Result<Vec<Chosen<'a>>, Error> {
    if let Some(reason) = &placement.excluded {
        return Err(Error::InstallRefused { target: target.clone(), reasons: vec![reason.clone()] });
    }
    let is_meant = |(index, _): &(usize, &Record)| !placement.left_out.contains(index);
    let pair = |(_, record): (usize, &'a Record)| {
        let object = objects.iter().find(|(name, _)| *name == record.dest_name);
        let missing = || Error::ObjectMissing { target: target.clone(), object: record.dest_name.clone() };
        Ok(Chosen { record, object: object.ok_or_else(missing)?.1.clone() })
    };
    config.records.iter().enumerate().filter(is_meant).map(pair).collect()
}

/// Looks at what the plan did not know, asks it again, and writes down what is to be done with every object.
///
/// # Errors
/// `InstallRefused` if there are objects and none may be placed; `DestinationInvalid`; `Io`.
pub(super) fn transaction(
    session: &mut Session<'_>,
    target: &Target,
    chosen: &[Chosen<'_>],
    kernel: &Kernel,
    config: &ModuleConfig,
    placement: &Placement,
) -> Result<Transaction, Error> {
    let earlier = Earlier::find(session, target, &kernel.directory, config)?;
    let held = takeover::held(session, target, &placement.yields);
    let admission = |chosen: &Chosen<'_>| placement.admit(&chosen.record.dest_name, &held);
    let names = chosen.iter().filter(|chosen| !matches!(admission(chosen), Admission::Left(_)));
    let names: Vec<String> = names.map(|chosen| chosen.record.dest_name.clone()).collect();
    let mut taken = Taken::find(session, target, &kernel.directory, &names)?;
    let mut transaction = Transaction {
        format: Format,
        target: target.clone(),
        kernel_directory: kernel.directory.clone(),
        files: Vec::new(),
        kept: Vec::new(),
        refused: Vec::new(),
        displaced: Vec::new(),
        previous: earlier.previous.clone(),
        taken: Vec::new(),
        chosen: placement.chosen,
    };
    let mut refusals = Refusals::default();
    for one in chosen {
        let Chosen { record, object } = one;
        let name = &record.dest_name;
        let found = takeover::without_taken(session.found(&kernel.directory, name)?, &taken);
        let (objection, keeps_earlier) = match admission(one) {
            Admission::Left(owner) => {
                refusals.list.push(takeover::refusal(name, &owner));
                continue;
            }
            Admission::Refused(refused) => {
                (Some(Objection { reason: refused.to_string(), file: None }), refused.keeps_earlier())
            }
            Admission::IfNewer => (not_newer(session, kernel, object, &found, &earlier)?, true),
            Admission::Placed => (None, false),
        };
        if let Some(objection) = objection {
            refusals.add(name, objection);
            if keeps_earlier {
                transaction.kept.extend(earlier.intact(session, name));
            }
            continue;
        }
        let directory = destination::of(session.setup, &kernel.directory, record)?;
        let path = directory.join(object.file_name().unwrap_or_default());
        let content = FileRecord::measure(session.root(), object)?;
        transaction.files.push(PlacedFile { name: name.clone(), path, link: session.symlink, content });
        transaction.displaced.extend(displaced(session, target, &kernel.directory, found, &earlier)?);
    }
    transaction.refused = refusals.reported(session);
    // What is refused is taken from no other module.
    taken.iter_mut().for_each(|taken| taken.keep_only(&transaction.files));
    taken.retain(|taken| !taken.objects.is_empty());
    transaction.taken = taken;
    if transaction.files.is_empty() && !chosen.is_empty() {
        let reasons = transaction.refused.into_iter().map(|refusal| refusal.reason).collect();
        return Err(Error::InstallRefused { target: target.clone(), reasons });
    }
    Ok(transaction)
}

/// What of this module is below the kernel's directory already.
struct Earlier {
    /// Files of the very same build's installation: they count for nothing.
    own: Vec<PlacedFile>,
    /// The installation that gives way.
    previous: Option<Previous>,
    /// Whose it is.
    previous_target: Target,
}

impl Earlier {
    fn find(
        session: &mut Session<'_>,
        target: &Target,
        directory: &Path,
        config: &ModuleConfig,
    ) -> Result<Self, Error> {
        let own = files_of(session, target, directory, Some(config))?;
        let (root, layout) = (session.root(), &session.setup.layout);
        let active = active_version(root, layout, &target.module.name, &target.kernel);
        let (previous_target, files) = match active.filter(|module| *module != target.module) {
            Some(module) => {
                let other = Target::new(module, target.kernel.clone());
                let files = files_of(session, &other, directory, Some(config))?;
                (other, Some(files))
            }
            None => (target.clone(), Some(own.clone()).filter(|own| !own.is_empty())),
        };
        let version = previous_target.module.version.clone();
        Ok(Self { own, previous: files.map(|files| Previous { version, files }), previous_target })
    }

    fn previous_files(&self) -> &[PlacedFile] {
        self.previous.as_ref().map_or(&[], |previous| &previous.files)
    }

    /// Whether a path was placed by us, whatever became of it.
    fn placed(&self, path: &Path) -> bool {
        self.own.iter().chain(self.previous_files()).any(|file| file.path == path)
    }

    /// Files of a module that stay because nothing replaces them.
    fn intact(&self, session: &Session<'_>, name: &str) -> Vec<PlacedFile> {
        let (root, layout) = (session.root(), &session.setup.layout);
        let stays =
            |file: &&PlacedFile| file.name == name && placed::is_intact(root, layout, &self.previous_target, file);
        self.previous_files().iter().filter(stays).cloned().collect()
    }
}

/// Why an object stays out.
struct Objection {
    reason: String,
    /// The file in its way, whose package is reported.
    file: Option<PathBuf>,
}

/// The objects that stay out.
#[derive(Default)]
struct Refusals {
    list: Vec<Refusal>,
    /// Which of them are reported, and the files in their way.
    objections: Vec<(usize, Option<PathBuf>)>,
}

impl Refusals {
    fn add(&mut self, name: &str, objection: Objection) {
        self.objections.push((self.list.len(), objection.file));
        self.list.push(Refusal { name: name.to_owned(), reason: objection.reason, owner: None });
    }

    /// Completes and tells them. The package manager is asked once, however many there are.
    fn reported(mut self, session: &mut Session<'_>) -> Vec<Refusal> {
        let files: BTreeSet<PathBuf> = self.objections.iter().filter_map(|(_, file)| file.clone()).collect();
        let owners = if files.is_empty() { BTreeMap::new() } else { package::owners(session.setup, &files) };
        for (place, file) in self.objections {
            let Refusal { name, reason, .. } = &mut self.list[place];
            match file.map(|file| owners.get(&file)) {
                Some(Some(package)) => *reason = format!("{reason}; that file belongs to the package {}", package.name),
                Some(None) => *reason = format!("{reason}; that file belongs to no package"),
                None => {}
            }
            session.say(InstallEvent::Refused { name: name.clone(), reason: reason.clone() });
        }
        self.list
    }
}

/// What the versions say against an object: the file that would be loaded without it is read only now, and so is what the
/// object itself says, which may have been built just before.
fn not_newer(
    session: &mut Session<'_>,
    kernel: &Kernel,
    object: &Path,
    found: &[PathBuf],
    earlier: &Earlier,
) -> Result<Option<Objection>, Error> {
    let others: Vec<PathBuf> =
        found.iter().filter(|path| !earlier.own.iter().any(|file| file.path == **path)).cloned().collect();
    let Some(path) = session.loaded_of(&kernel.directory, &others)? else { return Ok(None) };
    let root = session.root();
    let (built, info) = (Identity::of(root, object), Identity::of(root, &path));
    let identical = FileRecord::measure(root, object)?.holds(root, &path);
    let reason = version_objection(&built, Existing { path: &path, info: &info, identical });
    Ok(reason.map(|reason| Objection { reason, file: Some(path) }))
}

/// Modules of others that give way. Links into the tree are what an earlier installation by link left.
fn displaced(
    session: &mut Session<'_>,
    target: &Target,
    directory: &Path,
    found: Vec<PathBuf>,
    earlier: &Earlier,
) -> Result<Vec<Displaced>, Error> {
    let (root, layout) = (session.root(), &session.setup.layout);
    let module = layout.module(&target.module.name);
    let is_foreign = |path: &PathBuf| {
        let leads_to_ours = root.read_link(path).is_some_and(|text| text.starts_with(&module));
        !leads_to_ours && !earlier.placed(path)
    };
    let foreign: Vec<PathBuf> = found.into_iter().filter(is_foreign).collect();
    let first = session.loaded_of(directory, &foreign)?;
    let archive = layout.originals(&target.module.name, &target.kernel);
    let displace = |from: &PathBuf| Displaced::new(root, &archive, directory, from, first.as_ref() == Some(from));
    Ok(foreign.iter().map(displace).collect())
}
