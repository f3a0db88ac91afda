//! Bad input for our hook: it ends with 0, changes nothing that it should not, and never hangs.

use anyhow::Result;

use super::releases::Kernel::{Lts, Older};
use super::scenario::Scenario;
use super::test_packages;

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
pub(super) fn input(scenario: &Scenario) -> Result<()> {
    if !scenario.is_ours() {
        return Ok(());
    }
    let before = scenario.root.must(FILES)?.stdout;
    for verb in ["ended", "going"] {
        let closed = [("a closed stdin", format!("timeout 20 /usr/lib/dkms/hook {verb} <&-"))];
        let piped = INPUTS.map(|(name, line)| (name, format!("{line} | timeout 20 /usr/lib/dkms/hook {verb}")));
        for (name, line) in piped.into_iter().chain(closed) {
            let step = scenario.look(&line)?;
            scenario.expect(step.exit == 0, || format!("{verb}, {name}: ended with {}\n{}", step.exit, step.tail(10)));
            step.builds(scenario, 0);
            let after = scenario.root.must(FILES)?.stdout;
            scenario.expect(before == after, || format!("{verb}, {name}: changed\n{before}into\n{after}"));
        }
    }
    Ok(())
}

/// A transaction with thousands of paths: all are read, nothing comes of them, and the real one among them is found.
pub(super) fn thousands(scenario: &Scenario) -> Result<()> {
    if !scenario.is_ours() {
        return Ok(());
    }
    let many = "for i in $(seq 3000); do echo usr/src/gone-$i/dkms.conf; done";
    let step = scenario.look(&format!("({many}) | /usr/lib/dkms/hook ended"))?;
    step.builds(scenario, 0);
    scenario.expect(step.said.trim().is_empty(), || format!("3,000 paths of nothing make it say\n{}", step.tail(10)));
    scenario.prepare(&format!("bsdtar -x -C / -f {} usr/src", test_packages::TRUNK))?;
    let step = scenario.look(&format!("({many}; echo usr/src/trunk-1.0/dkms.conf) | /usr/lib/dkms/hook ended"))?;
    step.builds(scenario, 2);
    for kernel in [Older, Lts] {
        scenario.expect_state("trunk", scenario.environment.release(kernel), Some("installed"))?;
    }
    Ok(())
}

/// Whatever cannot be read of pacman's database or of our own state, a transaction ends well, and modules are there.
pub(super) fn broken_state(scenario: &Scenario) -> Result<()> {
    if !scenario.is_ours() {
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
        scenario.prepare(line)?;
        let step = scenario.look(
            "find usr/lib/modules usr/src -name vmlinuz -o -name dkms.conf | timeout 100 /usr/lib/dkms/hook ended",
        )?;
        scenario
            .expect(step.exit == 0, || format!("after `{line}` the hook ended with {}\n{}", step.exit, step.tail(10)));
        for kernel in [Older, Lts] {
            scenario.expect_state("twig", scenario.environment.release(kernel), Some("installed"))?;
        }
    }
    scenario.upgrade(test_packages::TWIG_NEXT)?.succeeds(scenario);
    for kernel in [Older, Lts] {
        scenario.expect_row(&format!("twig/1.1, {}, x86_64: installed", scenario.environment.release(kernel)))?;
    }
    Ok(())
}
