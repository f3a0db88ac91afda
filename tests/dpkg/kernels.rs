//! Transactions of kernels and headers.

use anyhow::Result;

use super::ground::Kernel::{Newer, Older, PlainNewer};
use super::image;
use super::made;
use super::stage::Stage;

/// S2
pub(super) fn install(stage: &Stage) -> Result<()> {
    let newer = stage.ground.release(Newer);
    let step = stage.apt(&stage.ground.install(Newer))?;
    step.builds(stage, 2);
    for (module, object) in [("acpi-call", "acpi_call"), ("twig", "twig")] {
        stage.expect_state(module, newer, Some("installed"))?;
        image::holds(stage, newer, object)?;
    }
    image::once(stage, &step, newer);
    Ok(())
}

/// S2 with all that the ordinary flavour allows
pub(super) fn install_for_five(stage: &Stage) -> Result<()> {
    let newer = stage.ground.release(PlainNewer);
    let step = stage.apt(&stage.ground.install(PlainNewer))?;
    step.builds(stage, 5);
    for module in ["acpi-call", "ddcci", "evdi", "v4l2loopback", "dm-writeboost"] {
        stage.expect_state(module, newer, Some("installed"))?;
    }
    image::holds(stage, newer, "v4l2loopback")?;
    image::once(stage, &step, newer);
    Ok(())
}

/// S5
pub(super) fn reinstall(stage: &Stage) -> Result<()> {
    let older = stage.ground.release(Older);
    for package in [format!("linux-image-{older}"), format!("linux-headers-{older}"), "acpi-call-dkms".to_owned()] {
        stage.apt(&format!("install --reinstall {package}"))?.builds(stage, 0);
        stage.expect_state("acpi-call", older, Some("installed"))?;
    }
    stage
        .apt(&format!("install --reinstall linux-image-{older} linux-headers-{older} acpi-call-dkms"))?
        .builds(stage, 0);
    stage.expect_state("acpi-call", older, Some("installed"))?;
    image::holds(stage, older, "acpi_call")
}

/// S6
pub(super) fn headers_again(stage: &Stage) -> Result<()> {
    let older = stage.ground.release(Older);
    let step = stage.apt(&format!("install {}", made::HEADERS))?;
    step.builds(stage, 2).initramfs(stage, &[older]);
    stage.expect(step.counts.builds.iter().all(|build| build.kernel == *older), || format!("{:?}", step.counts.builds));
    // apt speaks of headers, too; the file that changed is named by us alone.
    let reason = "the kernel's include/generated changed";
    stage.expect(step.said.contains(reason), || format!("the reason is not `{reason}`\n{}", step.tail(20)));
    image::holds(stage, older, "acpi_call")
}

/// S7
pub(super) fn headers_later(stage: &Stage) -> Result<()> {
    let newer = stage.ground.release(Newer);
    let now = stage.apt(&format!("install linux-image-{newer}"))?;
    now.builds(stage, 0).reports(stage, &[newer, &format!("linux-headers-{newer}")]);
    stage.expect_state("acpi-call", newer, None)?;
    let later = stage.apt(&format!("install linux-headers-{newer}"))?;
    later.builds(stage, 1).depmods(stage, &[newer]).initramfs(stage, &[newer]);
    stage.expect_state("acpi-call", newer, Some("installed"))?;
    image::holds(stage, newer, "acpi_call")
}

/// S8
pub(super) fn image_later(stage: &Stage) -> Result<()> {
    let newer = stage.ground.release(Newer);
    // Some releases let headers depend on the image; a person, or another archive, need not.
    let files = stage.ground.files(&format!("install linux-headers-{newer}"));
    let headers =
        stage.run(&format!("dpkg --force-depends -i $(echo {files} | tr ' ' '\\n' | grep -v /linux-image-)"))?;
    stage.expect_state("acpi-call", newer, None)?;
    let image = stage.apt(&format!("install linux-image-{newer}"))?;
    let builds = headers.counts.builds.len() + image.counts.builds.len();
    stage.expect(builds == 1, || format!("{builds} builds in both transactions, not 1"));
    headers.succeeds(stage);
    image.succeeds(stage);
    stage.expect_state("acpi-call", newer, Some("installed"))?;
    image::holds(stage, newer, "acpi_call")?;
    image::once(stage, &image, newer);
    Ok(())
}

/// S10
pub(super) fn one_fails(stage: &Stage) -> Result<()> {
    let newer = stage.ground.release(Newer);
    let step = stage.apt(&stage.ground.install(Newer))?;
    step.builds(stage, 2).reports(stage, &["picky", newer, "this kernel is too new", "dkms "]);
    stage.expect_state("acpi-call", newer, Some("installed"))?;
    stage.expect_state("picky", newer, None)?;
    stage.expect_state("picky", stage.ground.release(Older), Some("installed"))?;
    image::holds(stage, newer, "acpi_call")?;
    image::once(stage, &step, newer);
    stage.apt(&format!("install --reinstall linux-headers-{newer}"))?.builds(stage, 0);
    Ok(())
}

