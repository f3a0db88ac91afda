//! One kernel as found: its module directory, its headers, its configuration.
//!
//! Everything here is read from files below the root; the running kernel is never asked. What a compiler is, and which,
//! is [`crate::facts::compiler`]'s business; which kernels there are, that of [`crate::facts::kernels`].

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::error::lacking::Lacking;
use crate::facts::{kernels, package};
use crate::layout::BOOT;
use crate::module_file::compression::Compression;
use crate::setup::Setup;
use crate::setup::distribution::Family;
use crate::system::root::{Kind, Root};
use crate::target::KernelId;

/// Larger files are no kernel configuration; a full one has 300 kB.
const MAX_CONFIG_BYTES: u64 = 8 << 20;

/// A kernel and what is there of it.
#[derive(Clone, Debug)]
pub struct Kernel {
    /// Release and architecture.
    pub id: KernelId,
    /// `I/K`.
    pub directory: PathBuf,
    /// Whether `I/K` exists.
    pub present: bool,
    /// Whether the image's own modules are there, not only a `build` link.
    pub image: bool,
    /// Where to build against: `I/K/build` or what `--kernelsourcedir` said.
    pub source_dir: PathBuf,
    /// State of the headers.
    pub headers: Headers,
    /// What a make with these headers will miss, although they count as there: in-root paths, empty when all is well.
    /// Such a build is still tried, as the module may need less than the kernel's own build system does.
    pub gaps: Vec<PathBuf>,
    /// Its configuration; empty without headers.
    pub config: KernelConfig,
    /// How its own modules are compressed.
    pub compression: Compression,
}

impl Kernel {
    /// Looks at one kernel. A kernel that is not there at all is a fact too, not an error.
    ///
    /// # Errors
    /// `Io` if the configuration exists and cannot be read.
    pub fn gather(setup: &Setup, id: &KernelId) -> Result<Self, Error> {
        let root = &setup.root;
        let directory = kernels::directory(setup, &id.release);
        let source_dir = setup.options.kernel_source_dir.clone().unwrap_or_else(|| directory.join("build"));
        let headers = headers(setup, id, &directory, &source_dir);
        let config = match &setup.options.kernel_config {
            Some(path) => KernelConfig::load(root, path)?,
            None => KernelConfig::find(root, &source_dir)?,
        };
        Ok(Self {
            id: id.clone(),
            present: root.is_dir(&directory),
            image: kernels::has_image(setup, &directory),
            gaps: if headers == Headers::Complete { gaps(root, &source_dir) } else { Vec::new() },
            compression: compression(root, &config, &directory),
            directory,
            source_dir,
            headers,
            config,
        })
    }

    /// A kernel of which only the release is known. What there is under that release now may be replaced, so it is
    /// not looked at.
    pub fn coming(setup: &Setup, id: &KernelId) -> Self {
        let directory = kernels::directory(setup, &id.release);
        let source_dir = directory.join("build");
        Self {
            id: id.clone(),
            present: false,
            image: false,
            headers: Headers::Missing { path: source_dir.clone().into(), package: None },
            gaps: Vec::new(),
            compression: Compression::None,
            directory,
            source_dir,
            config: KernelConfig::default(),
        }
    }
}

/// The directory `include` decides whether there are headers, as it always has; nothing else stops a build.
fn headers(setup: &Setup, id: &KernelId, directory: &Path, source_dir: &Path) -> Headers {
    let root = &setup.root;
    let missing = [source_dir.to_owned(), source_dir.join("include")].into_iter().find(|path| !root.is_dir(path));
    let Some(path) = missing else { return Headers::Complete };
    Headers::Missing {
        path: Lacking { leads_to: root.read_link(&path), path },
        package: headers_package(setup, id, directory),
    }
}

/// The package that has the headers of the kernel whose module directory this is.
pub(crate) fn headers_package(setup: &Setup, id: &KernelId, directory: &Path) -> Option<String> {
    let (root, distribution) = (&setup.root, &setup.distribution);
    let pkgbase = root.read_to_string(&directory.join("pkgbase")).ok().map(|name| name.trim().to_owned());
    let owner = || (distribution.family() == Family::Arch).then(|| package::of_kernel(setup, directory)).flatten();
    distribution.headers_package(&id.release, pkgbase.or_else(owner).as_deref())
}

/// Debian's headers are two packages and a third with the programs, joined by links: any of them can be missing.
fn gaps(root: &Root, source_dir: &Path) -> Vec<PathBuf> {
    ["Makefile", "scripts", "include/generated/autoconf.h", "include/config/auto.conf"]
        .into_iter()
        .map(|name| source_dir.join(name))
        .filter(|path| !root.exists(path))
        .collect()
}

