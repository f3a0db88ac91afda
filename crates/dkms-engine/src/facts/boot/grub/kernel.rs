//! The kernel that an entry of GRUB's menu loads.

use super::interpreter::{Interpreter, Value};
use super::menu::Leads;
use crate::facts::boot::entry::{Entry, Written};
use crate::facts::boot::uki::Uki;

/// What an entry's commands have loaded so far.
#[derive(Debug, Default)]
pub(super) struct Loading {
    image: Option<String>,
    options: Value,
    initrds: Vec<String>,
    /// A hypervisor comes first; its first module is the kernel.
    hypervisor: bool,
    /// A program for EFI, which may be a unified kernel image.
    chained: Option<String>,
    /// Something that decides is known only while it runs.
    pub(super) uncertain: bool,
}

impl Loading {
    /// Takes a command that loads something; whether it was one.
    pub(super) fn command(&mut self, name: &str, arguments: &[Value]) -> bool {
        match name {
            "linux" | "linux16" | "linuxefi" | "kernel" => self.kernel(arguments),
            "initrd" | "initrd16" | "initrdefi" => self.initrds = paths(arguments),
            "multiboot" | "multiboot2" | "xen_hypervisor" => self.hypervisor = true,
            "xen_linux" => self.kernel(arguments),
            "xen_initrd" => self.initrds = paths(arguments),
            "module" | "module2" | "xen_module" if self.hypervisor => {
                let plain = arguments.iter().position(|argument| argument.as_deref() != Some("--nounzip"));
                let arguments = plain.map_or(arguments, |at| &arguments[at..]);
                if self.image.is_none() {
                    self.kernel(arguments)
                } else {
                    self.initrds.extend(paths(&arguments[..1.min(arguments.len())]))
                }
            }
            "chainloader" => self.chained = paths(arguments).into_iter().find(|path| !path.starts_with('-')),
            _ => return false,
        }
        true
    }

    fn kernel(&mut self, arguments: &[Value]) {
        let Some((image, options)) = arguments.split_first() else { return };
        self.uncertain |= image.is_none();
        self.image = image.clone();
        self.initrds.clear();
        let options: Option<Vec<&String>> = options.iter().map(Option::as_ref).collect();
        self.options = options.map(|words| words.into_iter().map(|word| escaped(word)).collect::<Vec<_>>().join(" "));
    }
}

fn paths(arguments: &[Value]) -> Vec<String> {
    let known = arguments.iter().flatten();
    // `newc:NAME:PATH` gives a file of the initial file system.
    known
        .map(|path| {
            path.strip_prefix("newc:").and_then(|rest| Some(rest.split_once(':')?.1)).unwrap_or(path).to_owned()
        })
        .collect()
}

/// As GRUB hands an argument to the kernel (`grub-core/lib/cmdline.c`).
fn escaped(word: &str) -> String {
    let letters: String = word
        .chars()
        .flat_map(|letter| matches!(letter, '\\' | '\'' | '"').then_some('\\').into_iter().chain([letter]))
        .collect();
    if word.contains(' ') { format!("\"{letters}\"") } else { letters }
}

impl Interpreter<'_> {
    /// What an entry leads to after its commands.
    pub(super) fn load(&mut self, loading: Loading, title: &str, id: &str) -> Leads {
        let Loading { image, options, initrds, chained, uncertain, .. } = loading;
        let is_uki = |path: &String| {
            let (path, there) = self.partitions.locate(None, path);
            there && Uki::open(self.partitions.root, &path).is_some()
        };
        let unified = chained.filter(is_uki);
        let options = if unified.is_some() { Some(String::new()) } else { options };
        // os-prober finds other systems' kernels, whose paths may be those of ours.
        let image = unified.or(image).filter(|_| !id.starts_with("osprober-"));
        let Some(image) = image else { return Leads::Other };
        let written = Written {
            id: id.to_owned(),
            title: title.to_owned(),
            version: None,
            options: options.filter(|_| !uncertain),
            image,
            initrds,
        };
        self.entries.push(Entry::find(self.partitions, None, written));
        Leads::Kernel(self.entries.len() - 1)
    }
}
