//! extlinux and what reads its menu: syslinux, U-Boot.
//!
//! Source: syslinux's `doc/syslinux.txt` and U-Boot's `doc/README.distro`, `boot/pxe_utils.c`.

use std::path::Path;

use super::Next;
use super::entry::{Entry, Written};
use super::partitions::Partitions;

const MAX_BYTES: u64 = 1 << 20;

/// A menu, as it is written.
#[derive(Default)]
struct Menu {
    default: Option<String>,
    /// Options of entries that have none.
    append: String,
    labels: Vec<Label>,
    /// It takes more in from another file.
    includes: bool,
}

#[derive(Default)]
struct Label {
    name: String,
    title: Option<String>,
    linux: Option<String>,
    append: Option<String>,
    initrds: Vec<String>,
}

/// Entries of a menu, and the one that starts.
pub(super) fn gather(partitions: &Partitions<'_>, path: &Path) -> (Vec<Entry>, Next) {
    let content = match partitions.root.read_bounded(path, MAX_BYTES) {
        Ok(content) => content,
        Err(error) => return (Vec::new(), Next::cannot_tell(error.to_string())),
    };
    let menu = Menu::parse(&String::from_utf8_lossy(&content));
    let directory = path.parent().unwrap_or(Path::new("/"));
    let start = menu.default.as_deref().map_or(Some(0), |name| menu.labels.iter().position(|label| label.name == name));
    let start_of = start.and_then(|at| menu.labels.get(at)).map(|label| label.name.clone());
    let includes = menu.includes;
    let entries: Vec<Entry> =
        menu.labels.into_iter().filter_map(|label| label.entry(partitions, directory, &menu.append)).collect();
    let next = match (includes, start_of) {
        (true, _) => Next::cannot_tell(format!("`{}` includes another file", path.display())),
        (false, None) => Next::cannot_tell(format!("`{}` has no entry for its default", path.display())),
        (false, Some(name)) => match entries.iter().position(|entry| entry.id == name) {
            Some(entry) => Next::Entry(entry),
            None => Next::cannot_tell(format!("what `{}` starts is no Linux kernel", path.display())),
        },
    };
    (entries, next)
}

impl Menu {
    fn parse(text: &str) -> Self {
        let mut all = Self::default();
        for line in text.lines().map(str::trim) {
            let (key, value) = line.split_once([' ', '\t']).unwrap_or((line, ""));
            all.line(&key.to_lowercase(), value.trim());
        }
        all
    }

    fn line(&mut self, key: &str, value: &str) {
        let label = self.labels.last_mut();
        match (key, label) {
            ("default", _) => self.default = Some(value.to_owned()),
            ("include", _) => self.includes = true,
            ("label", _) => self.labels.push(Label { name: value.to_owned(), ..Label::default() }),
            ("append", None) => self.append = value.to_owned(),
            ("append", Some(label)) => label.append = Some(value.to_owned()),
            ("linux" | "kernel" | "fit", Some(label)) => label.linux = Some(value.to_owned()),
            ("initrd", Some(label)) => label.initrds = value.split(',').map(str::to_owned).collect(),
            ("menu", Some(label)) => {
                let (word, rest) = value.split_once([' ', '\t']).unwrap_or((value, ""));
                match word.to_lowercase().as_str() {
                    "label" => label.title = Some(rest.trim().replace('^', "")),
                    "default" => self.default = Some(label.name.clone()),
                    "include" => self.includes = true,
                    _ => {}
                }
            }
            ("menu", None) => self.includes |= value.to_lowercase().starts_with("include"),
            _ => {}
        }
    }
}

