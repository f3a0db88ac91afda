//! Bad input for our hook: it ends with 0, changes nothing that it should not, and never hangs.

use anyhow::Result;

use super::ground::Kernel::{Lts, Older};
use super::made;
use super::stage::Stage;

/// What pacman, or anybody, could write on its stdin.
const INPUTS: [(&str, &str); 9] = [
    ("nothing", "true"),
    ("empty lines", "printf '\\n\\n\\n'"),
    ("blanks", "printf 'usr/src/a b-1.0/dkms.conf\\n usr/src/twig-1.0/dkms.conf\\nusr/lib/modules/a b/vmlinuz\\n'"),
    ("no end of line", "printf usr/src/gone-1.0/dkms.conf"),
    (
        "paths that lead elsewhere",
        "printf 'usr/src/../../etc/dkms.conf\\nusr/lib/modules/../vmlinuz\\n../../etc/passwd\\nusr/lib/modules/../../../etc/vmlinuz\\n/\\n..\\n'",
    ),
    ("no text", "printf 'usr/src/\\377\\376-1/dkms.conf\\nusr/lib/modules/\\377/vmlinuz\\n'"),
    ("zero bytes", "printf 'usr/src/a\\0b-1/dkms.conf\\0usr/lib/modules/\\0/vmlinuz\\n'"),
    ("a long line", "head -c 300000 /dev/zero | tr '\\0' x"),
    ("options", "printf -- '--all\\n-rf\\nusr/src/-m -v/dkms.conf\\nusr/lib/modules/--help/vmlinuz\\n'"),
];

/// Everything that must be as it was.
const FILES: &str = "dkms status; find /usr/src /usr/lib/modules/*/updates /usr/lib/modules/*/modules.dep /boot /etc -printf '%p %s %T@\\n' | sort";

/// Each of them, before and after a transaction, and no stdin at all.
pub(super) fn input(stage: &Stage) -> Result<()> {
    if !stage.is_ours() {
        return Ok(());
    }
    let before = stage.root.must(FILES)?.stdout;
    for verb in ["ended", "going"] {
        let closed = [("a closed stdin", format!("timeout 20 /usr/lib/dkms/hook {verb} <&-"))];
        let piped = INPUTS.map(|(name, line)| (name, format!("{line} | timeout 20 /usr/lib/dkms/hook {verb}")));
        for (name, line) in piped.into_iter().chain(closed) {
            let step = stage.look(&line)?;
            stage.expect(step.exit == 0, || format!("{verb}, {name}: ended with {}\n{}", step.exit, step.tail(10)));
            step.builds(stage, 0);
            let after = stage.root.must(FILES)?.stdout;
            stage.expect(before == after, || format!("{verb}, {name}: changed\n{before}into\n{after}"));
        }
    }
    Ok(())
}

/// A transaction with thousands of paths: all are read, nothing comes of them, and the real one among them is found.
pub(super) fn thousands(stage: &Stage) -> Result<()> {
    if !stage.is_ours() {
        return Ok(());
    }
    let many = "for i in $(seq 3000); do echo usr/src/gone-$i/dkms.conf; done";
    let step = stage.look(&format!("({many}) | /usr/lib/dkms/hook ended"))?;
    step.builds(stage, 0);
    stage.expect(step.said.trim().is_empty(), || format!("3,000 paths of nothing make it say\n{}", step.tail(10)));
    stage.prepare(&format!("bsdtar -x -C / -f {} usr/src", made::TRUNK))?;
    let step = stage.look(&format!("({many}; echo usr/src/trunk-1.0/dkms.conf) | /usr/lib/dkms/hook ended"))?;
    step.builds(stage, 2);
    for kernel in [Older, Lts] {
        stage.expect_state("trunk", stage.ground.release(kernel), Some("installed"))?;
    }
    Ok(())
}

/// Whatever cannot be read of pacman's database or of our own state, a transaction ends well, and modules are there.
pub(super) fn broken_state(stage: &Stage) -> Result<()> {
    if !stage.is_ours() {
        return Ok(());
    }
    let lines = [
        // root reads everything, so what cannot be read is not a file.
        "rm -rf /srv/local && mv /var/lib/pacman/local /srv/local && echo x > /var/lib/pacman/local",
        "rm /var/lib/pacman/local && mkdir -p /var/lib/pacman/local/linux-1/files /var/lib/pacman/local/linux-1/desc",
        "rm -r /var/lib/pacman/local && mv /srv/local /var/lib/pacman/local",
        "head -c 20 /var/lib/dkms/.dkms-rs/verdict.json > /srv/half && cp /srv/half /var/lib/dkms/.dkms-rs/verdict.json",
        "for record in /var/lib/dkms/twig/1.0/*/*/.*.json; do : > $record; done",
        "mkdir -p /var/lib/dkms/twig/1.0/.work-dead/x /var/lib/dkms/.dkms-rs/retiring/twig && : > /var/lib/dkms/.dkms-rs/retiring/twig/9",
    ];
    for line in lines {
        stage.prepare(line)?;
        let step = stage.look(
            "find usr/lib/modules usr/src -name vmlinuz -o -name dkms.conf | timeout 100 /usr/lib/dkms/hook ended",
        )?;
        stage.expect(step.exit == 0, || format!("after `{line}` the hook ended with {}\n{}", step.exit, step.tail(10)));
        for kernel in [Older, Lts] {
            stage.expect_state("twig", stage.ground.release(kernel), Some("installed"))?;
        }
    }
    stage.upgrade(made::TWIG_NEXT)?.succeeds(stage);
    for kernel in [Older, Lts] {
        stage.expect_row(&format!("twig/1.1, {}, x86_64: installed", stage.ground.release(kernel)))?;
    }
    Ok(())
}
