//! S24: several at the same time; S21: much at the same time.

use anyhow::Result;
use testbed::layer::SUITE;

use super::ground::Kernel::{Newer, Older, PlainNewer, PlainOlder};
use super::stage::Stage;
use super::{ground, image, made};

/// Two hooks, and a person who asks for one pair; each ends within its time.
pub(super) fn at_once(stage: &Stage) -> Result<()> {
    let kernels = [stage.ground.release(Older), stage.ground.release(Newer)];
    let sources = [made::TWIG, made::TRUNK];
    for source in sources {
        stage.prepare(&format!("dpkg-deb --fsys-tarfile {source} | tar -x -C / ./usr/src"))?;
    }
    stage.prepare("dkms add twig/1.0 && dkms add trunk/1.0")?;
    let hooks = if stage.is_ours() {
        ["/usr/lib/dkms/hook triggered /usr/src".to_owned(), "/usr/lib/dkms/hook triggered /lib/modules".to_owned()]
    } else {
        kernels.map(|kernel| format!("/etc/kernel/postinst.d/dkms {kernel} /boot/vmlinuz-{kernel}"))
    };
    let person = format!("dkms install twig/1.0 -k {}", kernels[0]);
    let step = stage.run(&format!(
        "for line in '{}' '{}' '{person}'; do timeout 300 bash -c \"$line\" & pids=\"$pids $!\"; done
         for pid in $pids; do wait $pid || code=$?; done; exit ${{code:-0}}",
        hooks[0], hooks[1]
    ))?;
    step.builds(stage, 4);
    stage.expect(step.said.contains("wait"), || format!("nobody says that it waits\n{}", step.tail(20)));
    for kernel in kernels {
        for module in ["twig", "trunk"] {
            stage.expect_state(module, kernel, Some("installed"))?;
        }
    }
    Ok(())
}

/// S21
pub(super) fn full_upgrade(stage: &Stage) -> Result<()> {
    let old = [Older, PlainOlder].map(|kernel| stage.ground.release(kernel));
    let mut new = [Newer, PlainNewer].map(|kernel| stage.ground.release(kernel)).to_vec();
    new.retain(|kernel| !old.contains(kernel));
    let kernels: Vec<String> =
        new.iter().map(|kernel| format!("linux-image-{kernel} linux-headers-{kernel}")).collect();
    let line = format!("install --reinstall {} {} {}", ground::COMPILER, kernels.join(" "), made::TWIG_NEXT);
    // Three modules for each new kernel, and the upgraded module for the old ones.
    stage.apt(&line)?.builds(stage, 3 * new.len() + old.len());
    for kernel in old.into_iter().chain(new) {
        for module in ["acpi-call", "dm-writeboost"] {
            stage.expect_state(module, kernel, Some("installed"))?;
        }
        stage.expect_row(&format!("twig/1.1, {kernel}, x86_64: installed"))?;
        image::holds(stage, kernel, "twig")?;
    }
    Ok(())
}

/// Real packages for a kernel with all drivers, one of which does not compile.
pub(super) fn many(stage: &Stage) -> Result<()> {
    let kernel = stage.ground.release(PlainOlder);
    // Other releases do not have one that fails.
    let failing: &[&str] = if stage.ground.suite == SUITE { &["mimic"] } else { &[] };
    let good = ["v4l2loopback", "ddcci", "evdi", "xtables-addons"];
    let packages: Vec<String> = good.iter().chain(failing).map(|name| format!("{name}-dkms")).collect();
    let step = stage.apt(&format!("install {}", packages.join(" ")))?;
    step.builds(stage, packages.len()).depmods(stage, &[kernel]).initramfs(stage, &[kernel]);
    for module in failing {
        step.reports(stage, &[module, kernel]);
    }
    for module in good {
        stage.expect_state(module, kernel, Some("installed"))?;
    }
    image::holds(stage, kernel, "v4l2loopback")
}
