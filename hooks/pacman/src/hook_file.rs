//! A `.hook` file (alpm-hooks(5)), as far as it says when it is run for which paths.

use dkms_conf::pattern::Pattern;

/// What a file says.
#[derive(Debug, Default)]
pub(crate) struct HookFile {
    triggers: Vec<Trigger>,
    after: bool,
    program: String,
}

/// One section `[Trigger]`.
#[derive(Debug, Default)]
struct Trigger {
    is_path: bool,
    install: bool,
    upgrade: bool,
    remove: bool,
    targets: Vec<(Pattern, bool)>,
}

impl HookFile {
    /// Whatever it cannot make anything of is skipped: pacman itself refuses such a file before the transaction.
    pub(crate) fn parse(text: &str) -> Self {
        let mut file = Self::default();
        for line in text.lines().map(str::trim) {
            if line == "[Trigger]" {
                file.triggers.push(Trigger::default());
            }
            let Some((key, value)) = line.split_once('=').map(|(key, value)| (key.trim(), value.trim())) else {
                continue;
            };
            match (key, file.triggers.last_mut()) {
                ("When", _) => file.after = value == "PostTransaction",
                ("Exec", _) => value.clone_into(&mut file.program),
                ("Type", Some(trigger)) => trigger.is_path = matches!(value, "Path" | "File"),
                ("Operation", Some(trigger)) => trigger.operation(value),
                ("Target", Some(trigger)) => trigger.target(value),
                _ => {}
            }
        }
        file
    }

    /// The command that is run after the transaction; none if it is run before.
    pub(crate) fn command_after(&self) -> Option<&str> {
        self.after.then_some(self.program.as_str())
    }

    /// Whether it is run because of a path that is there now, or is gone.
    pub(crate) fn is_run_for(&self, path: &str, is_there: bool) -> bool {
        self.triggers.iter().any(|trigger| trigger.matches(path, is_there))
    }
}

impl Trigger {
    fn operation(&mut self, value: &str) {
        self.install |= value == "Install";
        self.upgrade |= value == "Upgrade";
        self.remove |= value == "Remove";
    }

    fn target(&mut self, value: &str) {
        let (text, wanted) = value.strip_prefix('!').map_or((value, true), |text| (text, false));
        self.targets.push((Pattern::new(text), wanted));
    }

    /// The last pattern that matches decides. A path that is there was installed or upgraded, which pacman does not say.
    fn matches(&self, path: &str, is_there: bool) -> bool {
        let operation = if is_there { self.install || self.upgrade } else { self.remove };
        let decided = self.targets.iter().rev().find(|(pattern, _)| pattern.matches(path));
        self.is_path && operation && decided.is_some_and(|(_, wanted)| *wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# a comment\n[Trigger]\nType = Path\nOperation = Install\nOperation=Remove\nTarget = usr/src/*/dkms.conf\n\
                        Target = !usr/src/not-*\n\n[Trigger]\nType = Package\nOperation = Install\nTarget = *\n\
                        [Trigger]\nType = Path\nOperation = Upgrade\nTarget = usr/lib/modules/*/vmlinuz\n\
                        [Action]\nDescription = x\nWhen = PostTransaction\nExec = /usr/bin/mkinitcpio -P\nNeedsTargets\n";

    #[test]
    fn the_paths_of_a_hook_file() {
        let file = HookFile::parse(TEXT);
        assert_eq!(file.command_after(), Some("/usr/bin/mkinitcpio -P"));
        assert!(file.is_run_for("usr/src/foo-1/dkms.conf", true));
        assert!(file.is_run_for("usr/src/foo-1/dkms.conf", false));
        assert!(!file.is_run_for("usr/src/not-1/dkms.conf", true));
        assert!(file.is_run_for("usr/lib/modules/6.1/vmlinuz", true));
        assert!(!file.is_run_for("usr/lib/modules/6.1/vmlinuz", false));
        assert!(!file.is_run_for("usr/lib/modules/6.1/build/include/", true));
    }

    #[test]
    fn no_text_is_no_hook() {
        for text in ["", "[Trigger]", "[Action]\nWhen = PreTransaction\nExec = /bin/true", "=\n[\n"] {
            assert_eq!(HookFile::parse(text).command_after(), None);
        }
    }
}
