//! What keeps a module from being loaded although it is there: modprobe.d, and words on the command line.
//!
//! Which of several ways to load a module each of them stops is kept apart: `blacklist` only stops loading for a device, and a
//! module of that name is loaded all the same when it is asked for by name. modprobe.d(5), `kmod: libkmod/libkmod-config.c`;
//! `module_blacklist=`: the kernel's `kernel/module/main.c`; `rd.driver.blacklist=`: dracut.cmdline(7).

use std::path::{Path, PathBuf};

use dkms_conf::pattern::Pattern;

use super::command_line::CommandLine;
use super::fragments;
use super::index::in_kernel;
use crate::error::Error;
use crate::layout::MODPROBE_D;
use crate::system::root::Root;

/// Longer files of that kind are none.
const MAX_FILE_BYTES: u64 = 1 << 20;
/// Programs that do nothing, in place of what would load a module.
const NOTHING: [&str; 7] = ["true", "false", ":", "/bin/true", "/bin/false", "/usr/bin/true", "/usr/bin/false"];
/// Words of the command line that count as `blacklist` does, and whether `-` is `_` in their values: kmod takes them as they
/// are, and dracut writes a line of modprobe.d for its own, into its image or into `/run`, where it stays.
const WORDS: [(&str, bool); 2] = [("modprobe.blacklist", false), ("rd.driver.blacklist", true)];
/// The word that the kernel itself knows.
const KERNELS_WORD: &str = "module_blacklist";

/// Which way of loading a module is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stops {
    /// For a device, by an alias; systemd-modules-load heeds it as well. `modprobe NAME` loads.
    Alias,
    /// Through modprobe, and thus for devices too. `insmod` loads.
    Modprobe,
    /// Every way: the kernel refuses.
    Kernel,
}

/// Where it says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a file.
    Line {
        /// Which file.
        path: PathBuf,
        /// Its line, from 1.
        line: usize,
    },
    /// On the command line, by a word of this name.
    Word(&'static str),
}

/// Something that stops a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    /// What it stops.
    pub stops: Stops,
    /// Where it stands.
    pub place: Place,
}

/// The directives of modprobe.d that can stop a module.
#[derive(Clone, Debug, Default)]
pub struct ModprobeConf {
    directives: Vec<Directive>,
}

#[derive(Clone, Debug)]
struct Directive {
    place: Place,
    /// Of the module, with `_` for `-`; a pattern if it has a command.
    name: String,
    /// Of `install`.
    command: Option<String>,
}

impl ModprobeConf {
    /// Reads all of modprobe.d.
    ///
    /// # Errors
    /// `Io` for a directory. Files that cannot be read are empty: modprobe goes on, too.
    pub fn gather(root: &Root) -> Result<Self, Error> {
        let mut conf = Self::default();
        for path in fragments::paths(root, &MODPROBE_D)? {
            if let Ok(content) = root.read_bounded(&path, MAX_FILE_BYTES) {
                conf.add(&path, &String::from_utf8_lossy(&content));
            }
        }
        Ok(conf)
    }

    fn add(&mut self, path: &Path, text: &str) {
        let mut lines = text.lines().zip(1..);
        while let Some((first, line)) = lines.next() {
            let mut whole = first.to_owned();
            while whole.ends_with('\\') {
                whole.pop();
                whole.push_str(lines.next().map_or("", |(next, _)| next));
            }
            let words = whole.trim_start_matches([' ', '\t']).split_once([' ', '\t']);
            let Some((keyword, rest)) = words.filter(|_| !whole.starts_with('#')) else { continue };
            let rest = rest.trim_matches([' ', '\t']);
            let (name, command) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
            let command = match keyword {
                "blacklist" if !name.is_empty() => None,
                "install" if !command.is_empty() => Some(command.trim_start_matches([' ', '\t']).to_owned()),
                _ => continue,
            };
            let name = if command.is_some() { pattern_in_kernel(name) } else { in_kernel(name) };
            self.directives.push(Directive { place: Place::Line { path: path.to_owned(), line }, name, command });
        }
    }

    /// What stops a module here and on a command line.
    pub fn bars(&self, module: &str, command_line: &CommandLine) -> Vec<Bar> {
        let module = in_kernel(module);
        let listed = self.directives.iter().filter(|found| found.command.is_none() && found.name == module);
        let mut bars: Vec<Bar> = listed.map(|found| found.bar(Stops::Alias)).collect();
        // Of several commands for a module the first is run.
        let install = self.directives.iter().find(|found| found.command.is_some() && found.is_pattern_of(&module));
        bars.extend(install.filter(|found| found.does_nothing()).map(|found| found.bar(Stops::Modprobe)));
        let names = |value: &str| value.split(',').any(|name| name == module);
        for (word, becomes_line) in WORDS {
            let mut values = command_line.values(word).flatten();
            if values.any(|value| names(value) || (becomes_line && names(&in_kernel(value)))) {
                bars.push(Bar { stops: Stops::Alias, place: Place::Word(word) });
            }
        }
        // A later one replaces an earlier one, and `-` is not `_`.
        if command_line.last(KERNELS_WORD).is_some_and(names) {
            bars.push(Bar { stops: Stops::Kernel, place: Place::Word(KERNELS_WORD) });
        }
        bars
    }

