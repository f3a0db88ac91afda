//! `dkms-pacman-check` in real transactions, and asked by a person.

use anyhow::{Result, ensure};
use testbed::{arch, disk};

use super::Check;
use super::machine::{Machine, Made};

pub(super) const CHECKS: [(&str, Check); 8] = [
    ("soname", soname),
    ("warns-and-goes-on", warns_and_goes_on),
    ("says-nothing", says_nothing),
    ("aborts-with-nothing-changed", aborts),
    ("module-comes-along", module_comes_along),
    ("does-not-start", does_not_start),
    ("person", person),
    ("hostile", hostile),
];

/// A kernel that module `old` supports, and its successor, which it does not.
const KERNELS: [(&str, &str); 2] = [("6.12.arch1-1", "6.12.0-arch1-1"), ("6.13.arch1-1", "6.13.0-arch1-1")];
const OBJECTION: &str = "old/1.0 does not support kernel 6.13.0-arch1-1: BUILD_EXCLUSIVE_KERNEL_MAX=\"6.12.9\"";
const CONF: &str = "/usr/src/old-1.0/dkms.conf";
/// Stands for what takes the old kernel's image out of /boot.
const REMOVER: &str = "[Trigger]\nType = Path\nOperation = Remove\nTarget = usr/lib/modules/*/vmlinuz\n[Action]\n\
                       When = PreTransaction\nExec = /usr/bin/touch /tmp/image-removed\n";

/// Ours and the checker, the first kernel, and the module.
fn machine(suite: &str) -> Result<Machine> {
    let machine = Machine::new(suite)?;
    let ours = [arch::package()?, arch::checker(suite)?];
    let ours = [machine.bring(&ours[0])?, machine.bring(&ours[1])?];
    machine.pacman(&format!("-U {} {}", ours[0], ours[1]))?;
    disk::write(&machine.root.path(CONF), conf("1.0", "BUILD_EXCLUSIVE_KERNEL_MAX=6.12.9\n"))?;
    machine.root.must("dkms add old/1.0")?;
    disk::write(&machine.root.path("/etc/pacman.d/hooks/60-mkinitcpio-remove.hook"), REMOVER)?;
    let first = kernel(&machine, 0)?;
    let said = machine.pacman(&format!("-U {first}"))?;
    ensure!(!said.contains("does not support"), "a kernel that fits is objected to\n{said}");
    Ok(machine)
}

fn conf(version: &str, more: &str) -> String {
    format!(
        "PACKAGE_NAME=old\nPACKAGE_VERSION={version}\nBUILT_MODULE_NAME=old\nDEST_MODULE_LOCATION=/extra\nAUTOINSTALL=yes\n{more}"
    )
}

fn kernel(machine: &Machine, which: usize) -> Result<String> {
    let (version, release) = KERNELS[which];
    let image = format!("usr/lib/modules/{release}/vmlinuz");
    machine.make(&Made { name: "linux", version, more: "", files: &[(&image, "image")] })
}

fn abort_is_wanted(machine: &Machine) -> Result<()> {
    machine.root.must("echo 'on_unsupported_kernel=\"abort\"' >> /etc/dkms/framework.conf").map(drop)
}

/// Made for the library that is there, and the package says so.
fn soname(suite: &str) -> Result<()> {
    let machine = machine(suite)?;
    let info = machine
        .root
        .must("pacman -Qi dkms-pacman-check; ls /usr/lib/*/libalpm.so.* && ldd /usr/bin/dkms-pacman-check")?
        .stdout;
    let major = if suite == "sid" { 16 } else { 15 };
    ensure!(info.contains(&format!("libalpm.so={major}-64")), "no soname among the dependencies\n{info}");
    ensure!(info.contains(&format!("libalpm.so.{major} => ")), "not linked to it\n{info}");
    let without = machine.root.must("ldd /usr/bin/dkms /usr/lib/dkms/hook")?.stdout;
    ensure!(!without.contains("libalpm"), "what must always start is linked to libalpm\n{without}");
    Ok(())
}

fn warns_and_goes_on(suite: &str) -> Result<()> {
    let machine = machine(suite)?;
    let said = machine.pacman(&format!("-U {}", kernel(&machine, 1)?))?;
    ensure!(said.matches(OBJECTION).count() == 1, "not said once\n{said}");
    machine.root.must("test -e /usr/lib/modules/6.13.0-arch1-1/vmlinuz -a -e /tmp/image-removed")?;
    // Without the checker all is the same, only that nobody is asked.
    machine.pacman("-R dkms-pacman-check")?;
    let said = machine.pacman(&format!("-U {}", kernel(&machine, 0)?))?
        + &machine.pacman(&format!("-U {}", kernel(&machine, 1)?))?;
    ensure!(!said.contains(OBJECTION), "said by whom?\n{said}");
    Ok(())
}

/// A kernel that fits, and what is no kernel.
fn says_nothing(suite: &str) -> Result<()> {
    let machine = machine(suite)?;
    abort_is_wanted(&machine)?;
    let other = machine.make(&Made { name: "other", version: "1-1", more: "", files: &[("usr/share/other", "x")] })?;
    let said = machine.pacman(&format!("-U {} {other}", kernel(&machine, 0)?))?;
    ensure!(!said.contains("warning: old"), "{said}");
    Ok(())
}

