//! Where a module goes below its kernel's directory.
//!
//! Which directory counts is [`Setup::destination`]'s decision; here it becomes a path that does not lead elsewhere.

use std::path::{Component, Path, PathBuf};

use dkms_conf::module_config::{ModuleConfig, Record};

use crate::error::Error;
use crate::setup::Setup;
use crate::system::root::Root;

/// The directory, in-root.
///
/// # Errors
/// `DestinationInvalid` for a place that is not below the kernel's directory, or behind a link there.
pub(super) fn of(setup: &Setup, kernel_directory: &Path, record: &Record) -> Result<PathBuf, Error> {
    let inner = setup.destination(&record.dest_location);
    let invalid = |reason: &str| Error::DestinationInvalid {
        name: record.dest_name.clone(),
        location: inner.clone(),
        reason: reason.to_owned(),
    };
    let directory = below(kernel_directory, &inner).ok_or_else(|| invalid("it is not below the kernel's directory"))?;
    match link_within(&setup.root, kernel_directory, &directory) {
        Some(reason) => Err(invalid(&reason)),
        None => Ok(directory),
    }
}

/// What to say of a link among the directories below the kernel's own that lead to a place; `None` if there is none. What
/// is placed behind a link is not where depmod, a package manager and the next run look for it.
pub(super) fn link_within(root: &Root, kernel_directory: &Path, directory: &Path) -> Option<String> {
    let inner =
        directory.ancestors().take_while(|path| path.starts_with(kernel_directory) && *path != kernel_directory);
    let link = inner.filter(|path| root.is_link(path)).last()?;
    let target = root.read_link(link).unwrap_or_default();
    Some(format!("`{}` is a link to `{}`, not a directory of the kernel's own", link.display(), target.display()))
}

/// Directories in which an installation of the original may have put a module: the one of today, and the one that the
/// author wrote.
pub(super) fn candidates(
    setup: &Setup,
    kernel_directory: &Path,
    name: &str,
    config: Option<&ModuleConfig>,
) -> Vec<PathBuf> {
    let records = config.map(|config| config.records.as_slice()).unwrap_or_default();
    let literal = records.iter().find(|record| record.dest_name == name).map(|record| record.dest_location.as_str());
    // Without a configuration only a place that the author has no say in is known.
    let places = [setup.destination(literal.unwrap_or_default()), literal.unwrap_or_default().to_owned()];
    places.iter().filter(|inner| *inner != "/").filter_map(|inner| below(kernel_directory, inner)).collect()
}

/// `None` if `inner` would lead out of the directory.
fn below(directory: &Path, inner: &str) -> Option<PathBuf> {
    let mut path = directory.to_owned();
    for component in Path::new(inner).components() {
        match component {
            Component::Normal(name) => path.push(name),
            Component::RootDir | Component::CurDir => {}
            Component::ParentDir | Component::Prefix(_) => return None,
        }
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leads_out_of_the_kernels_directory() {
        let directory = Path::new("/lib/modules/K");
        assert_eq!(below(directory, "/updates/dkms/").unwrap(), directory.join("updates/dkms"));
        assert_eq!(below(directory, "extra").unwrap(), directory.join("extra"));
        assert_eq!(below(directory, "/kernel/../../../../etc"), None);
    }
}
