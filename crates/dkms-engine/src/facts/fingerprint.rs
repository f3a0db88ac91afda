//! Measures the inputs of a build: stamps always, contents only where a stamp is new.
//!
//! One [`Measurer`] serves a whole run: the source of a module is walked once for all kernels, the headers of a kernel
//! once for all modules. A content that was hashed under a stamp before, in this run or in a record, is not read again.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::facts::ignored::is_ignored;
use crate::facts::kernel::Kernel;
use crate::fingerprint::{Fingerprint, Part, hex, sha256};
use crate::setup::Setup;
use crate::system::root::{Kind, Meta, Root};
use crate::target::{KernelId, ModuleId, Target};

/// Files of a kernel's headers that decide what a module built against them is.
const KERNEL_FILES: [&str; 3] = ["Module.symvers", "include/config/auto.conf", ".config"];
/// Directory of generated headers, of which only the files right in it count.
const GENERATED: &str = "include/generated";
/// Deeper than any source tree; a loop of bind mounts ends here.
const MAX_DEPTH: usize = 64;

/// What a target is measured with besides the disk.
#[derive(Clone, Copy, Debug)]
pub struct Ingredients<'a> {
    /// The target.
    pub target: &'a Target,
    /// Its kernel.
    pub kernel: &'a Kernel,
    /// The effective configuration, evaluated with a fixed number of processors.
    pub config: &'a Part,
    /// The file that a person named for it.
    pub conf: Option<&'a Path>,
    /// Contents of the fingerprints of the modules that it depends on, by name.
    pub depends: &'a BTreeMap<String, String>,
    /// What signs, as text: digest and certificate.
    pub signer: &'a str,
    /// What was measured before.
    pub previous: Option<&'a Fingerprint>,
}

/// Measures for one run.
#[derive(Debug)]
pub struct Measurer<'a> {
    setup: &'a Setup,
    sources: BTreeMap<ModuleId, Rc<Stamped>>,
    kernels: BTreeMap<KernelId, Rc<KernelInputs>>,
    /// Contents by stamp.
    contents: BTreeMap<String, String>,
}

/// What a kernel gives to every module that is built for it.
#[derive(Debug)]
struct KernelInputs {
    files: BTreeMap<String, Stamped>,
    compiler: Option<Part>,
}

/// Files with their common stamp.
#[derive(Clone, Debug)]
struct Stamped {
    files: Vec<Entry>,
    stamp: String,
}

/// One file, directory or link of an input.
#[derive(Clone, Debug)]
struct Entry {
    /// Path that counts: relative, so that the same tree elsewhere is the same input.
    name: OsString,
    path: PathBuf,
    meta: Meta,
}

impl<'a> Measurer<'a> {
    /// Nothing measured yet.
    pub fn new(setup: &'a Setup) -> Self {
        Self { setup, sources: BTreeMap::new(), kernels: BTreeMap::new(), contents: BTreeMap::new() }
    }

    /// All inputs of one target.
    ///
    /// # Errors
    /// `Io` for a file that is there and cannot be read, also for one that changes while it is read.
    pub fn measure(&mut self, ingredients: &Ingredients<'_>) -> Result<Fingerprint, Error> {
        let previous = ingredients.previous;
        let source = self.source(&ingredients.target.module)?;
        let mut kernel = BTreeMap::new();
        let inputs = self.kernel(ingredients.kernel)?;
        for (name, stamped) in &inputs.files {
            let part = self.part(stamped, previous.and_then(|previous| previous.kernel.get(name)))?;
            kernel.insert(name.clone(), part);
        }
        if let Some(compiler) = &inputs.compiler {
            kernel.insert("compiler".into(), compiler.clone());
        }
        Ok(Fingerprint {
            source: self.part(&source, previous.map(|previous| &previous.source))?,
            config: ingredients.config.clone(),
            kernel,
            depends: ingredients.depends.clone(),
            signer: Part::of_text(ingredients.signer),
            conf: ingredients.conf.map(Path::to_owned),
        })
    }

    /// The source of a module alone, as [`Measurer::measure`] finds it.
    ///
    /// # Errors
    /// As [`Measurer::measure`].
    pub fn source_part(&mut self, module: &ModuleId, previous: Option<&Part>) -> Result<Part, Error> {
        let source = self.source(module)?;
        self.part(&source, previous)
    }

