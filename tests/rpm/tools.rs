//! What is not the engine's: plugins of the programs on top of rpm, and what becomes of a transaction when ours is broken.

use anyhow::Result;

use super::Scenario;
use super::environment::Environment;
use super::tool::Tool;
use crate::transaction::package_manager::{Kernel, Package, PackageManager, TWIG, TWIG_NEXT, linux};

/// Ways in which what is ours can be broken, each put right afterwards.
const BREAKS: [(&str, &str, &str); 4] = [
    ("no binary", "mv /usr/lib/dkms/hook /srv/hook", "mv /srv/hook /usr/lib/dkms/hook"),
    (
        "a binary that is none",
        "mv /usr/lib/dkms/hook /srv/hook; printf '\\177ELF' > /usr/lib/dkms/hook; chmod 0755 /usr/lib/dkms/hook",
        "mv /srv/hook /usr/lib/dkms/hook",
    ),
    (
        "a tree that is none",
        "mv /var/lib/dkms /srv/tree; echo > /var/lib/dkms",
        "rm /var/lib/dkms; mv /srv/tree /var/lib/dkms",
    ),
    (
        "settings that are none",
        "cp /etc/dkms/framework.conf /srv/kept; echo 'on_failure=maybe' >> /etc/dkms/framework.conf",
        "mv /srv/kept /etc/dkms/framework.conf",
    ),
];

/// No transaction fails, whatever of ours is broken.
pub(super) fn broken(scenario: &Scenario) -> Result<()> {
    if !scenario.is_ours() {
        return Ok(());
    }
    for (what, spoil, mend) in BREAKS {
        scenario.prepare(spoil)?;
        for line in
            [scenario.environment.install(&[Package::Unrelated]), scenario.environment.remove(&[Package::Unrelated])]
        {
            let step = scenario.look(&line)?;
            scenario.expect(step.exit == 0, || format!("{what}: `{line}` ended with {}\n{}", step.exit, step.tail(20)));
        }
        scenario.prepare(mend)?;
    }
    Ok(())
}

/// A kernel that a module says it does not support: dnf tells it before anything changes, and goes no further only if the
/// administrator wants that. rpm and zypper ask nobody.
pub(super) fn abort(scenario: &Scenario) -> Result<()> {
    if !scenario.is_ours() {
        return Ok(());
    }
    if !matches!(scenario.environment.tool(), Tool::Dnf4 | Tool::Dnf5) {
        // What was put into a layer since it was last looked at has other inodes.
        return scenario.prepare(Environment::CATCH_UP);
    }
    // What the package of a Fedora kernel is called tells its release; Debian's has another one.
    let (version, number) = scenario.environment.version(Kernel::Newer);
    scenario.prepare(
        "echo 'BUILD_EXCLUSIVE_KERNEL_MAX=\"1.0\"' > /etc/dkms/twig-1.0.conf
         echo 'on_unsupported_kernel=\"abort\"' >> /etc/dkms/framework.conf",
    )?;
    let stopped = scenario.look(&scenario.environment.install(&linux(Kernel::Newer)))?;
    scenario.expect(stopped.exit != 0, || format!("nothing stopped it\n{}", stopped.tail(30)));
    for word in ["twig/1.0", &format!("{version}-{number}"), "BUILD_EXCLUSIVE_KERNEL_MAX"] {
        scenario.expect(stopped.said.contains(word), || format!("`{word}` is not named\n{}", stopped.tail(30)));
    }
    scenario.expect(scenario.root.bash(&format!("rpm -q kernel-core-{version}-{number}"))?.code != 0, || {
        "the kernel was installed all the same".into()
    });
    // A module that comes along may know more.
    let along = scenario.look(&scenario.environment.install(&[&linux(Kernel::Newer)[..], &[TWIG_NEXT]].concat()))?;
    scenario.expect(along.exit == 0 && along.said.contains("is not known yet"), || {
        format!("with a new twig it ended with {}\n{}", along.exit, along.tail(30))
    });
    scenario.prepare("rm /etc/dkms/twig-1.0.conf; sed -i /on_unsupported_kernel/d /etc/dkms/framework.conf; dkms autoinstall --all-kernels")
}

/// zypper kills a plugin that says nothing for a while, and builds take longer.
pub(super) fn slow(scenario: &Scenario) -> Result<()> {
    if !scenario.is_ours() || scenario.environment.tool() != Tool::Zypper {
        return Ok(());
    }
    let make = "make -C $kernel_source_dir M=$dkms_tree/twig/1.0/build";
    scenario.prepare(&format!("echo 'MAKE[0]=\"sleep 40 && {make}\"' > /etc/dkms/twig.conf"))?;
    scenario
        .run(&format!("export ZYPP_PLUGIN_TIMEOUT=10; {}", scenario.environment.install(&[TWIG])))?
        .builds(scenario, 1);
    scenario.works("twig", "1.0", &[Kernel::Older])
}