impl Label {
    fn entry(self, partitions: &Partitions<'_>, directory: &Path, common: &str) -> Option<Entry> {
        let options = match self.append.as_deref() {
            None => common.to_owned(),
            // A dash alone: not even what is for all.
            Some("-") => String::new(),
            Some(own) => own.to_owned(),
        };
        // syslinux takes an `initrd=` among the options for the file.
        let given = || options.split_whitespace().rev().find_map(|word| word.strip_prefix("initrd="));
        let initrds: Vec<String> = if self.initrds.is_empty() {
            given().into_iter().flat_map(|list| list.split(',')).map(str::to_owned).collect()
        } else {
            self.initrds
        };
        let absolute =
            |path: String| if path.starts_with('/') { path } else { format!("{}/{path}", directory.display()) };
        let initrds = initrds.into_iter().map(absolute).collect();
        let title = self.title.unwrap_or_else(|| self.name.clone());
        let written = Written {
            id: self.name,
            title,
            version: None,
            options: Some(options),
            image: absolute(self.linux?),
            initrds,
        };
        Some(Entry::find(partitions, None, written))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    const PATH: &str = "/boot/extlinux/extlinux.conf";
    // As Debian's u-boot-menu writes it.
    const MENU: &str = "## /boot/extlinux/extlinux.conf\n##\n\ndefault l0\nmenu title U-Boot menu\nprompt 1\ntimeout 50\n\n\n\
        label l0\n\tmenu label Debian GNU/Linux 13 (trixie) 6.12.107+deb13-arm64\n\tlinux /boot/vmlinuz-6.12.107+deb13-arm64\n\
        \tinitrd /boot/initrd.img-6.12.107+deb13-arm64\n\tfdtdir /usr/lib/linux-image-6.12.107+deb13-arm64/\n\t\n\tappend root=/dev/mmcblk0p2 ro quiet\n\n\
        label l0r\n\tmenu label Debian GNU/Linux 13 (trixie) 6.12.107+deb13-arm64 (rescue target)\n\tlinux /boot/vmlinuz-6.12.107+deb13-arm64\n\
        \tinitrd /boot/initrd.img-6.12.107+deb13-arm64\n\tappend root=/dev/mmcblk0p2 ro single\n\n\
        label l1\n\tlinux ../vmlinuz-6.1.0-arm64\n\tappend root=/dev/mmcblk0p2 initrd=../initrd.img-6.1.0-arm64\n";

    fn gathered(menu: &str) -> (Vec<Entry>, Next) {
        let (_directory, setup) = testing::setup();
        for file in ["vmlinuz-6.12.107+deb13-arm64", "vmlinuz-6.1.0-arm64", "initrd.img-6.1.0-arm64"] {
            testing::write(&setup, &format!("/boot/{file}"), "");
        }
        testing::write(&setup, PATH, menu);
        gather(&Partitions::of(&setup.root, None), Path::new(PATH))
    }

    #[test]
    fn the_default_else_the_first() {
        let (entries, next) = gathered(MENU);
        assert_eq!(next, Next::Entry(0));
        assert_eq!(entries[0].title, "Debian GNU/Linux 13 (trixie) 6.12.107+deb13-arm64");
        assert_eq!(entries[0].release.as_deref(), Some("6.12.107+deb13-arm64"));
        assert!(entries[0].command_line.as_ref().unwrap().has("quiet") && entries[0].there);
        assert_eq!(entries[2].image, Path::new("/boot/extlinux/../vmlinuz-6.1.0-arm64"));
        assert!(entries[2].there);
        assert_eq!(gathered(&MENU.replace("default l0", "DEFAULT l1")).1, Next::Entry(2));
        assert_eq!(gathered(&MENU.replace("default l0\n", "")).1, Next::Entry(0));
        assert_eq!(gathered(&MENU.replace("label l0r", "label l0r\n  menu default")).1, Next::Entry(1));
    }

    #[test]
    fn what_cannot_be_told() {
        for menu in [
            &MENU.replace("default l0", "default other"),
            &format!("{MENU}\ninclude more.conf\n"),
            "",
            &MENU.replace("linux", "localboot"),
        ] {
            assert!(matches!(gathered(menu).1, Next::CannotTell { .. }), "{menu}");
        }
    }

    #[test]
    fn options_for_all() {
        let (entries, _) = gathered(
            "APPEND quiet\nLABEL a\nKERNEL /vmlinuz-6.1.0-arm64\nLABEL b\nKERNEL /vmlinuz-6.1.0-arm64\nAPPEND -\n",
        );
        let has = |at: usize| entries[at].command_line.as_ref().unwrap().has("quiet");
        assert!(has(0) && !has(1) && entries[0].image == Path::new("/boot/vmlinuz-6.1.0-arm64"));
    }
}