    fn source(&mut self, module: &ModuleId) -> Result<Rc<Stamped>, Error> {
        if let Some(known) = self.sources.get(module) {
            return Ok(Rc::clone(known));
        }
        let stamped = Rc::new(SourceTree::look(self.setup, module)?.0);
        self.sources.insert(module.clone(), Rc::clone(&stamped));
        Ok(stamped)
    }

    fn kernel(&mut self, kernel: &Kernel) -> Result<Rc<KernelInputs>, Error> {
        if let Some(known) = self.kernels.get(&kernel.id) {
            return Ok(Rc::clone(known));
        }
        let root = &self.setup.root;
        let mut inputs = BTreeMap::new();
        for name in KERNEL_FILES {
            // `.config` says the same as auto.conf with more words; it counts only where auto.conf is not there.
            if name == ".config" && inputs.contains_key("include/config/auto.conf") {
                continue;
            }
            let path = kernel.source_dir.join(name);
            if let Some(meta) = root.meta(&path).filter(|meta| meta.kind == Kind::File) {
                inputs.insert(name.to_owned(), Stamped::new(vec![Entry { name: name.into(), path, meta }]));
            }
        }
        let directory = kernel.source_dir.join(GENERATED);
        let mut generated = Vec::new();
        for (name, _) in root.list(&directory)?.into_iter().filter(|(name, _)| name.as_bytes().ends_with(b".h")) {
            let path = directory.join(&name);
            if let Some(meta) = root.meta(&path).filter(|meta| meta.kind == Kind::File) {
                generated.push(Entry { name, path, meta });
            }
        }
        if !generated.is_empty() {
            inputs.insert(GENERATED.to_owned(), Stamped::new(generated));
        }
        let compiler = kernel.config.text("CONFIG_CC_VERSION_TEXT").map(Part::of_text);
        let inputs = Rc::new(KernelInputs { files: inputs, compiler });
        self.kernels.insert(kernel.id.clone(), Rc::clone(&inputs));
        Ok(inputs)
    }

    fn part(&mut self, stamped: &Stamped, previous: Option<&Part>) -> Result<Part, Error> {
        let stamp = stamped.stamp.clone();
        if let Some(part) = previous.filter(|part| part.stamp == stamp) {
            return Ok(part.clone());
        }
        if let Some(content) = self.contents.get(&stamp) {
            return Ok(Part { stamp, content: content.clone() });
        }
        let content = stamped.content(&self.setup.root)?;
        self.contents.insert(stamp.clone(), content.clone());
        Ok(Part { stamp, content })
    }
}

/// The source of a module version as it lies there at one moment, with what the administrator adds to it.
#[derive(Debug)]
pub(crate) struct SourceTree(Stamped);

impl SourceTree {
    /// Looks at every file; reads none.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) fn look(setup: &Setup, module: &ModuleId) -> Result<Self, Error> {
        let layout = &setup.layout;
        let mut files = Vec::new();
        collect(&setup.root, &layout.source_link(module), Path::new(""), 0, &mut files)?;
        let own = layout.administrator_files(&module.name);
        collect(&setup.root, &own, Path::new("/administrator"), 0, &mut files)?;
        Ok(Self(Stamped::new(files)))
    }

    /// What changes when an input among the files does.
    pub(crate) fn stamp(&self) -> &str {
        &self.0.stamp
    }

    /// The same with the content.
    ///
    /// # Errors
    /// `Io`, also for a file that changes meanwhile.
    pub(crate) fn part(&self, root: &Root) -> Result<Part, Error> {
        Ok(Part { stamp: self.0.stamp.clone(), content: self.0.content(root)? })
    }

    /// Whether all that was there earlier still is as it was.
    pub(crate) fn only_adds_to(&self, earlier: &Self) -> bool {
        let now: BTreeMap<&OsString, &Entry> = self.0.files.iter().map(|entry| (&entry.name, entry)).collect();
        earlier.0.files.iter().all(|then| now.get(&then.name).is_some_and(|entry| entry.is_untouched(then)))
    }
}

