//! The interface between a kernel and modules that were built for another one: versions of symbols, as data.
//!
//! A kernel with CONFIG_MODVERSIONS has a checksum over the type of each symbol that it exports; an object carries those of
//! all symbols that it was built against. `module_layout` is one of them, so that the layout of the kernel's own notion of a
//! module is compared too. The kernel compares when it loads (`kernel/module/version.c`), and of `vermagic` then all but the
//! release; what it would refuse does not fit here either.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use object::{Object, ObjectSection};

use crate::error::Error;
use crate::layout::{self, WEAK_UPDATES};
use crate::module_file::compression::{self, Compression};
use crate::module_file::info::{self, ModuleInfo};
use crate::module_file::signature::strip_signature;
use crate::system::root::{Kind, Root};

/// Bytes of one entry of `__versions`: a long and a name.
const ENTRY_BYTES: usize = 64;
/// What is said of a module that cannot be compared.
const NO_VERSIONS: &str = "it has no symbol versions";
/// Larger tables are none; that of an enterprise kernel has 2 MB.
const MAX_TABLE_BYTES: u64 = 64 << 20;

/// Symbols, each with its checksum.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Versions {
    symbols: BTreeMap<String, u32>,
    /// Names of the modules that export them, with `_` for `-`, as far as a table says.
    providers: BTreeSet<String>,
}

impl Versions {
    /// From the text of a `Module.symvers`: checksum, symbol, module and more, between tabulators. Other lines count for
    /// nothing.
    pub fn of_table(text: &str) -> Self {
        let mut versions = Self::default();
        for line in text.lines() {
            let mut fields = line.split('\t');
            let checksum = fields.next().and_then(|field| u32::from_str_radix(field.strip_prefix("0x")?, 16).ok());
            let (Some(checksum), Some(symbol)) = (checksum, fields.next()) else { continue };
            versions.symbols.insert(symbol.to_owned(), checksum);
            let name = fields.next().and_then(|module| module.rsplit('/').next()).map(|name| name.replace('-', "_"));
            if let Some(name) = name.filter(|name| !versions.providers.contains(name)) {
                versions.providers.insert(name);
            }
        }
        versions
    }

    /// Reads a table, compressed or not; one that is not there or cannot be read offers nothing.
    pub fn read(root: &Root, path: &Path) -> Self {
        let content = root.read_bounded(path, MAX_TABLE_BYTES).ok();
        let content = content.and_then(|content| compression::unpack(content, MAX_TABLE_BYTES).ok());
        content.map(|content| Self::of_table(&String::from_utf8_lossy(&content))).unwrap_or_default()
    }

    /// What an object was built against. Empty for one that was built without CONFIG_MODVERSIONS.
    ///
    /// # Errors
    /// A fragment saying why it is no module.
    pub fn needed(module: &[u8]) -> Result<Self, String> {
        let damaged = |error: object::Error| format!("it is a damaged ELF file: {error}");
        let file = object::File::parse(strip_signature(module).0).map_err(damaged)?;
        let section =
            |name: &str| file.section_by_name(name).map(|section| section.data()).transpose().map_err(damaged);
        let long = if file.is_64() { 8 } else { 4 };
        let checksum = |bytes: &[u8]| -> u32 {
            let bytes: [u8; 4] = bytes.try_into().unwrap_or_default();
            if file.is_little_endian() { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) }
        };
        let mut symbols = BTreeMap::new();
        for entry in section("__versions")?.unwrap_or_default().chunks_exact(ENTRY_BYTES) {
            // The checksum has 32 bits of however long a long is.
            let low = if file.is_little_endian() { &entry[..4] } else { &entry[long - 4..long] };
            symbols.insert(text(&entry[long..]), checksum(low));
        }
        // Names that are too long for that (Rust's) are in a second table, since Linux 6.14.
        let names = section("__version_ext_names")?.unwrap_or_default().split(|byte| *byte == 0);
        let checksums = section("__version_ext_crcs")?.unwrap_or_default().chunks_exact(4);
        symbols.extend(names.zip(checksums).map(|(name, bytes)| (text(name), checksum(bytes))));
        Ok(Self { symbols, providers: BTreeSet::new() })
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.symbols.is_empty()
    }

    /// Whether the symbols have versions at all: without CONFIG_MODVERSIONS all checksums are 0.
    fn is_versioned(&self) -> bool {
        self.symbols.values().any(|checksum| *checksum != 0)
    }

    /// The first symbol that none of these tables has in the same version.
    pub fn lacking<'a>(&'a self, offered: &[&Versions]) -> Option<&'a str> {
        self.unmet(offered).into_iter().next().map(|(symbol, _)| symbol)
    }

    /// Symbols that none of these tables has in the same version, and whether one has them in another.
    fn unmet<'a>(&'a self, offered: &[&Versions]) -> Vec<(&'a str, bool)> {
        let unmet = self.symbols.iter().filter_map(|(symbol, version)| {
            let mut found = offered.iter().filter_map(|table| table.symbols.get(symbol)).peekable();
            let is_known = found.peek().is_some();
            (!found.any(|offered| offered == version)).then_some((symbol.as_str(), is_known))
        });
        unmet.collect()
    }
}

fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// What a kernel offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Its symbols.
    pub versions: Versions,
    /// `vermagic` of its modules without the release.
    flags: String,
    /// `I/K`.
    directory: PathBuf,
    /// What its modules are built for: its release, and what its headers call themselves.
    releases: Vec<String>,
}

impl Interface {
    /// Reads it out of what the kernel's package brings, or its headers; `None` if nothing says it.
    ///
    /// # Errors
    /// `Io` for directories that cannot be listed.
    pub fn gather(root: &Root, directory: &Path, release: &str) -> Result<Option<Self>, Error> {
        let Some(table) = layout::symbol_tables(directory, release).into_iter().find(|path| root.is_file(path)) else {
            return Ok(None);
        };
        let versions = Versions::read(root, &table);
        let Some(module) = find_module(root, &directory.join("kernel"), &|_| true)? else { return Ok(None) };
        let flags = ModuleInfo::read(root, &module).ok().and_then(|info| flags(&info));
        let releases = releases(root, release, &directory.join("build"));
        Ok(flags.map(|flags| Self { versions, flags, directory: directory.to_owned(), releases }))
    }

    /// Why the kernel would not load a module, if it would not, as a sentence; `others` are tables of modules that are there
    /// too. A symbol that no table has is no reason while a module that it may come from has no table.
    ///
    /// # Errors
    /// A fragment saying why it is no module.
    pub fn refusal(&self, module: &[u8], others: &[Versions]) -> Result<Option<String>, String> {
        let info = ModuleInfo::parse(module)?;
        let theirs = flags(&info);
        if theirs.as_ref() != Some(&self.flags) {
            return Ok(Some(self.other_flags(theirs)));
        }
        if !self.versions.is_versioned() {
            let release = info.kernel_release().unwrap_or_default();
            let other = !self.releases.iter().any(|known| known == release);
            return Ok(other.then(|| format!("it is built for kernel {release}")));
        }
        let needed = Versions::needed(module)?;
        if needed.is_empty() {
            return Ok(Some(NO_VERSIONS.into()));
        }
        let tables: Vec<&Versions> = std::iter::once(&self.versions).chain(others).collect();
        let is_known = |name: &str| tables.iter().any(|table| table.providers.contains(&name.replace('-', "_")));
        let all_known = info.depends().all(is_known);
        let (mut first, mut count) = (None, 0);
        for (symbol, is_known) in needed.unmet(&tables).into_iter().filter(|(_, is_known)| *is_known || all_known) {
            count += 1;
            first = first.or(Some((symbol.to_owned(), is_known)));
        }
        let of_all = if count > 1 { format!(" ({count} symbols in all)") } else { String::new() };
        Ok(first.map(|(symbol, is_known)| {
            if is_known {
                format!("it was built against another version of `{symbol}` than the kernel has{of_all}")
            } else {
                format!("it needs `{symbol}`, which neither the kernel nor a known module exports{of_all}")
            }
        }))
    }

    fn other_flags(&self, theirs: Option<String>) -> String {
        format!("it is built for `{}`, the kernel for `{}`", theirs.unwrap_or_default(), self.flags)
    }

    /// Why a module of another kernel does not fit, if it does not; `others` are tables of modules that are there too.
    ///
    /// # Errors
    /// `Io`; `ModuleUnreadable` if it is none.
    pub fn objection(&self, root: &Root, module: &Path, others: &[Versions]) -> Result<Option<String>, Error> {
        let bytes = info::load(root, module)?;
        let unreadable = |reason| Error::ModuleUnreadable { path: module.to_owned(), reason };
        let needed = Versions::needed(&bytes).map_err(unreadable)?;
        if needed.is_empty() {
            return Ok(Some(NO_VERSIONS.into()));
        }
        let theirs = flags(&ModuleInfo::parse(&bytes).map_err(unreadable)?);
        if theirs.as_ref() != Some(&self.flags) {
            return Ok(Some(self.other_flags(theirs)));
        }
        let tables: Vec<&Versions> = std::iter::once(&self.versions).chain(others).collect();
        if let Some(symbol) = needed.lacking(&tables) {
            return Ok(Some(format!("the kernel has no `{symbol}` in the version that it needs")));
        }
        let own = self.own(root, module)?;
        Ok(own.map(|own| format!("the kernel has `{}`, which would be loaded in its place", own.display())))
    }

