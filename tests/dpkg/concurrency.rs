//! S24: several at the same time; S21: much at the same time.

use anyhow::Result;
use testbed::layer::SUITE;

use super::environment::Kernel::{Newer, Older, PlainNewer, PlainOlder};
use super::scenario::Scenario;
use super::{environment, image, test_packages};

/// Two hooks, and a person who asks for one pair; each ends within its time.
pub(super) fn at_once(scenario: &Scenario) -> Result<()> {
    let kernels = [scenario.environment.release(Older), scenario.environment.release(Newer)];
    let sources = [test_packages::TWIG, test_packages::TRUNK];
    for source in sources {
        scenario.prepare(&format!("dpkg-deb --fsys-tarfile {source} | tar -x -C / ./usr/src"))?;
    }
    scenario.prepare("dkms add twig/1.0 && dkms add trunk/1.0")?;
    let hooks = if scenario.is_ours() {
        ["/usr/lib/dkms/hook triggered /usr/src".to_owned(), "/usr/lib/dkms/hook triggered /lib/modules".to_owned()]
    } else {
        kernels.map(|kernel| format!("/etc/kernel/postinst.d/dkms {kernel} /boot/vmlinuz-{kernel}"))
    };
    let person = format!("dkms install twig/1.0 -k {}", kernels[0]);
    let step = scenario.run(&format!(
        "for line in '{}' '{}' '{person}'; do timeout 300 bash -c \"$line\" & pids=\"$pids $!\"; done
         for pid in $pids; do wait $pid || code=$?; done; exit ${{code:-0}}",
        hooks[0], hooks[1]
    ))?;
    step.builds(scenario, 4);
    scenario.expect(step.said.contains("wait"), || format!("nobody says that it waits\n{}", step.tail(20)));
    for kernel in kernels {
        for module in ["twig", "trunk"] {
            scenario.expect_state(module, kernel, Some("installed"))?;
        }
    }
    Ok(())
}

/// S21
pub(super) fn full_upgrade(scenario: &Scenario) -> Result<()> {
    let old = [Older, PlainOlder].map(|kernel| scenario.environment.release(kernel));
    let mut new = [Newer, PlainNewer].map(|kernel| scenario.environment.release(kernel)).to_vec();
    new.retain(|kernel| !old.contains(kernel));
    let kernels: Vec<String> =
        new.iter().map(|kernel| format!("linux-image-{kernel} linux-headers-{kernel}")).collect();
    let line =
        format!("install --reinstall {} {} {}", environment::COMPILER, kernels.join(" "), test_packages::TWIG_NEXT);
    // Three modules for each new kernel, and the upgraded module for the old ones.
    scenario.apt(&line)?.builds(scenario, 3 * new.len() + old.len());
    for kernel in old.into_iter().chain(new) {
        for module in ["acpi-call", "dm-writeboost"] {
            scenario.expect_state(module, kernel, Some("installed"))?;
        }
        scenario.expect_row(&format!("twig/1.1, {kernel}, x86_64: installed"))?;
        image::holds(scenario, kernel, "twig")?;
    }
    Ok(())
}

/// Real packages for a kernel with all drivers, one of which does not compile.
pub(super) fn many(scenario: &Scenario) -> Result<()> {
    let kernel = scenario.environment.release(PlainOlder);
    // Other releases do not have one that fails.
    let failing: &[&str] = if scenario.environment.suite == SUITE { &["mimic"] } else { &[] };
    let good = ["v4l2loopback", "ddcci", "evdi", "xtables-addons"];
    let packages: Vec<String> = good.iter().chain(failing).map(|name| format!("{name}-dkms")).collect();
    let step = scenario.apt(&format!("install {}", packages.join(" ")))?;
    step.builds(scenario, packages.len()).depmods(scenario, &[kernel]).initramfs(scenario, &[kernel]);
    for module in failing {
        step.reports(scenario, &[module, kernel]);
    }
    for module in good {
        scenario.expect_state(module, kernel, Some("installed"))?;
    }
    image::holds(scenario, kernel, "v4l2loopback")
}
