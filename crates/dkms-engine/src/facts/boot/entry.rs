//! One thing that a boot loader can start: a kernel, with what it is told and what is laid under it.

use std::path::{Path, PathBuf};

use super::image;
use super::partitions::Partitions;
use super::uki::Uki;
use crate::facts::command_line::CommandLine;

/// A kernel that a boot loader can start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What the boot loader's settings call it.
    pub id: String,
    /// What its menu shows.
    pub title: String,
    /// `uname -r` of the kernel; `None` if that cannot be told.
    pub release: Option<String>,
    /// What it is booted with, without what is built into the kernel itself (`CONFIG_CMDLINE`); `None` if that cannot be told.
    pub command_line: Option<CommandLine>,
    /// The image, in-root; where the configuration says if it is not `there`.
    pub image: PathBuf,
    /// Whether the image is there.
    pub there: bool,
    /// The initial file systems, in-root, in their order; of a unified image those that are not in it.
    pub initrds: Vec<PathBuf>,
    /// Whether the image is a unified one, with command line and initial file system in it.
    pub uki: bool,
}

/// What a configuration says of an entry.
#[derive(Clone, Debug, Default)]
pub(super) struct Written {
    pub(super) id: String,
    pub(super) title: String,
    /// What the configuration calls its version.
    pub(super) version: Option<String>,
    /// `None` if it is made of something that is not known.
    pub(super) options: Option<String>,
    pub(super) image: String,
    pub(super) initrds: Vec<String>,
}

impl Entry {
    /// Looks at what a configuration names; its paths are relative to `base` or to a file system that has to be found.
    pub(super) fn find(partitions: &Partitions<'_>, base: Option<&Path>, written: Written) -> Self {
        let place = |path: &str| partitions.locate(base, path);
        let image = place(&written.image);
        let initrds = written.initrds.iter().map(|path| place(path).0).collect();
        let Written { id, title, version, options, .. } = written;
        let (image, there) = image;
        if let Some(uki) = there.then(|| Uki::open(partitions.root, &image)).flatten() {
            let profile = uki.default_profile();
            let command_line = uki.command_line(partitions, &image, profile, options.as_deref());
            return Self { id, title, release: uki.release(profile), command_line, image, there, initrds, uki: true };
        }
        Self {
            release: image::release(partitions.root, &image, version.as_deref()),
            command_line: options.as_deref().map(CommandLine::parse),
            id,
            title,
            image,
            there,
            initrds,
            uki: false,
        }
    }
}
