//! The settings file as it is installed: every setting in a comment, with what it means.

use dkms_conf::framework_key::{KeyKind, KeyRow, TABLE};

/// The whole file. Distributions switch settings on by uncommenting a line such as `# modprobe_on_install="true"`.
pub(super) fn file() -> String {
    let head = "# Settings of dkms, see dkms-framework.conf(5). The file is read, not run.\n\
                # Files in /etc/dkms/framework.conf.d are read after it; a later value wins.\n";
    TABLE.iter().fold(head.to_owned(), |file, row| file + "\n" + &setting(row))
}

fn setting(row: &KeyRow) -> String {
    let value = match row.kind {
        KeyKind::Flag if row.default.is_empty() => "true",
        _ => row.default,
    };
    let meaning = wrap(&row.doc.replace('`', "'"));
    format!("{meaning}# {}=\"{value}\"\n", row.name)
}

/// Comment lines of at most 100 characters.
fn wrap(text: &str) -> String {
    let (mut lines, mut line) = (String::new(), String::from("#"));
    for word in text.split(' ') {
        if line.len() + 1 + word.len() > 100 {
            lines += &line;
            lines.push('\n');
            line = String::from("#");
        }
        line.push(' ');
        line += word;
    }
    lines + &line + "\n"
}

#[cfg(test)]
mod tests {
    use dkms_conf::{FrameworkConfig, Source};

    use super::*;

    #[test]
    fn it_sets_nothing_and_every_line_can_be_switched_on() {
        let file = file();
        let parsed = |text: &str| FrameworkConfig::parse(&[Source::new("framework.conf", text)]);
        assert_eq!(parsed(&file), (FrameworkConfig::default(), Vec::new()));
        assert!(file.contains("\n# modprobe_on_install=\"true\"\n") && file.contains("\n# post_transaction=\"\"\n"));
        for row in &TABLE {
            let on = file.replace(&format!("# {}=", row.name), &format!("{}=", row.name));
            let (config, problems) = parsed(&on);
            assert!(problems.is_empty() && config.setting(row.key).is_some(), "{}", row.name);
        }
        assert!(file.lines().all(|line| line.len() <= 100 || !line.contains(' ')));
    }
}
