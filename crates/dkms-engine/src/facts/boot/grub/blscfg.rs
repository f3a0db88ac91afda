//! GRUB's command `blscfg`, as Red Hat's distributions have it: the menu is in files of the boot loader specification.
//!
//! Source: rhboot/grub2, `grub-core/commands/blscfg.c`.

use super::interpreter::{ENTRY, Interpreter, Value};
use super::menu::{Item, Leads, Rules};
use crate::facts::boot::bls::{self, Snippet};
use crate::facts::boot::entry::{Entry, Written};
use crate::facts::boot::version_order::packages;
use crate::layout::BOOT;

/// Adds all files to the menu, the newest first.
pub(super) fn run(grub: &mut Interpreter<'_>, arguments: &[Value]) {
    if !arguments.is_empty() {
        grub.lose("GRUB's configuration uses `blscfg` for a part of the entries");
    }
    grub.rules = Rules::RedHat;
    let directory = match grub.value("blsdir") {
        None => return grub.lose("where GRUB finds its entries is known only while it runs"),
        Some(written) if !written.is_empty() => {
            let known = [grub.partitions.root.is_dir(written.as_ref()).then(|| written.clone().into())];
            let below = written.rfind("/boot/").map(|at| written[at..].into());
            let Some(found) = known.into_iter().flatten().chain(below).next() else {
                return grub.lose(format!("GRUB finds its entries in `{written}`, which cannot be found from here"));
            };
            found
        }
        Some(_) => bls::of_boot(),
    };
    let mut snippets = bls::list(grub.partitions.root, &directory);
    snippets.retain(|one| one.linux);
    snippets.sort_by(|one, other| packages(&other.file, &one.file));
    snippets.dedup_by(|one, other| packages(&one.file, &other.file).is_eq());
    for snippet in snippets {
        grub.burn(ENTRY);
        add(grub, &snippet);
    }
}

fn add(grub: &mut Interpreter<'_>, snippet: &Snippet) {
    let image = snippet.image.clone().unwrap_or_default();
    let options = match snippet.options.first() {
        Some(options) => expand(grub, options),
        None => grub.value("default_kernelopts").and_then(|options| expand(grub, &options)),
    };
    let first = snippet.initrds.first().unwrap_or(&image);
    let beside = first.rfind('/').map_or("", |at| &first[..=at]);
    let early = grub.value("early_initrd").unwrap_or_default();
    let mut initrds: Vec<String> = early.split_whitespace().map(|name| format!("{beside}{name}")).collect();
    let own = snippet.initrds.iter().filter_map(|line| expand(grub, line));
    own.for_each(|line| initrds.extend(line.split_whitespace().map(str::to_owned)));
    let title = snippet.title.clone().unwrap_or_else(|| image.clone());
    let written = Written {
        id: snippet.file.clone(),
        title: title.clone(),
        version: snippet.version.clone(),
        options: options.filter(|_| grub.doubt == 0),
        image,
        initrds,
    };
    grub.entries.push(Entry::find(grub.partitions, Some(BOOT.as_ref()), written));
    let leads = Leads::Kernel(grub.entries.len() - 1);
    grub.menu.push(Item { title: Some(title), id: Some(snippet.file.clone()), certain: grub.doubt == 0, leads });
}

/// With variables in place of their names; `None` if one is not known.
fn expand(grub: &Interpreter<'_>, text: &str) -> Option<String> {
    let mut pieces = text.split('$');
    let mut all = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let length = piece.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        let (name, rest) = piece.split_at(length);
        all.push_str(&grub.value(name)?);
        all.push(' ');
        all.push_str(rest);
    }
    Some(all)
}
