//! The administrator's settings: framework.conf, its fragments, and the few other places that always counted.
//!
//! Files are parsed, never run. A slip in one of them is logged and left out: it must not keep a kernel from
//! getting its modules. What the settings mean is known to `dkms_conf`, what follows from them to [`crate::setup`].

use std::path::{Path, PathBuf};

use dkms_conf::source::MAX_BYTES;
use dkms_conf::{FrameworkConfig, Source};

use crate::error::Error;
use crate::layout::{FRAMEWORK_CONF, FRAMEWORK_CONF_D, MODULE_INIT_TOOLS};
use crate::system::environment::Environment;
use crate::system::root::{Kind, Root};

/// Reads framework.conf and the files in framework.conf.d, in the order of their names.
///
/// # Errors
/// `Io` if the directory of the fragments is there and cannot be listed.
pub fn load(root: &Root) -> Result<FrameworkConfig, Error> {
    let mut sources = Vec::new();
    for path in std::iter::once(PathBuf::from(FRAMEWORK_CONF)).chain(fragments(root)?) {
        if !root.exists(&path) {
            continue;
        }
        let source = root.read_bounded(&path, MAX_BYTES as u64).map_err(|error| error.to_string()).and_then(|bytes| {
            Source::from_bytes(path.to_string_lossy(), &bytes).map_err(|problem| problem.to_string())
        });
        match source {
            Ok(source) => sources.push(source),
            Err(problem) => log::warn!("{problem}; it is ignored"),
        }
    }
    let (config, problems) = FrameworkConfig::parse(&sources);
    for problem in problems {
        let hint = problem.hint.as_ref().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
        log::warn!("{problem}{hint}");
    }
    Ok(config)
}

fn fragments(root: &Root) -> Result<Vec<PathBuf>, Error> {
    let directory = Path::new(FRAMEWORK_CONF_D);
    let is_fragment = |name: &str| name.ends_with(".conf") && !name.starts_with('.');
    let entries = root.list(directory)?.into_iter();
    Ok(entries
        .filter(|(name, kind)| *kind != Kind::Directory && is_fragment(&name.to_string_lossy()))
        .map(|(name, _)| directory.join(name))
        .collect())
}

/// The directory that Red Hat's `ADDON_MODULES_DIR` prescribes for all modules, from the environment or from the file
/// where it used to be set; begins with a slash, `None` if no file says so.
pub fn addon_directory(root: &Root, environment: &Environment) -> Option<String> {
    let value = match environment.get("ADDON_MODULES_DIR") {
        Some(value) => value.to_owned(),
        None => {
            let content = root.read_bounded(Path::new(MODULE_INIT_TOOLS), 1 << 16).ok()?;
            let text = String::from_utf8_lossy(&content);
            let assigned = |line: &str| {
                let line = line.trim();
                let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
                let value = line.strip_prefix("ADDON_MODULES_DIR=")?.trim();
                let value = value.split_once(" #").map_or(value, |(value, _)| value.trim_end());
                Some(value.trim_matches(['"', '\'']).to_owned())
            };
            text.lines().filter_map(assigned).next_back()?
        }
    };
    let value = value.trim_matches('/');
    if value.is_empty() {
        return None;
    }
    if value.contains(['$', '`']) || value.split('/').any(|part| part == "..") {
        log::warn!("ADDON_MODULES_DIR `{value}` is not a plain directory name and is ignored");
        return None;
    }
    Some(format!("/{value}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn fragments_count_in_name_order_and_bad_files_do_not_stop_anything() {
        let (_directory, setup) = testing::setup();
        testing::write(&setup, FRAMEWORK_CONF, "dkms_tree=/a\nsource_tree=/b\n");
        testing::write(&setup, "/etc/dkms/framework.conf.d/20.conf", "source_tree=/d\n");
        testing::write(&setup, "/etc/dkms/framework.conf.d/10.conf", "source_tree=/c\n");
        testing::write(&setup, "/etc/dkms/framework.conf.d/30.conf.bak", "source_tree=/e\n");
        testing::write(&setup, "/etc/dkms/framework.conf.d/40.conf", "source_tree=/f\n\0");
        setup.root.writable().create_dir_all(Path::new("/etc/dkms/framework.conf.d/50.conf")).unwrap();
        let config = load(&setup.root).unwrap();
        assert_eq!((config.dkms_tree().as_str(), config.source_tree().as_str()), ("/a", "/d"));
    }

    #[test]
    fn the_addon_directory_of_environment_and_file() {
        let (_directory, setup) = testing::setup();
        let of = |variables: &[(&str, &str)]| {
            let variables = variables.iter().map(|(name, value)| ((*name).into(), (*value).into()));
            addon_directory(&setup.root, &Environment::new(variables))
        };
        assert_eq!(of(&[]), None);
        testing::write(
            &setup,
            MODULE_INIT_TOOLS,
            "# ADDON_MODULES_DIR=no\nX=$(evil)\nADDON_MODULES_DIR=\"addon/x\" # y\n",
        );
        assert_eq!(of(&[]).as_deref(), Some("/addon/x"));
        assert_eq!(of(&[("ADDON_MODULES_DIR", "mine")]).as_deref(), Some("/mine"));
        assert_eq!(of(&[("ADDON_MODULES_DIR", "../../etc")]), None);
    }
}