/// S12
pub(super) fn remove(stage: &Stage) -> Result<()> {
    let (older, newer) = (stage.ground.release(Older), stage.ground.release(Newer));
    // Where the image is a package of hooks, the files are in others.
    let parts = stage.root.must(&format!(
        "dpkg-query -W -f '${{db:Status-Status}} ${{Package}}\n' 'linux-*-{newer}' | sed -n 's/^installed //p'"
    ))?;
    let parts: Vec<&str> = parts.stdout.split_whitespace().collect();
    let step = stage.apt(&format!("purge {}", parts.join(" ")))?;
    step.builds(stage, 0).depmods(stage, &[]).initramfs(stage, &[]);
    let left = format!(
        "find /lib/modules/{newer} /var/lib/dkms/*/*/{newer} /var/lib/dkms/*/kernel-{newer}-* 2> /dev/null || true"
    );
    stage.complain(&stage.root.must(&left)?.stdout);
    for module in ["acpi-call", "twig", "dummy"] {
        stage.expect_state(module, older, Some("installed"))?;
        stage.expect_state(module, newer, None)?;
    }
    stage.expect(!step.said.contains("not empty"), || {
        format!("dpkg met a directory that is not empty\n{}", step.tail(20))
    });
    Ok(())
}

/// S13
pub(super) fn remove_headers(stage: &Stage) -> Result<()> {
    let (older, newer) = (stage.ground.release(Older), stage.ground.release(Newer));
    let step = stage.apt(&format!("remove linux-headers-{newer}"))?;
    step.builds(stage, 0).initramfs(stage, &[]);
    for kernel in [older, newer] {
        stage.expect_state("acpi-call", kernel, Some("installed"))?;
    }
    if stage.is_ours() {
        let told = stage.root.must("cat /var/lib/dkms/.dkms-rs/motd")?.stdout;
        let wanted = format!("{newer} has no headers: installed modules stay, but cannot be rebuilt");
        stage.expect(told.contains(&wanted), || format!("nothing tells that it cannot be built again\n{told}"));
    }
    Ok(())
}

/// S18
pub(super) fn image_building(stage: &Stage) -> Result<()> {
    stage.apt("install acpi-call-dkms")?.builds(stage, 0).depmods(stage, &[]).initramfs(stage, &[]);
    let status = stage.root.must("dkms status")?.stdout;
    stage.expect(status.trim().ends_with(": added"), || format!("without a kernel the status is\n{status}"));
    for kernel in [Older, Newer] {
        stage.apt(&stage.ground.install(kernel))?.builds(stage, 1);
        let release = stage.ground.release(kernel);
        stage.expect_state("acpi-call", release, Some("installed"))?;
        image::holds(stage, release, "acpi_call")?;
    }
    let running = stage.root.must("uname -r")?.stdout;
    let named = stage.root.must(&format!(
        "dkms status && {{ ls /lib/modules /var/lib/dkms/*/*; grep -rl '{0}' /var/lib/dkms || true; }}",
        running.trim()
    ))?;
    stage.expect(!named.stdout.contains(running.trim()), || format!("the running kernel is named\n{}", named.stdout));
    Ok(())
}

/// Run by each script of a kernel's package: tells when the modules of the kernel that it is about are not there.
const WATCH: &str = r#"
set -e
for phase in preinst postinst prerm postrm; do
    mkdir -p /etc/kernel/$phase.d
    cat > /etc/kernel/$phase.d/zz-watch << 'END'
#!/bin/sh
for module in acpi_call twig; do
    ls /lib/modules/"$1"/updates/dkms/$module.ko* > /dev/null 2>&1 || echo "$0 $DEB_MAINT_PARAMS: $module is not there" >> /var/log/lacking
done
END
    chmod 0755 /etc/kernel/$phase.d/zz-watch
done
touch /var/log/lacking
"#;

/// S26: the headers stay, so apt brings the unsigned kernel in the place of the signed one, whose purge comes last.
pub(super) fn gives_way(stage: &Stage) -> Result<()> {
    let newer = stage.ground.release(Newer);
    stage.prepare(WATCH)?;
    // Scripts of Debian take the index of a kernel away with what they purge.
    let purge = stage.apt(&format!("purge linux-image-{newer}"))?;
    purge.builds(stage, 0).depmods(stage, &[newer]);
    stage.apt(&format!("install linux-image-{newer}"))?.builds(stage, 0).depmods(stage, &[]);
    for module in ["acpi-call", "twig"] {
        stage.expect_state(module, newer, Some("installed"))?;
    }
    image::holds(stage, newer, "twig")?;
    stage.complain(&stage.root.must("cat /var/log/lacking")?.stdout);
    let said = format!("{}{}", purge.said, stage.root.must("ls /var/lib/dkms/.dkms-rs")?.stdout);
    stage.expect(!said.contains("dkms: removed"), || format!("something was removed\n{said}"));
    stage.expect(!said.contains("going"), || "a kernel is still said to go".into());
    Ok(())
}

/// Whoever wants a failed build to fail the transaction says so, and can go on when the module is gone.
pub(super) fn on_failure(stage: &Stage) -> Result<()> {
    stage.prepare("echo 'on_failure=\"fail\"' >> /etc/dkms/framework.conf")?;
    let step = stage.apt(&stage.ground.install(Newer))?;
    stage.expect(step.exit != 0, || format!("`{}` ended with 0 although on_failure is fail", step.line));
    stage.expect_state("acpi-call", stage.ground.release(Newer), Some("installed"))?;
    stage.prepare("sed -i /on_failure/d /etc/dkms/framework.conf")?;
    stage.run("dpkg --configure -a && apt-get -y -q remove picky-dkms")?.builds(stage, 0);
    Ok(())
}