/// Everything below a directory that is an input, in the order of the names; links by their text, never followed below
/// the top.
fn collect(root: &Root, directory: &Path, prefix: &Path, depth: usize, files: &mut Vec<Entry>) -> Result<(), Error> {
    if depth > MAX_DEPTH {
        let source = std::io::Error::other("the tree is nested too deeply");
        return Err(Error::Io { verb: "read", path: directory.to_owned(), source });
    }
    let entries = root.list(directory)?;
    for (name, kind) in &entries {
        if is_ignored(name, &entries) {
            continue;
        }
        let (path, inner) = (directory.join(name), prefix.join(name));
        // What vanishes between listing and looking is as good as never there; the build notices on its own.
        let Some(meta) = root.link_meta(&path) else { continue };
        files.push(Entry { name: inner.clone().into(), path: path.clone(), meta });
        if *kind == Kind::Directory {
            collect(root, &path, &inner, depth + 1, files)?;
        }
    }
    Ok(())
}

impl Entry {
    /// Size and time of a directory move with what does not count, such as editors' temporary files.
    fn is_untouched(&self, then: &Self) -> bool {
        let (now, then) = (&self.meta, &then.meta);
        now == then || (now.kind == Kind::Directory && then.kind == now.kind && then.mode == now.mode)
    }
}

impl Stamped {
    fn new(files: Vec<Entry>) -> Self {
        let mut hash = Sha256::new();
        for entry in &files {
            let Meta { mode, size, mtime, inode, .. } = entry.meta;
            hash.update(entry.name.as_bytes());
            hash.update([0]);
            hash.update(mode.to_le_bytes());
            // Size and time of a directory move with what does not count, such as editors' temporary files.
            if entry.meta.kind != Kind::Directory {
                hash.update(size.to_le_bytes());
                hash.update(mtime.to_le_bytes());
                hash.update(inode.1.to_le_bytes());
            }
        }
        Self { files, stamp: hex(&hash.finalize()) }
    }

    /// Hash over names, modes and contents.
    fn content(&self, root: &Root) -> Result<String, Error> {
        let mut hash = Sha256::new();
        for entry in &self.files {
            hash.update((entry.name.len() as u64).to_le_bytes());
            hash.update(entry.name.as_bytes());
            // Whether it can be executed counts; a umask at unpacking does not.
            hash.update([kind_byte(entry.meta.kind), u8::from(entry.meta.mode & 0o111 != 0)]);
            match entry.meta.kind {
                Kind::File => hash.update(file_content(root, entry)?),
                Kind::Link => hash.update(root.read_link(&entry.path).unwrap_or_default().as_os_str().as_bytes()),
                Kind::Directory | Kind::Other => {}
            }
        }
        Ok(hex(&hash.finalize()))
    }
}

fn kind_byte(kind: Kind) -> u8 {
    match kind {
        Kind::Directory => b'd',
        Kind::File => b'f',
        Kind::Link => b'l',
        Kind::Other => b'o',
    }
}

