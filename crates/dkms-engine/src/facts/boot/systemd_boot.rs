//! systemd-boot: its menu, and which entry of it starts.
//!
//! Sources: systemd's `src/boot/boot.c`, systemd-boot(7), loader.conf(5), `BOOT_LOADER_INTERFACE.md`.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};

use super::Next;
use super::bls::{self, Snippet, Tries};
use super::entry::Entry;
use super::partitions::Partitions;
use super::uki::Uki;
use super::version_order::uapi;
use super::wildcard;
use crate::facts::firmware::variables::{Access, Variables};
use crate::system::root::Kind;

/// More unified images are nobody's.
const MAX_IMAGES: usize = 256;
const MAX_BYTES: u64 = 64 << 10;

/// An entry with what it is sorted by.
struct Sorted {
    entry: Entry,
    tries: Tries,
    sort_key: Option<String>,
    machine_id: String,
    version: String,
    /// The file's name without counters, in lower case.
    id: String,
    profile: usize,
}

/// All entries as its menu has them, and the one that starts.
pub(super) fn gather(partitions: &Partitions<'_>, access: &Access<'_>, machine: &str) -> (Vec<Entry>, Next) {
    let sorted = sorted(partitions, machine);
    let next = match access {
        Access::Efi(variables) => choose(partitions, variables, &sorted),
        Access::Bios => Next::cannot_tell("systemd-boot needs EFI, and this machine has booted without"),
        Access::Unknown(reason) => Next::cannot_tell(format!("what systemd-boot was told cannot be read: {reason}")),
    };
    (sorted.into_iter().map(|one| one.entry).collect(), next)
}

fn choose(partitions: &Partitions<'_>, variables: &Variables<'_>, sorted: &[Sorted]) -> Next {
    let configured = Configuration::read(partitions);
    let resolved = |pattern: Option<String>| match pattern.as_deref() {
        Some("@saved") => variables.loader("LoaderEntryLastBooted"),
        _ => pattern,
    };
    let find = |pattern: &str, bad_too: bool| {
        let pattern = plain(pattern);
        sorted.iter().position(|one| {
            (bad_too || !one.tries.is_bad()) && wildcard::matches(&pattern, &plain(&one.entry.id.to_lowercase()))
        })
    };
    let variable = |name: &str| variables.loader(name);
    let asked = [
        (variable("LoaderEntryOneShot"), true),
        (variable("LoaderEntryPreferred"), false),
        (configured.preferred, false),
        (variable("LoaderEntryDefault"), true),
        (configured.default, true),
    ];
    for (pattern, bad_too) in asked {
        let Some(pattern) = resolved(pattern) else { continue };
        if let Some(entry) = find(&pattern, bad_too) {
            return Next::Entry(entry);
        }
        // What it finds by itself: other systems, and the firmware's own menu.
        if pattern.starts_with("auto-") {
            return Next::cannot_tell(format!(
                "systemd-boot starts `{pattern}`, which is none of this system's kernels"
            ));
        }
    }
    match (!sorted.is_empty()).then_some(0) {
        Some(entry) => Next::Entry(entry),
        None => Next::cannot_tell("systemd-boot has no entry of a kernel on a file system that is mounted"),
    }
}

/// Older releases call an entry by its name alone, newer ones with the suffix.
fn plain(name: &str) -> String {
    let lower = name.to_lowercase();
    let stem = lower.strip_suffix(".conf").or_else(|| lower.strip_suffix(".efi")).unwrap_or(&lower);
    stem.replacen(".efi@", "@", 1)
}

/// What `loader.conf` says.
#[derive(Default)]
struct Configuration {
    default: Option<String>,
    preferred: Option<String>,
}

impl Configuration {
    /// It is on the EFI system partition alone.
    fn read(partitions: &Partitions<'_>) -> Self {
        let read = |place: &&Path| partitions.root.read_bounded(&place.join("loader/loader.conf"), MAX_BYTES).ok();
        let content = partitions.mounted.iter().find_map(read).unwrap_or_default();
        let mut all = Self::default();
        for line in String::from_utf8_lossy(&content).lines().map(str::trim).filter(|line| !line.starts_with('#')) {
            let Some((key, value)) = line.split_once([' ', '\t']) else { continue };
            let value = value.trim();
            // Names that begin so are kept for meanings to come.
            if value.starts_with('@') && value != "@saved" {
                continue;
            }
            match key {
                "default" => all.default = Some(value.to_owned()),
                "preferred" => all.preferred = Some(value.to_owned()),
                _ => {}
            }
        }
        all
    }
}

