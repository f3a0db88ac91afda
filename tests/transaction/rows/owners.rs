//! Transactions of packages that bring the same module: as sources, or finished.

use anyhow::Result;

use crate::transaction::Scenario;
use crate::transaction::package_manager::{DUMMY, FINISHED, Kernel, Package, PackageManager, SHRUB, TWIG};

/// S32: two packages build one object, which the kernel has, too. The higher version has the place, whoever came last.
pub(crate) fn contested<E: PackageManager>(scenario: &Scenario<E>) -> Result<()> {
    let older = scenario.release(Kernel::Older);
    let owned_by = |owner: &str, other: Option<&str>| {
        let (winner, version) = owner.split_once('/').unwrap_or_default();
        scenario.expect_row(&format!("{owner}, {older}, x86_64: installed (Original modules exist)"))?;
        let loaded = scenario.root.bash(&format!("modinfo -k {older} -F version dummy"))?.stdout;
        scenario
            .expect(loaded.trim() == version, || format!("the dummy that is loaded is not of {winner}: `{loaded}`"));
        let row = other.map(|other| format!("{other}, {older}, x86_64: built"));
        row.map_or(Ok(()), |row| scenario.expect_row(&row))
    };
    scenario.install(&[DUMMY])?.builds(scenario, 1);
    owned_by("dummy/9.9", None)?;
    let step = scenario.install(&[SHRUB])?;
    let told = format!("shrub/9.5 is not fully installed on {older}: dummy/9.9 provides `dummy`");
    step.builds(scenario, 1).reports(scenario, &[&told, "its version is higher", "dkms install shrub/9.5"]);
    owned_by("dummy/9.9", Some("shrub/9.5"))?;
    let again = scenario.again(&[SHRUB])?;
    again.builds(scenario, 0).depmods(scenario, &[]);
    scenario.no_images(&again);
    owned_by("dummy/9.9", Some("shrub/9.5"))?;
    // Each comes back from where it stood without a build.
    scenario.remove(&[DUMMY])?.builds(scenario, 0).depmods(scenario, &[older]);
    owned_by("shrub/9.5", None)?;
    scenario.install(&[DUMMY])?.builds(scenario, 1).depmods(scenario, &[older]);
    owned_by("dummy/9.9", Some("shrub/9.5"))?;
    let loser = scenario.remove(&[SHRUB])?;
    loser.builds(scenario, 0).depmods(scenario, &[]);
    scenario.no_images(&loser);
    owned_by("dummy/9.9", None)?;
    scenario.remove(&[DUMMY])?.builds(scenario, 0);
    let original = scenario.root.bash(&format!("modinfo -k {older} -n dummy"))?.stdout;
    scenario.expect(original.contains("/kernel/"), || format!("the kernel's own dummy is `{original}`"));
    let left = format!(
        "dkms status && {{ find /var/lib/dkms/dummy /var/lib/dkms/shrub /usr/lib/modules/{older} -path '*/dkms/*' 2> /dev/null || true; }}"
    );
    scenario.complain(&scenario.root.must(&left)?.stdout);
    Ok(())
}

/// S30: a package with a finished module comes before the source, goes, and comes again.
pub(crate) fn finished<E: PackageManager>(scenario: &Scenario<E>) -> Result<()> {
    let older = scenario.release(Kernel::Older);
    let place = format!("/usr/lib/modules/{older}/extra/finished/twig.ko");
    make(scenario, &place)?;
    let sum = scenario.root.must("sha256sum < /srv/twig.ko")?.stdout;
    let untouched = || -> Result<()> {
        let now = scenario.root.bash(&format!("sha256sum < {place}"))?.stdout;
        scenario.expect(now == sum, || format!("{place} is not what its package brought"));
        let loaded = scenario.root.bash(&format!("modinfo -k {older} -n twig"))?.stdout;
        let is_it = loaded.trim().trim_start_matches("/usr") == place.trim_start_matches("/usr");
        scenario.expect(is_it, || format!("the twig that is loaded is `{loaded}`, not {place}"));
        let state = scenario.state("twig", older)?;
        scenario.expect(state.as_deref() != Some("installed"), || format!("twig is installed beside {place}"));
        Ok(())
    };
    let provided = |words: &str| {
        let told = format!("the package {FINISHED} provides it");
        scenario.expect(words.contains(&told), || format!("nothing says that {told}\n{words}"));
    };
    let quiet = |said: &str| {
        scenario.expect(!said.contains("does not work"), || format!("twig is called broken\n{said}"));
    };
    scenario.install(&[Package::Finished])?.builds(scenario, 0);
    // The package has no scripts; whoever brings modules has them listed.
    scenario.prepare(&format!("depmod {older}"))?;
    let source = scenario.install(&[TWIG])?;
    source.builds(scenario, 0).depmods(scenario, &[]);
    scenario.no_images(&source);
    quiet(&source.said);
    untouched()?;
    provided(&scenario.root.must(&format!("dkms plan -k {older}"))?.stdout);
    scenario.remove(&[Package::Finished])?.builds(scenario, 1).depmods(scenario, &[older]);
    scenario.works("twig", "1.0", &[Kernel::Older])?;
    let back = scenario.install(&[Package::Finished])?;
    back.builds(scenario, 0).depmods(scenario, &[older]);
    quiet(&back.said);
    untouched()?;
    // What was built for it waits, and nobody takes that for a file of its own.
    let again = scenario.look(E::CATCH_UP)?;
    again.builds(scenario, 0).depmods(scenario, &[]);
    scenario.complain(&again.said);
    untouched()?;
    scenario.remove(&[TWIG])?.builds(scenario, 0);
    untouched()?;
    let status = scenario.root.must("dkms status && { cat /var/lib/dkms/.dkms-rs/motd 2> /dev/null || true; }")?.stdout;
    scenario.complain(&status);
    Ok(())
}

/// The package, of one of the kernel's own modules by another name: what is in it is nobody's business here.
fn make<E: PackageManager>(scenario: &Scenario<E>, place: &str) -> Result<()> {
    let older = scenario.release(Kernel::Older);
    let pack = scenario.environment.pack(FINISHED, "1");
    scenario.prepare(&format!(
        "set -e; file=$(modinfo -k {older} -n dummy); mkdir -p $(dirname /srv/package{place})
         case $file in *.xz) xz -dc $file ;; *.zst) zstd -dcq $file ;; *.gz) gzip -dc $file ;; *) cat $file ;; esac > /srv/twig.ko
         cp /srv/twig.ko /srv/package{place}; {pack}"
    ))
}