fn file_content(root: &Root, entry: &Entry) -> Result<String, Error> {
    let content = sha256(root.open_file(&entry.path)?).map_err(Error::io("read", &entry.path))?;
    // A regular file here may be what a link leads to (headers joined by links): `meta` follows as the listing did.
    if root.meta(&entry.path) == Some(entry.meta) {
        return Ok(content);
    }
    let source = std::io::Error::other("it changed while it was read");
    Err(Error::Io { verb: "read", path: entry.path.clone(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn kernel(id: KernelId) -> Kernel {
        Kernel {
            id,
            directory: "/lib/modules/6.1".into(),
            present: true,
            image: true,
            source_dir: "/usr/src/linux-headers-6.1".into(),
            headers: crate::facts::kernel::Headers::Complete,
            gaps: Vec::new(),
            config: Default::default(),
            compression: crate::module_file::compression::Compression::None,
        }
    }

    struct Scene {
        _directory: tempfile::TempDir,
        setup: Setup,
        target: Target,
        kernel: Kernel,
    }

    impl Scene {
        fn new() -> Self {
            let (directory, setup) = testing::setup();
            let target = Target::new(ModuleId::new("m", "1").unwrap(), KernelId::new("6.1", "x86_64").unwrap());
            let kernel = kernel(target.kernel.clone());
            let scene = Self { _directory: directory, setup, target, kernel };
            scene.write("/usr/src/m-1/m.c", "int x;");
            scene.write("/usr/src/m-1/inner/Makefile", "all:");
            scene.write("/usr/src/linux-headers-6.1/Module.symvers", "0x1 a");
            scene.write("/usr/src/linux-headers-6.1/include/generated/autoconf.h", "#define A");
            scene.setup.root.writable().create_dir_all(Path::new("/var/lib/dkms/m/1")).unwrap();
            scene
                .setup
                .root
                .writable()
                .symlink(Path::new("/usr/src/m-1"), Path::new("/var/lib/dkms/m/1/source"))
                .unwrap();
            scene
        }

        fn write(&self, path: &str, content: &str) {
            testing::write(&self.setup, path, content);
        }

        fn measure(&self, previous: Option<&Fingerprint>) -> Fingerprint {
            let depends = BTreeMap::new();
            let ingredients = Ingredients {
                target: &self.target,
                kernel: &self.kernel,
                config: &Part::of_text("PACKAGE_NAME"),
                conf: None,
                depends: &depends,
                signer: "",
                previous,
            };
            Measurer::new(&self.setup).measure(&ingredients).unwrap()
        }
    }

    #[test]
    fn the_same_content_under_new_inodes_is_the_same() {
        let scene = Scene::new();
        let before = scene.measure(None);
        scene.write("/usr/src/m-1/m.c", "int x;");
        scene.write("/usr/src/linux-headers-6.1/Module.symvers", "0x1 a");
        let now = scene.measure(Some(&before));
        assert_ne!(before.source.stamp, now.source.stamp);
        assert_eq!(before.difference(&now), None);
    }

    #[test]
    fn each_input_is_named_when_it_changes() {
        use crate::fingerprint::Change;
        let scene = Scene::new();
        let before = scene.measure(None);
        for (path, change) in [
            ("/usr/src/m-1/inner/Makefile", Change::Source),
            ("/etc/dkms/m/patches/x.patch", Change::Source),
            ("/usr/src/linux-headers-6.1/Module.symvers", Change::Kernel { what: "Module.symvers".into() }),
            ("/usr/src/linux-headers-6.1/include/generated/rustc.h", Change::Kernel { what: GENERATED.into() }),
        ] {
            let scene = Scene::new();
            scene.write(path, "another content");
            let now = scene.measure(None);
            assert_eq!(before.difference(&now), Some(change), "{path}");
        }
    }

    #[test]
    fn an_unchanged_stamp_is_believed() {
        let scene = Scene::new();
        let mut before = scene.measure(None);
        before.source.content = "as recorded".into();
        assert_eq!(scene.measure(Some(&before)).source.content, "as recorded");
    }

    #[test]
    fn what_is_no_input_makes_no_difference() {
        let scene = Scene::new();
        let before = scene.measure(None);
        for path in [".git/index", "inner/.m.c.swp", "m.o", "m.c~"] {
            scene.write(&format!("/usr/src/m-1/{path}"), "x");
        }
        assert_eq!(scene.measure(None), before);
        scene.write("/usr/src/m-1/blob.o", "x");
        assert!(before.difference(&scene.measure(None)).is_some());
    }

    #[test]
    fn a_tree_only_grows_or_does_not() {
        let scene = Scene::new();
        let look = || SourceTree::look(&scene.setup, &scene.target.module).unwrap();
        let before = look();
        scene.write("/usr/src/m-1/inner/generated.h", "x");
        let grown = look();
        assert!(grown.stamp() != before.stamp() && grown.only_adds_to(&before) && !before.only_adds_to(&grown));
        scene.write("/usr/src/m-1/m.c", "int y;");
        assert!(!look().only_adds_to(&before));
    }

    #[test]
    fn a_name_and_the_permission_to_execute_count() {
        let scene = Scene::new();
        let before = scene.measure(None);
        scene.setup.root.writable().set_mode(Path::new("/usr/src/m-1/m.c"), 0o755).unwrap();
        assert!(before.difference(&scene.measure(None)).is_some());
    }
}
