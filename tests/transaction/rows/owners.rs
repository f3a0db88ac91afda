//! Transactions of packages that bring the same module: as sources, or finished.

use anyhow::Result;

use crate::transaction::Stage;
use crate::transaction::door::{DUMMY, Door, FINISHED, Kernel, Package, SHRUB, TWIG};

/// S32: two packages build one object, which the kernel has, too. The higher version has the place, whoever came last.
pub(crate) fn contested<G: Door>(stage: &Stage<G>) -> Result<()> {
    let older = stage.release(Kernel::Older);
    let owned_by = |owner: &str, other: Option<&str>| {
        let (winner, version) = owner.split_once('/').unwrap_or_default();
        stage.expect_row(&format!("{owner}, {older}, x86_64: installed (Original modules exist)"))?;
        let loaded = stage.root.bash(&format!("modinfo -k {older} -F version dummy"))?.stdout;
        stage.expect(loaded.trim() == version, || format!("the dummy that is loaded is not of {winner}: `{loaded}`"));
        let row = other.map(|other| format!("{other}, {older}, x86_64: built"));
        row.map_or(Ok(()), |row| stage.expect_row(&row))
    };
    stage.install(&[DUMMY])?.builds(stage, 1);
    owned_by("dummy/9.9", None)?;
    let step = stage.install(&[SHRUB])?;
    let told = format!("shrub/9.5 is not fully installed on {older}: dummy/9.9 provides `dummy`");
    step.builds(stage, 1).reports(stage, &[&told, "its version is higher", "dkms install shrub/9.5"]);
    owned_by("dummy/9.9", Some("shrub/9.5"))?;
    let again = stage.again(&[SHRUB])?;
    again.builds(stage, 0).depmods(stage, &[]);
    stage.no_images(&again);
    owned_by("dummy/9.9", Some("shrub/9.5"))?;
    // Each comes back from where it stood without a build.
    stage.remove(&[DUMMY])?.builds(stage, 0).depmods(stage, &[older]);
    owned_by("shrub/9.5", None)?;
    stage.install(&[DUMMY])?.builds(stage, 1).depmods(stage, &[older]);
    owned_by("dummy/9.9", Some("shrub/9.5"))?;
    let loser = stage.remove(&[SHRUB])?;
    loser.builds(stage, 0).depmods(stage, &[]);
    stage.no_images(&loser);
    owned_by("dummy/9.9", None)?;
    stage.remove(&[DUMMY])?.builds(stage, 0);
    let original = stage.root.bash(&format!("modinfo -k {older} -n dummy"))?.stdout;
    stage.expect(original.contains("/kernel/"), || format!("the kernel's own dummy is `{original}`"));
    let left = format!(
        "dkms status && {{ find /var/lib/dkms/dummy /var/lib/dkms/shrub /usr/lib/modules/{older} -path '*/dkms/*' 2> /dev/null || true; }}"
    );
    stage.complain(&stage.root.must(&left)?.stdout);
    Ok(())
}

/// S30: a package with a finished module comes before the source, goes, and comes again.
pub(crate) fn finished<G: Door>(stage: &Stage<G>) -> Result<()> {
    let older = stage.release(Kernel::Older);
    let place = format!("/usr/lib/modules/{older}/extra/finished/twig.ko");
    make(stage, &place)?;
    let sum = stage.root.must("sha256sum < /srv/twig.ko")?.stdout;
    let untouched = || -> Result<()> {
        let now = stage.root.bash(&format!("sha256sum < {place}"))?.stdout;
        stage.expect(now == sum, || format!("{place} is not what its package brought"));
        let loaded = stage.root.bash(&format!("modinfo -k {older} -n twig"))?.stdout;
        let is_it = loaded.trim().trim_start_matches("/usr") == place.trim_start_matches("/usr");
        stage.expect(is_it, || format!("the twig that is loaded is `{loaded}`, not {place}"));
        let state = stage.state("twig", older)?;
        stage.expect(state.as_deref() != Some("installed"), || format!("twig is installed beside {place}"));
        Ok(())
    };
    let provided = |words: &str| {
        let told = format!("the package {FINISHED} provides it");
        stage.expect(words.contains(&told), || format!("nothing says that {told}\n{words}"));
    };
    let quiet = |said: &str| {
        stage.expect(!said.contains("does not work"), || format!("twig is called broken\n{said}"));
    };
    stage.install(&[Package::Finished])?.builds(stage, 0);
    // The package has no scripts; whoever brings modules has them listed.
    stage.prepare(&format!("depmod {older}"))?;
    let source = stage.install(&[TWIG])?;
    source.builds(stage, 0).depmods(stage, &[]);
    stage.no_images(&source);
    quiet(&source.said);
    untouched()?;
    provided(&stage.root.must(&format!("dkms plan -k {older}"))?.stdout);
    stage.remove(&[Package::Finished])?.builds(stage, 1).depmods(stage, &[older]);
    stage.works("twig", "1.0", &[Kernel::Older])?;
    let back = stage.install(&[Package::Finished])?;
    back.builds(stage, 0).depmods(stage, &[older]);
    quiet(&back.said);
    untouched()?;
    // What was built for it waits, and nobody takes that for a file of its own.
    let again = stage.look(G::CATCH_UP)?;
    again.builds(stage, 0).depmods(stage, &[]);
    stage.complain(&again.said);
    untouched()?;
    stage.remove(&[TWIG])?.builds(stage, 0);
    untouched()?;
    let status = stage.root.must("dkms status && { cat /var/lib/dkms/.dkms-rs/motd 2> /dev/null || true; }")?.stdout;
    stage.complain(&status);
    Ok(())
}

/// The package, of one of the kernel's own modules by another name: what is in it is nobody's business here.
fn make<G: Door>(stage: &Stage<G>, place: &str) -> Result<()> {
    let older = stage.release(Kernel::Older);
    let pack = stage.ground.pack(FINISHED, "1");
    stage.prepare(&format!(
        "set -e; file=$(modinfo -k {older} -n dummy); mkdir -p $(dirname /srv/package{place})
         case $file in *.xz) xz -dc $file ;; *.zst) zstd -dcq $file ;; *.gz) gzip -dc $file ;; *) cat $file ;; esac > /srv/twig.ko
         cp /srv/twig.ko /srv/package{place}; {pack}"
    ))
}