    /// A module of the same name that the kernel has, and depmod prefers to a weak link.
    fn own(&self, root: &Root, module: &Path) -> Result<Option<PathBuf>, Error> {
        let name = |file: &str| Compression::of_file_name(file).map(|(name, _)| name.replace('-', "_"));
        let wanted = module.file_name().and_then(|file| name(file.to_str()?));
        for (directory, kind) in root.list(&self.directory)? {
            let holds_others = [WEAK_UPDATES, "build", "source"].iter().any(|other| directory == *other);
            if kind == Kind::Directory && !holds_others {
                let found = find_module(root, &self.directory.join(directory), &|file| name(file) == wanted)?;
                if found.is_some() {
                    return Ok(found);
                }
            }
        }
        Ok(None)
    }
}

/// What a module for a kernel may have in its vermagic: the release asked for, or what the headers call themselves (those of
/// one kernel may serve another one under a name of its own).
pub fn releases(root: &Root, release: &str, source_dir: &Path) -> Vec<String> {
    let own = root.read_bounded(&source_dir.join("include/config/kernel.release"), 4096).ok();
    let own = own.map(|text| String::from_utf8_lossy(&text).trim().to_owned());
    let mut releases = vec![release.to_owned()];
    releases.extend(own.filter(|own| !own.is_empty()));
    releases
}

fn flags(info: &ModuleInfo) -> Option<String> {
    Some(info.get("vermagic")?.split_once(' ')?.1.trim_end().to_owned())
}