/// Whether a kernel can be built against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Headers {
    /// Everything that a build needs is there.
    Complete,
    /// Something is missing.
    Missing {
        /// The first thing that was looked for and not found.
        path: Lacking,
        /// Package that has it on this distribution, when known.
        package: Option<String>,
    },
}

/// A kernel configuration: `include/config/auto.conf` or `.config`.
#[derive(Clone, Debug, Default)]
pub struct KernelConfig {
    /// The file; `None` if there is none.
    pub path: Option<PathBuf>,
    /// Its text.
    text: String,
}

impl KernelConfig {
    /// From the text of a file.
    pub fn new(path: PathBuf, text: String) -> Self {
        Self { path: Some(path), text }
    }

    /// Reads a file that was named.
    ///
    /// # Errors
    /// `Io`.
    pub fn load(root: &Root, path: &Path) -> Result<Self, Error> {
        let content = root.read_bounded(path, MAX_CONFIG_BYTES)?;
        let text =
            String::from_utf8(content).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        Ok(Self::new(path.to_owned(), text))
    }

    /// Reads what a build directory has: what make itself uses, else the full configuration, else nothing.
    ///
    /// # Errors
    /// `Io` for a file that is there and cannot be read.
    pub fn find(root: &Root, source_dir: &Path) -> Result<Self, Error> {
        let candidates = ["include/config/auto.conf", ".config"].map(|name| source_dir.join(name));
        match candidates.iter().find(|path| root.is_file(path)) {
            Some(path) => Self::load(root, path),
            None => Ok(Self::default()),
        }
    }

    /// Reads what lies beside a kernel's image or modules, for a kernel that may have no headers: `directory` is that of its
    /// modules. Else what its headers have, else nothing.
    ///
    /// # Errors
    /// `Io` for a file that is there and cannot be read.
    pub fn of_image(root: &Root, directory: &Path, release: &str) -> Result<Self, Error> {
        let candidates = [directory.join("config"), Path::new(BOOT).join(format!("config-{release}"))];
        match candidates.iter().find(|path| root.is_file(path)) {
            Some(path) => Self::load(root, path),
            None => Self::find(root, &directory.join("build")),
        }
    }

    /// Value of `CONFIG_NAME` as written (`y`, `m`, `"text"`); `None` if it is not set.
    pub fn get(&self, name: &str) -> Option<&str> {
        let text = self.text.as_str();
        memchr::memmem::find_iter(text.as_bytes(), name).find_map(|at| {
            let starts_line = at == 0 || text.as_bytes()[at - 1] == b'\n';
            let value = text.get(at + name.len()..)?.strip_prefix('=').filter(|_| starts_line)?;
            Some(value.lines().next().unwrap_or_default())
        })
    }

    /// Whether `CONFIG_NAME` is `y` or `m`.
    pub fn enabled(&self, name: &str) -> bool {
        matches!(self.get(name), Some("y" | "m"))
    }

    /// Value of `CONFIG_NAME` without its quotes.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).map(|value| value.trim_matches('"'))
    }
}

/// How a kernel's modules are stored: from the configuration where it compresses by itself, else from the kernel's own modules (some distributions
/// compress them after the build), else none. What others have put beside them does not count.
fn compression(root: &Root, config: &KernelConfig, directory: &Path) -> Compression {
    configured_compression(config)
        .or_else(|| compression_of_modules(root, &directory.join("kernel"), 0))
        .unwrap_or(Compression::None)
}

/// Since 6.12 an algorithm can be chosen without its being used; before, choosing one meant using it.
fn configured_compression(config: &KernelConfig) -> Option<Compression> {
    let split = config.enabled("CONFIG_MODULE_COMPRESS") && config.get("CONFIG_MODULE_DECOMPRESS").is_some();
    if split && !config.enabled("CONFIG_MODULE_COMPRESS_ALL") {
        return None;
    }
    [
        ("CONFIG_MODULE_COMPRESS_GZIP", Compression::Gzip),
        ("CONFIG_MODULE_COMPRESS_XZ", Compression::Xz),
        ("CONFIG_MODULE_COMPRESS_ZSTD", Compression::Zstd),
    ]
    .into_iter()
    .find_map(|(name, compression)| config.enabled(name).then_some(compression))
}