fn aborts(suite: &str) -> Result<()> {
    let machine = machine(suite)?;
    abort_is_wanted(&machine)?;
    let state = || -> Result<String> {
        Ok(machine.tree()?
            + &machine.root.must("pacman -Q; find /var/lib/pacman/local /usr/lib/modules | sort")?.stdout)
    };
    let before = state()?;
    let output = machine.try_pacman(&format!("-U {}", kernel(&machine, 1)?))?;
    ensure!(output.code != 0, "not aborted\n{}", output.stdout);
    ensure!(output.stdout.contains(OBJECTION), "without a word why\n{}", output.stdout);
    ensure!(before == state()?, "something was changed");
    machine.root.must("test ! -e /tmp/image-removed && test ! -e /var/lib/pacman/db.lck").map(drop)
}

/// What will be said by the version that comes in the same transaction nobody knows.
fn module_comes_along(suite: &str) -> Result<()> {
    let machine = machine(suite)?;
    abort_is_wanted(&machine)?;
    let conf = conf("2.0", "");
    let module = Made { name: "old-dkms", version: "2.0-1", more: "", files: &[("usr/src/old-2.0/dkms.conf", &conf)] };
    let module = machine.make(&module)?;
    let output = machine.try_pacman(&format!("-U {} {module}", kernel(&machine, 1)?))?;
    ensure!(
        output.code == 0 && output.stdout.contains("is upgraded together with"),
        "{}\n{}",
        output.code,
        output.stdout
    );
    Ok(())
}

/// libalpm has gone on without it: nobody is kept from an upgrade.
fn does_not_start(suite: &str) -> Result<()> {
    let machine = machine(suite)?;
    abort_is_wanted(&machine)?;
    machine
        .root
        .must("sed -i s/libalpm.so.1[56]/libalpm.so.99/ /usr/bin/dkms-pacman-check; ! dkms-pacman-check --help")?;
    let output = machine.try_pacman(&format!("-U {}", kernel(&machine, 1)?))?;
    ensure!(output.code == 0, "pacman ended with {}\n{}", output.code, output.stdout);
    machine.root.must("test -e /usr/lib/modules/6.13.0-arch1-1/vmlinuz").map(drop)
}

/// By the versions, by the lists of files, and with databases that cannot be read.
fn person(suite: &str) -> Result<()> {
    let machine = machine(suite)?;
    let ask = || machine.root.bash("dkms-pacman-check 2>&1 </dev/null");
    let expect = |code: i32, parts: &[&str]| -> Result<()> {
        let output = ask()?;
        let missing = parts.iter().find(|part| !output.stdout.contains(**part));
        ensure!(output.code == code && missing.is_none(), "{} without {missing:?}\n{}", output.code, output.stdout);
        Ok(())
    };
    expect(0, &["no kernel would be upgraded"])?;
    let next = kernel(&machine, 1)?;
    machine.root.must(&format!("cd /lab && repo-add -q lab.db.tar.gz {next}"))?;
    machine.pacman("-Sy")?;
    expect(0, &["linux 6.13.arch1-1: kernel 6.13.0-arch1-1 (very likely", OBJECTION])?;
    machine.pacman("-Fy")?;
    expect(0, &["linux 6.13.arch1-1: kernel 6.13.0-arch1-1 (by the list of its files)", OBJECTION])?;
    abort_is_wanted(&machine)?;
    expect(1, &[OBJECTION, "framework.conf"])?;
    machine.root.must("sed -i '2iIgnorePkg = linux' /etc/pacman.conf")?;
    expect(0, &["no kernel would be upgraded"])?;
    machine
        .root
        .must("sed -i /IgnorePkg/d /etc/pacman.conf; head -c 5000 /dev/urandom > /var/lib/pacman/sync/lab.db")?;
    expect(0, &["warning: cannot read the database `/var/lib/pacman/sync/lab.db`"])?;
    // What the hook is given does not depend on it.
    let output = machine.try_pacman(&format!("-U {next}"))?;
    ensure!(output.code != 0 && output.stdout.contains(OBJECTION), "{}\n{}", output.code, output.stdout);
    machine.root.must("mv /var/lib/pacman /var/lib/pacman-away")?;
    expect(0, &["warning: "])
}

/// Whatever stands on standard input: read to its end, no panic, no objection.
fn hostile(suite: &str) -> Result<()> {
    let machine = machine(suite)?;
    abort_is_wanted(&machine)?;
    for input in [
        "printf ''",
        "printf '\\n\\n \\n'",
        "printf 'usr/lib/modules/../vmlinuz\\nusr/lib/modules/a b/vmlinuz\\nusr/lib/modules/-k/vmlinuz\\n'",
        "printf 'usr/lib/modules/\\377\\376/vmlinuz\\nusr/src/\\377/dkms.conf\\n'",
        "printf 'usr/lib/modules/\\033[31m/vmlinuz\\n'",
        "head -c 20000000 /dev/urandom",
        "seq -f 'usr/share/doc/%.0f' 200000",
    ] {
        let line = format!("set -o pipefail; {input} | dkms-pacman-check --stdin 2>&1");
        let output = machine.root.bash(&line)?;
        ensure!(output.code == 0 && !output.stdout.contains("panic"), "{input}: {}\n{}", output.code, output.stdout);
        ensure!(output.stdout.is_empty(), "{input}: {}", output.stdout);
    }
    let closed = machine.root.bash("dkms-pacman-check --stdin <&- 2>&1")?;
    ensure!(closed.code == 0, "without standard input: {}\n{}", closed.code, closed.stdout);
    let told = machine.root.bash("printf 'usr/lib/modules/6.13.0-arch1-1/vmlinuz' | dkms-pacman-check --stdin 2>&1")?;
    ensure!(told.code == 1 && told.stdout.contains(OBJECTION), "{}\n{}", told.code, told.stdout);
    Ok(())
}
