//! GRUB's menu, and which entry of it starts.
//!
//! Source: GRUB's `grub-core/normal/menu.c`, and that of Red Hat (rhboot/grub2), which looks for names first.

/// A line of the menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    /// `None`: made of something that is known only while it runs.
    pub(super) title: Option<String>,
    pub(super) id: Option<String>,
    /// Whether it is shown for certain.
    pub(super) certain: bool,
    pub(super) leads: Leads,
}

/// What follows when it is chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Leads {
    Submenu(Vec<Item>),
    /// The kernel with this number among the entries.
    Kernel(usize),
    /// Something else.
    Other,
}

/// Whose rules count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rules {
    Upstream,
    RedHat,
}

/// Number of the kernel that starts.
///
/// # Errors
/// Why that cannot be told, as a fragment.
pub(super) fn choose(menu: &[Item], default: &str, rules: Rules) -> Result<usize, String> {
    let at = find(menu, default, rules)?;
    let item = menu.get(at).ok_or("the menu of GRUB is empty")?;
    if !menu[..=at].iter().all(|item| item.certain) {
        return Err("whether GRUB shows some of its entries is known only while it runs".into());
    }
    match &item.leads {
        Leads::Kernel(entry) => Ok(*entry),
        Leads::Other => Err(format!(
            "GRUB starts `{}`, which is none of this system's kernels",
            item.title.as_deref().unwrap_or_default()
        )),
        Leads::Submenu(items) => {
            let (_, rest) = split(default);
            let inherited = if rules == Rules::RedHat { default } else { "" };
            choose(items, if rest.is_empty() { inherited } else { rest }, rules)
        }
    }
}

/// Its number, its id or its title, before a `>` that begins what is meant below it; what is not found is the first.
fn find(menu: &[Item], default: &str, rules: Rules) -> Result<usize, String> {
    let (first, rest) = split(default);
    let name = first.replace(">>", ">");
    let by = |field: fn(&Item) -> &Option<String>| {
        menu.iter().position(|item| field(item).as_deref() == Some(name.as_str()))
    };
    let in_menu = |number: usize| if number < menu.len() { number } else { 0 };
    let found = match (rules, number(default)) {
        (Rules::Upstream, Some(number)) => return Ok(in_menu(number.0)),
        (Rules::Upstream, None) => [by(|item| &item.title), by(|item| &item.id)].into_iter().flatten().min(),
        (Rules::RedHat, number) => {
            let whole = number.filter(|(_, whole)| *whole && rest.is_empty()).map(|(number, _)| in_menu(number));
            by(|item| &item.id).or_else(|| by(|item| &item.title)).or(whole)
        }
    };
    let looked_at = &menu[..found.unwrap_or(menu.len())];
    if looked_at.iter().any(|item| item.title.is_none() || item.id.is_none()) {
        return Err("what GRUB calls some of its entries is known only while it runs".into());
    }
    Ok(found.unwrap_or(0))
}

/// Before and after the first `>` that is not doubled.
fn split(text: &str) -> (&str, &str) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], bytes.get(at + 1)) {
            (b'>', Some(b'>')) => at += 2,
            (b'>', _) => return (&text[..at], &text[at + 1..]),
            _ => at += 1,
        }
    }
    (text, "")
}

/// A number that a text begins with, and whether it is all of it: decimal, octal with `0`, hexadecimal with `0x`.
fn number(text: &str) -> Option<(usize, bool)> {
    let text = text.trim_start();
    let (digits, base) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None if text.starts_with('0') => (text, 8),
        None => (text, 10),
    };
    let length = digits.bytes().take_while(|&byte| char::from(byte).is_digit(base)).count();
    // Too large a number is in no menu.
    let value = || usize::from_str_radix(&digits[..length], base).unwrap_or(usize::MAX);
    (length > 0).then(|| (value(), length == digits.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(title: &str, id: &str, leads: Leads) -> Item {
        Item { title: Some(title.into()), id: Some(id.into()), certain: true, leads }
    }

    fn menu() -> Vec<Item> {
        let below = vec![item("Linux 7", "new", Leads::Kernel(1)), item("Linux >6", "old", Leads::Kernel(2))];
        vec![
            item("Linux", "simple", Leads::Kernel(0)),
            item("Advanced", "advanced", Leads::Submenu(below)),
            item("Windows", "windows", Leads::Other),
            item("12ab-6.1", "4c2a-6.1", Leads::Kernel(3)),
        ]
    }

    #[test]
    fn numbers_names_and_ways() {
        for (default, entry) in [
            ("", 0),
            ("0", 0),
            ("1", 1),
            ("1>1", 2),
            ("0x1>01", 2),
            ("advanced", 1),
            ("Advanced>old", 2),
            ("advanced>Linux >>6", 2),
            ("advanced>gone", 1),
            ("gone>old", 0),
            ("simple>old", 0),
            ("17", 0),
            ("99999999999999999999999", 0),
            ("3", 3),
        ] {
            assert_eq!(choose(&menu(), default, Rules::Upstream), Ok(entry), "{default}");
        }
        // What begins with a digit is a number there, and is looked for by name on Red Hat's.
        assert_eq!(choose(&menu(), "0c2a-6.1", Rules::Upstream), Ok(0));
        assert_eq!(choose(&menu(), "4c2a-6.1", Rules::RedHat), Ok(3));
        assert_eq!(choose(&menu(), "12ab-6.1", Rules::RedHat), Ok(3));
        assert_eq!(choose(&menu(), "3", Rules::RedHat), Ok(3));
        assert_eq!(choose(&menu(), "3x", Rules::RedHat), Ok(0));
    }

    #[test]
    fn what_cannot_be_told() {
        assert!(choose(&menu(), "windows", Rules::Upstream).unwrap_err().contains("`Windows`"));
        assert!(choose(&[], "0", Rules::Upstream).is_err());
        let mut uncertain = menu();
        uncertain[1].certain = false;
        assert_eq!(choose(&uncertain, "0", Rules::Upstream), Ok(0));
        assert!(choose(&uncertain, "3", Rules::Upstream).unwrap_err().contains("only while it runs"));
        uncertain[1].title = None;
        assert!(choose(&uncertain, "gone", Rules::Upstream).is_err());
    }
}