/// The first module whose file has a name that is wanted.
fn find_module(root: &Root, directory: &Path, is_wanted: &dyn Fn(&str) -> bool) -> Result<Option<PathBuf>, Error> {
    let mut entries = root.list(directory)?;
    entries.sort();
    for (name, kind) in entries {
        let path = directory.join(&name);
        let is_module = |name: &str| Compression::of_file_name(name).is_some() && is_wanted(name);
        let found = match kind {
            Kind::Directory => find_module(root, &path, is_wanted)?,
            _ => name.to_str().is_some_and(is_module).then_some(path),
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    #[test]
    fn tables() {
        let kernel = Versions::of_table(
            "0x0000000a\tprintk\tvmlinux\tEXPORT_SYMBOL\t\n0xff\tmodule_layout\tvmlinux\tEXPORT_SYMBOL\n",
        );
        let other = Versions::of_table("0x1\tmine\tx\tEXPORT_SYMBOL_GPL\nrubbish\n0xzz\tno\n\n0x2\n");
        let needs = |text: &str| Versions::of_table(text);
        assert_eq!(needs("0xa\tprintk\n").lacking(&[&kernel]), None);
        assert_eq!(needs("0xb\tprintk\n").lacking(&[&kernel]), Some("printk"));
        assert_eq!(needs("0xa\tprintk\n0x1\tmine\n").lacking(&[&kernel]), Some("mine"));
        assert_eq!(needs("0xa\tprintk\n0x1\tmine\n").lacking(&[&kernel, &other]), None);
        assert_eq!(other.symbols.len(), 1);
    }

    /// A module of 64 bits that needs these symbols, those with long names in the second table.
    pub(crate) fn needing(symbols: &[(&str, u32)], vermagic: &str) -> Vec<u8> {
        let (mut versions, mut names, mut checksums) = (Vec::new(), Vec::new(), Vec::new());
        for (name, checksum) in symbols {
            if name.len() < 56 {
                let mut entry = [u64::from(*checksum).to_le_bytes().as_slice(), name.as_bytes()].concat();
                entry.resize(ENTRY_BYTES, 0);
                versions.extend(entry);
            } else {
                names.extend([name.as_bytes(), b"\0"].concat());
                checksums.extend(checksum.to_le_bytes());
            }
        }
        let info = info::tests::modinfo(&[&format!("vermagic={vermagic}")]);
        let sections = [
            (".modinfo", info),
            ("__versions", versions),
            ("__version_ext_crcs", checksums),
            ("__version_ext_names", names),
        ];
        info::tests::object(object::elf::EM_X86_64, &sections)
    }

    #[test]
    fn a_module_fits_where_the_kernel_would_load_it() {
        let (_directory, setup) = crate::testing::setup();
        let long = "x".repeat(80);
        let table = format!("0x1\tmodule_layout\tvmlinux\tEXPORT_SYMBOL\t\n0x2\t{long}\tvmlinux\tEXPORT_SYMBOL\t\n");
        let write = |path: &str, content: &[u8]| crate::testing::write(&setup, path, content);
        let directory = Path::new("/lib/modules/6.2");
        let gather = || Interface::gather(&setup.root, directory, "6.2").unwrap();
        assert_eq!(gather(), None);
        write("/lib/modules/6.2/symvers.gz", &{
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            std::io::Write::write_all(&mut gzip, table.as_bytes()).unwrap();
            gzip.finish().unwrap()
        });
        write("/lib/modules/6.2/kernel/fs/own.ko", &needing(&[], "6.2 SMP mod_unload "));
        let interface = gather().unwrap();
        let objection = |symbols: &[(&str, u32)], vermagic: &str, others: &[Versions]| {
            write("/m.ko", &needing(symbols, vermagic));
            interface.objection(&setup.root, Path::new("/m.ko"), others).unwrap()
        };
        let other = [Versions::of_table("0x3\tmine\tm\tEXPORT_SYMBOL\n")];
        let fits = [("module_layout", 1), (long.as_str(), 2)];
        assert_eq!(objection(&fits, "6.1 SMP mod_unload ", &[]), None);
        assert_eq!(objection(&[("module_layout", 1), ("mine", 3)], "6.1 SMP mod_unload ", &other), None);
        write("/lib/modules/6.2/weak-updates/m.ko", b"");
        assert_eq!(objection(&fits, "6.1 SMP mod_unload ", &[]), None);
        for (symbols, vermagic, reason) in [
            (&fits[..], "6.1 SMP preempt mod_unload ", "built for `SMP preempt"),
            (&[], "6.1 SMP mod_unload ", "no symbol versions"),
            (&[("module_layout", 9)], "6.1 SMP mod_unload ", "`module_layout`"),
            (&[("module_layout", 1), (long.as_str(), 3)], "6.1 SMP mod_unload ", &long),
            (&[("module_layout", 1), ("mine", 3)], "6.1 SMP mod_unload ", "`mine`"),
        ] {
            assert!(objection(symbols, vermagic, &[]).unwrap().contains(reason), "{reason}");
        }
        write("/lib/modules/6.2/kernel/net/m.ko.xz", b"");
        assert!(objection(&fits, "6.1 SMP mod_unload ", &[]).unwrap().contains("kernel/net/m.ko.xz"));
    }

    #[test]
    fn what_the_kernel_would_refuse_is_told() {
        let (_directory, setup) = crate::testing::setup();
        let write = |path: &str, content: &[u8]| crate::testing::write(&setup, path, content);
        let directory = Path::new("/lib/modules/6.2");
        let versioned = "0x1\tmodule_layout\tvmlinux\tEXPORT_SYMBOL\t\n0x2\tb\tkernel/net/b-b\tEXPORT_SYMBOL\t\n";
        write("/lib/modules/6.2/kernel/fs/own.ko", &needing(&[], "6.2 SMP mod_unload "));
        let refusal = |table: &str, symbols: &[(&str, u32)], vermagic: &str, depends: &str| {
            write("/lib/modules/6.2/build/Module.symvers", table.as_bytes());
            let interface = Interface::gather(&setup.root, directory, "6.2").unwrap().unwrap();
            interface.refusal(&needing(symbols, &format!("{vermagic}\0depends={depends}")), &[]).unwrap()
        };
        let magic = "6.2 SMP mod_unload ";
        assert_eq!(refusal(versioned, &[("module_layout", 1), ("b", 2)], magic, "b_b"), None);
        assert_eq!(refusal(versioned, &[("module_layout", 1), ("x", 9)], magic, "unknown"), None);
        for (symbols, vermagic, depends, reason) in [
            (&[("module_layout", 7), ("b", 7)][..], magic, "", "another version of `b` than the kernel has (2 symbols"),
            (&[("module_layout", 7), ("x", 9)], magic, "unknown", "another version of `module_layout` than"),
            (&[("module_layout", 1), ("x", 9)], magic, "b-b", "needs `x`, which neither"),
            (&[], magic, "", "no symbol versions"),
            (&[("module_layout", 1)], "6.2 SMP preempt ", "", "built for `SMP preempt`"),
        ] {
            let said = refusal(versioned, symbols, vermagic, depends).unwrap();
            assert!(said.contains(reason), "{said}");
        }
        let plain = versioned.replace("0x1", "0x0").replace("0x2", "0x0");
        assert_eq!(refusal(&plain, &[], magic, ""), None);
        assert_eq!(refusal(&plain, &[("b", 7)], magic, ""), None);
        let said = refusal(&plain, &[], "6.1 SMP mod_unload ", "").unwrap();
        assert!(said.contains("built for kernel 6.1"), "{said}");
    }

    #[test]
    fn what_is_no_object_is_an_error_in_words() {
        for bytes in [&b""[..], b"text", b"\x7fELF\x02\x01\x01"] {
            assert!(Versions::needed(bytes).unwrap_err().contains("damaged"));
        }
        let without = info::tests::module(object::elf::EM_X86_64, &["vermagic=6.1 SMP "]);
        assert!(Versions::needed(&without).unwrap().is_empty());
    }
}