fn sorted(partitions: &Partitions<'_>, machine: &str) -> Vec<Sorted> {
    let mut all = Vec::new();
    for place in &partitions.mounted {
        let snippets = bls::list(partitions.root, &place.join(bls::DIRECTORY));
        all.extend(
            snippets.into_iter().filter(|one| one.fits(machine)).filter_map(|one| type_1(partitions, place, one)),
        );
        let directory = place.join("EFI/Linux");
        let files = partitions
            .root
            .list(&directory)
            .unwrap_or_default()
            .into_iter()
            .filter(|(_, kind)| *kind != Kind::Directory);
        let images =
            files.filter_map(|(name, _)| name.into_string().ok()).filter(|name| name.to_lowercase().ends_with(".efi"));
        images.take(MAX_IMAGES).for_each(|name| all.extend(type_2(partitions, directory.join(&name), &name)));
    }
    all.sort_by(compare);
    all
}

fn type_1(partitions: &Partitions<'_>, place: &Path, snippet: Snippet) -> Option<Sorted> {
    let written = snippet.written(Some(snippet.options.join(" ")))?;
    let entry = Entry::find(partitions, Some(place), written);
    // It shows nothing that it cannot start.
    entry.there.then(|| Sorted {
        id: format!("{}.conf", entry.id.to_lowercase()),
        entry: Entry { id: format!("{}.conf", entry.id), ..entry },
        tries: snippet.tries,
        sort_key: snippet.sort_key,
        machine_id: snippet.machine_id.unwrap_or_default(),
        version: snippet.version.unwrap_or_default(),
        profile: 0,
    })
}

fn type_2(partitions: &Partitions<'_>, path: PathBuf, name: &str) -> Vec<Sorted> {
    let Some(uki) = Uki::open(partitions.root, &path) else { return Vec::new() };
    let (stem, tries) = Tries::of(&name[..name.len() - ".efi".len()]);
    let of_profile = |profile: Option<usize>| {
        let release_field = |name: &str| uki.field(profile, ".osrel", name);
        let first = |names: &[&str]| names.iter().find_map(|name| release_field(name));
        let named = profile.and_then(|nth| uki.field(profile, ".profile", "ID").or((nth > 0).then(|| nth.to_string())));
        let title = first(&["PRETTY_NAME", "NAME", "ID"]);
        let entry = Entry {
            id: named.map_or(format!("{stem}.efi"), |id| format!("{stem}.efi@{id}")),
            title: title.unwrap_or_else(|| stem.to_owned()),
            release: uki.release(profile),
            command_line: uki.command_line(partitions, &path, profile, Some("")),
            image: path.clone(),
            there: true,
            initrds: Vec::new(),
            uki: true,
        };
        Sorted {
            entry,
            tries,
            sort_key: first(&["IMAGE_ID", "ID"]),
            machine_id: String::new(),
            version: first(&["IMAGE_VERSION", "VERSION", "VERSION_ID", "BUILD_ID"]).unwrap_or_default(),
            id: format!("{stem}.efi").to_lowercase(),
            profile: profile.unwrap_or(0),
        }
    };
    match uki.profiles() {
        none if none.is_empty() => vec![of_profile(None)],
        some => some.map(|nth| of_profile(Some(nth))).collect(),
    }
}

/// Bad ones last; with a sort key first, by it; else the newest name first.
fn compare(left: &Sorted, right: &Sorted) -> Ordering {
    let by_key = || match (&left.sort_key, &right.sort_key) {
        (Some(one), Some(other)) => {
            let machines = || left.machine_id.cmp(&right.machine_id);
            one.cmp(other).then_with(machines).then_with(|| uapi(&right.version, &left.version))
        }
        (one, other) => one.is_none().cmp(&other.is_none()),
    };
    let tries = || match (left.tries.left, right.tries.left) {
        (Some(one), Some(other)) => other.cmp(&one).then(left.tries.done.cmp(&right.tries.done)),
        _ => Ordering::Equal,
    };
    let bad = left.tries.is_bad().cmp(&right.tries.is_bad());
    bad.then_with(by_key)
        .then_with(|| uapi(&right.id, &left.id))
        .then(left.profile.cmp(&right.profile))
        .then_with(tries)
}
