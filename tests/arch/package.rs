//! Our package installed and removed by the real pacman.

use anyhow::{Result, ensure};
use testbed::{arch, disk};

use super::Check;
use super::machine::{Machine, Made};

pub(super) const CHECKS: [(&str, Check); 4] = [
    ("package/hooks-are-accepted", hooks_are_accepted),
    ("package/installed-and-removed", installed_and_removed),
    ("package/what-is-kept", what_is_kept),
    ("package/in-the-place-of-dkms", in_the_place_of_dkms),
];

const OTHER: Made<'static> = Made { name: "other", version: "1-1", more: "", files: &[("usr/share/other", "x")] };

fn with_ours(suite: &str) -> Result<Machine> {
    let machine = Machine::new(suite)?;
    let ours = machine.bring(&arch::package()?)?;
    machine.pacman(&format!("-U {ours}"))?;
    Ok(machine)
}

/// One line that pacman does not understand in any hook file, and no transaction is begun any more.
fn hooks_are_accepted(suite: &str) -> Result<()> {
    let machine = with_ours(suite)?;
    let other = machine.make(&OTHER)?;
    machine.pacman(&format!("-U {other}"))?;
    machine.pacman("-R other")?;
    // That such a line is noticed at all.
    machine.root.must("f=$(ls /usr/share/libalpm/hooks/*dkms*.hook | head -n 1); echo 'Colour = red' >> $f")?;
    let output = machine.try_pacman(&format!("-U {other}"))?;
    ensure!(output.code != 0, "pacman accepts a hook file with an unknown word\n{}", output.stdout);
    Ok(())
}

/// The script runs, and the tree is what it was.
fn installed_and_removed(suite: &str) -> Result<()> {
    let machine = Machine::new(suite)?;
    let before = machine.tree()?;
    let ours = machine.bring(&arch::package()?)?;
    machine.pacman(&format!("-U {ours}"))?;
    machine.root.must("dkms --version && dkms status && pacman -Qkk dkms-rs")?;
    ensure!(machine.tree()? != before, "nothing was installed");
    machine.root.must("mv /usr/lib/dkms/hook /tmp/hook && printf '#!/bin/sh\\necho \"$@\" >> /tmp/told\\nexit 1\\n' > /usr/lib/dkms/hook && chmod +x /usr/lib/dkms/hook")?;
    machine.pacman(&format!("-U {ours}"))?;
    machine.root.must("test ! -e /tmp/told || ! grep -x leaving /tmp/told")?;
    machine.root.must("printf '#!/bin/sh\\necho \"$@\" >> /tmp/told\\nexit 1\\n' > /usr/lib/dkms/hook")?;
    let said = machine.pacman("-R dkms-rs")?;
    machine.root.must("grep -qx leaving /tmp/told")?;
    ensure!(said.contains("/var/lib/dkms"), "nobody is told what stays\n{said}");
    // The state is not the package's: what the hook wrote when there was nothing to be done yet.
    machine.root.must("cd /var/lib/dkms/.dkms-rs && rm lock verdict.json && rm -f seen")?;
    let after = machine.tree()?;
    ensure!(before == after, "left or gone:\n{}", difference(&before, &after));
    Ok(())
}

/// Settings that somebody changed and the state stay.
fn what_is_kept(suite: &str) -> Result<()> {
    let machine = with_ours(suite)?;
    machine.root.must("echo 'verbose=yes' >> /etc/dkms/framework.conf && mkdir -p /usr/src/kept-1.0")?;
    disk::write(
        &machine.root.path("/usr/src/kept-1.0/dkms.conf"),
        "PACKAGE_NAME=kept\nPACKAGE_VERSION=1.0\nBUILT_MODULE_NAME=kept\nDEST_MODULE_LOCATION=/extra\n",
    )?;
    machine.root.must("dkms add kept/1.0")?;
    machine.pacman("-R dkms-rs")?;
    machine
        .root
        .must("grep -q verbose=yes /etc/dkms/framework.conf.pacsave && test -d /var/lib/dkms/kept/1.0")
        .map(drop)
}

/// The original goes when ours comes, and what depends on it is content; both at once are refused.
fn in_the_place_of_dkms(suite: &str) -> Result<()> {
    let machine = Machine::new(suite)?;
    let original =
        machine.make(&Made { name: "dkms", version: "3.4.3-1", more: "", files: &[("usr/bin/dkms", "x")] })?;
    let module =
        Made { name: "foo-dkms", version: "1-1", more: "depend = dkms>=3\n", files: &[("usr/share/foo", "x")] };
    let module = machine.make(&module)?;
    machine.pacman(&format!("-U {original} {module}"))?;
    let ours = machine.bring(&arch::package()?)?;
    let refused = machine.root.bash(&format!("pacman --noconfirm -U {ours} 2>&1"))?;
    ensure!(refused.code != 0 && refused.stdout.contains("conflict"), "not refused unasked\n{}", refused.stdout);
    machine.pacman(&format!("-U {ours}"))?;
    ensure!(machine.root.must("pacman -Qq")?.stdout.lines().all(|name| name != "dkms"), "the original is still there");
    let output = machine.try_pacman("-R dkms-rs")?;
    ensure!(output.code != 0, "what a module package depends on was removed\n{}", output.stdout);
    machine.pacman(&format!("-U {original}")).map(drop)
}

/// Lines of one and not of the other.
fn difference(before: &str, after: &str) -> String {
    let missing = |from: &str, of: &str, sign: &str| {
        let lines = of.lines().filter(|line| !from.lines().any(|other| other == *line));
        lines.map(|line| format!("{sign} {line}\n")).collect::<String>()
    };
    missing(after, before, "-") + &missing(before, after, "+")
}