/// That of the first module found.
fn compression_of_modules(root: &Root, directory: &Path, depth: usize) -> Option<Compression> {
    let entries = root.list(directory).ok()?;
    let found = entries.iter().find_map(|(name, _)| Some(Compression::of_file_name(name.to_str()?)?.1));
    let mut directories = entries.iter().filter(|(_, kind)| *kind == Kind::Directory);
    found.or_else(|| {
        // Deeper than any kernel's own tree.
        if depth > 12 {
            return None;
        }
        directories.find_map(|(name, _)| compression_of_modules(root, &directory.join(name), depth + 1))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(config: &str) -> (tempfile::TempDir, Setup) {
        let (directory, setup) = crate::testing::setup();
        crate::testing::write(&setup, "/lib/modules/6.1-x/build/include/config/auto.conf", config);
        (directory, setup)
    }

    fn gather(setup: &Setup) -> Kernel {
        let id = KernelId::new("6.1-x", "x86_64").unwrap();
        Kernel::gather(setup, &id).unwrap()
    }

    #[test]
    fn a_kernel_that_is_not_there() {
        let (_directory, setup) = crate::testing::setup();
        let kernel = gather(&setup);
        assert!(!kernel.present && !kernel.image && kernel.config.path.is_none());
        let expected = Headers::Missing {
            path: PathBuf::from("/lib/modules/6.1-x/build").into(),
            package: Some("linux-headers-6.1-x".into()),
        };
        assert_eq!(kernel.headers, expected);
    }

    #[test]
    fn a_build_directory_without_include_is_no_headers_and_gaps_are_named() {
        let (directory, setup) = setting("CONFIG_X=y\n");
        let kernel = gather(&setup);
        assert_eq!(kernel.headers, Headers::Complete);
        assert!(kernel.present && !kernel.image && kernel.config.enabled("CONFIG_X"));
        assert!(kernel.gaps.contains(&"/lib/modules/6.1-x/build/scripts".into()), "{:?}", kernel.gaps);
        std::fs::remove_dir_all(directory.path().join("lib/modules/6.1-x/build/include")).unwrap();
        let Headers::Missing { path, .. } = gather(&setup).headers else { panic!("no headers") };
        assert_eq!(path.path, Path::new("/lib/modules/6.1-x/build/include"));
    }

    #[test]
    fn what_begins_a_line_sets_an_option_and_nothing_else_costs_anything() {
        let get = |text: &str| KernelConfig::new("/c".into(), text.into()).get("CONFIG_X").map(str::to_owned);
        assert_eq!(
            get("# CONFIG_X is not set\n CONFIG_X=a\nXCONFIG_X=b\nCONFIG_X=c\nCONFIG_X=d").as_deref(),
            Some("c")
        );
        assert_eq!(get("CONFIG_XY=y\nCONFIG_X=").as_deref(), Some(""));
        assert_eq!(get(&format!(" {}", "CONFIG_X=".repeat(100_000))), None);
    }

    #[test]
    fn compression_is_the_configured_one_then_that_of_the_own_modules() {
        for (config, expected) in [
            ("CONFIG_MODULE_COMPRESS=y\nCONFIG_MODULE_COMPRESS_GZIP=y\n", Compression::Gzip),
            ("CONFIG_MODULE_COMPRESS_ZSTD=y\nCONFIG_MODULE_DECOMPRESS=y\n", Compression::Zstd),
            ("CONFIG_MODULE_COMPRESS=y\nCONFIG_MODULE_COMPRESS_XZ=y\nCONFIG_MODULE_COMPRESS_ALL=y\n", Compression::Xz),
            ("CONFIG_MODULE_COMPRESS=y\nCONFIG_MODULE_COMPRESS_XZ=y\nCONFIG_MODULE_DECOMPRESS=y\n", Compression::None),
            ("CONFIG_MODULE_COMPRESS_NONE=y\n", Compression::None),
        ] {
            let (_directory, setup) = setting(config);
            assert_eq!(gather(&setup).compression, expected, "{config}");
        }
        let (_directory, setup) = setting("CONFIG_MODULE_COMPRESS_NONE=y\n");
        let add = |path: &str| {
            let path = Path::new(path);
            setup.root.writable().create_dir_all(path.parent().unwrap()).unwrap();
            setup.root.writable().create_new(path, 0o644).unwrap();
        };
        add("/lib/modules/6.1-x/updates/dkms/foreign.ko.zst");
        assert_eq!(gather(&setup).compression, Compression::None);
        add("/lib/modules/6.1-x/kernel/drivers/net/own.ko.xz");
        let kernel = gather(&setup);
        assert!(kernel.image);
        assert_eq!(kernel.compression, Compression::Xz);
    }

    #[test]
    fn configuration_lines_are_found_whole() {
        let config = KernelConfig::new(
            "/c".into(),
            "# CONFIG_A is not set\nCONFIG_AB=m\nCONFIG_B=y\nCONFIG_T=\"gcc-12 x\"\n".into(),
        );
        assert_eq!(config.get("CONFIG_A"), None);
        assert!(config.enabled("CONFIG_AB") && config.enabled("CONFIG_B"));
        assert_eq!(config.text("CONFIG_T"), Some("gcc-12 x"));
    }
}