    /// The command that is run instead of loading a module, unless it does nothing: it may load the module or not.
    pub fn command(&self, module: &str) -> Option<&str> {
        let module = in_kernel(module);
        let found = self.directives.iter().find(|found| found.command.is_some() && found.is_pattern_of(&module))?;
        found.command.as_deref().filter(|_| !found.does_nothing())
    }
}

impl Directive {
    fn bar(&self, stops: Stops) -> Bar {
        Bar { stops, place: self.place.clone() }
    }

    fn is_pattern_of(&self, module: &str) -> bool {
        self.name == module || Pattern::new(&self.name).matches(module)
    }

    /// Whether its command is one of the usual ones that load nothing.
    fn does_nothing(&self) -> bool {
        let mut words = self.command.as_deref().unwrap_or_default().split_whitespace();
        words.next().is_some_and(|program| NOTHING.contains(&program))
            && words.next().is_none_or(|word| word.starts_with('#'))
    }
}

/// A `-` in brackets stays.
fn pattern_in_kernel(pattern: &str) -> String {
    let mut is_inside = false;
    let letters = pattern.chars().map(|letter| {
        is_inside = letter == '[' || (is_inside && letter != ']');
        if letter == '-' && !is_inside { '_' } else { letter }
    });
    letters.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn stops(conf: &ModprobeConf, module: &str, line: &str) -> Vec<Stops> {
        conf.bars(module, &CommandLine::parse(line)).into_iter().map(|bar| bar.stops).collect()
    }

    fn of(text: &str) -> ModprobeConf {
        let mut conf = ModprobeConf::default();
        conf.add(Path::new("/etc/modprobe.d/x.conf"), text);
        conf
    }

    #[test]
    fn a_blacklist_stops_aliases_and_an_empty_command_modprobe() {
        let conf = of(
            "# blacklist no\nblacklist a-b\n  blacklist \t c # why\ninstall d /bin/false\n\ninstall e \\\n /bin/true\n\
             install f modprobe --ignore-install f; true\ninstall g true && modprobe -i g\nblacklist\ninstall h\n",
        );
        for (module, expected) in [
            ("a_b", &[Stops::Alias][..]),
            ("a-b", &[Stops::Alias]),
            ("c", &[Stops::Alias]),
            ("d", &[Stops::Modprobe]),
            ("e", &[Stops::Modprobe]),
            ("f", &[]),
            ("g", &[]),
            ("h", &[]),
            ("no", &[]),
        ] {
            assert_eq!(stops(&conf, module, ""), expected, "{module}");
        }
        assert_eq!(conf.command("f"), Some("modprobe --ignore-install f; true"));
        assert_eq!((conf.command("d"), conf.command("a")), (None, None));
        let bars = conf.bars("e", &CommandLine::default());
        assert_eq!(bars[0].place, Place::Line { path: "/etc/modprobe.d/x.conf".into(), line: 6 });
    }

    #[test]
    fn the_first_command_counts_and_may_be_for_a_pattern() {
        let conf = of("install snd-[a-z]* /bin/false\ninstall snd-usb modprobe -i snd-usb\n");
        assert_eq!(stops(&conf, "snd-usb", ""), [Stops::Modprobe]);
        assert_eq!(stops(&conf, "snd-1", ""), []);
        assert_eq!(stops(&conf, "usb", ""), []);
    }

    #[test]
    fn words_of_the_command_line() {
        let conf = ModprobeConf::default();
        for (line, expected) in [
            ("modprobe.blacklist=x,a_b", &[Stops::Alias][..]),
            ("modprobe.blacklist=a-b", &[]),
            ("modprobe.blacklist=a_b modprobe.blacklist=x", &[Stops::Alias]),
            ("rd.driver.blacklist=a-b", &[Stops::Alias]),
            ("module_blacklist=a_b,x", &[Stops::Kernel]),
            ("module_blacklist=a-b", &[]),
            ("module_blacklist=a_b module_blacklist=x", &[]),
            ("blacklist=a_b modprobe.blacklist", &[]),
        ] {
            assert_eq!(stops(&conf, "a-b", line), expected, "{line}");
        }
    }

    #[test]
    fn the_administrators_file_shadows_the_distributions() {
        let (_directory, setup) = testing::setup();
        testing::write(&setup, "/usr/lib/modprobe.d/nvidia.conf", "blacklist nouveau\n");
        testing::write(&setup, "/lib/modprobe.d/other.conf", "blacklist b\n");
        testing::write(&setup, "/etc/modprobe.d/readme", "blacklist b\n");
        testing::write(&setup, "/run/modprobe.d/all.conf", "blacklist nouveau");
        let bars = |module: &str| ModprobeConf::gather(&setup.root).unwrap().bars(module, &CommandLine::default());
        assert_eq!((bars("nouveau").len(), bars("b").len()), (2, 1));
        setup.root.writable().create_dir_all(Path::new("/etc/modprobe.d")).unwrap();
        setup.root.writable().symlink(Path::new("/dev/null"), Path::new("/etc/modprobe.d/nvidia.conf")).unwrap();
        assert_eq!(bars("nouveau")[0].place, Place::Line { path: "/run/modprobe.d/all.conf".into(), line: 1 });
        assert_eq!(bars("nouveau").len(), 1);
    }
}
