//! Links to what is installed for another kernel.

use super::*;
use crate::facts::weak::links;
use crate::facts::weak::symbol_versions::tests::needing;
use crate::setup::distribution::Distribution;

const OTHER: &str = "/lib/modules/6.1.0-10-amd64";
const LINK: &str = "/lib/modules/6.1.0-10-amd64/weak-updates/a.ko";
const FITS: &str = "0x1\tmodule_layout\tvmlinux\tEXPORT_SYMBOL\t\n0x2\t_printk\tvmlinux\tEXPORT_SYMBOL\t\n";

fn kernel(release: &str) -> KernelId {
    KernelId::new(release, "x86_64").unwrap()
}

/// Two kernels of RHEL; `a` of m/1 is installed for the older one.
fn rhel() -> (World, Target) {
    let mut world = World::new();
    world.setup.distribution = Distribution::parse("ID=\"rhel\"\nID_LIKE=\"fedora\"\nVERSION_ID=\"9.4\"\n");
    let write = |path: &str, content: &[u8]| testing::write(&world.setup, path, content);
    write(&format!("{OTHER}/kernel/own.ko"), &needing(&[], "6.1.0-10-amd64 SMP "));
    write(&format!("{OTHER}/symvers.gz"), FITS.as_bytes());
    let target = Target::new(ModuleId::new("m", "1").unwrap(), kernel(K));
    build(&world, &target);
    world.install(&target);
    (world, target)
}

fn build(world: &World, target: &Target) {
    let object = needing(&[("module_layout", 1), ("_printk", 2)], &format!("{} SMP ", target.kernel.release));
    let path = world.setup.layout.objects(target).join("a.ko");
    testing::write(&world.setup, path.to_str().unwrap(), object);
    let record = record::BuildRecord {
        format: Format,
        fingerprint: Default::default(),
        config: config(&["a"]),
        objects: Vec::new(),
        signature: record::Signature::Unsigned { reason: String::new() },
        duration_ms: 0,
        peak_kib: 0,
        asked_by: String::new(),
        custom: false,
    };
    record::store(&world.setup.root, &world.setup.layout.record(target), &record, &world.guard).unwrap();
}

impl World {
    /// Lends what is installed; gives the kernels that changed.
    fn lend(&self, target: &Target, config: &ModuleConfig) -> Vec<String> {
        let lend = |session: &mut Session<'_>| {
            lend(session, target, config).unwrap();
            session.changed_kernels().map(str::to_owned).collect()
        };
        self.session(lend).0
    }

    fn loans(&self) -> Vec<(Target, KernelId)> {
        let tree = crate::facts::tree::Tree::gather(&self.setup).unwrap();
        links::gather(&self.setup, &tree).unwrap().into_iter().collect()
    }
}

#[test]
fn what_fits_is_lent_and_taken_back_when_it_does_not_any_more() {
    let (world, target) = rhel();
    assert_eq!(world.lend(&target, &config(&["a"])), ["6.1.0-10-amd64"]);
    let text = world.setup.root.read_link(Path::new(LINK)).unwrap();
    assert_eq!(text, Path::new("/lib/modules/6.1.0-9-amd64/extra/a.ko"));
    assert_eq!(world.loans(), [(Target::new(target.module.clone(), kernel("6.1.0-10-amd64")), kernel(K))]);
    assert!(world.lend(&target, &config(&["a"])).is_empty(), "nothing is left to do");
    testing::write(&world.setup, &format!("{OTHER}/symvers.gz"), FITS.replace("0x2", "0x3"));
    world.lend(&target, &config(&["a"]));
    assert!(!world.exists(LINK) && world.loans().is_empty());
}

#[test]
fn nothing_is_lent_where_it_is_not_wanted() {
    let (mut world, target) = rhel();
    world.lend(&target, &ModuleConfig { no_weak_modules: true, ..config(&["a"]) });
    assert!(!world.exists(LINK));
    world.setup.distribution = Distribution::parse("ID=fedora\n");
    world.lend(&target, &config(&["a"]));
    assert!(!world.exists(LINK));
}

#[test]
fn a_link_of_somebody_else_is_neither_replaced_nor_removed() {
    let (world, target) = rhel();
    testing::write(&world.setup, "/lib/modules/6.0/extra/a.ko", "a package's");
    world.setup.root.create_dir_all(Path::new(LINK).parent().unwrap()).unwrap();
    world.setup.root.symlink(Path::new("/lib/modules/6.0/extra/a.ko"), Path::new(LINK)).unwrap();
    assert!(world.lend(&target, &config(&["a"])).is_empty());
    world.uninstall(&target);
    assert_eq!(world.setup.root.read(Path::new(LINK)).unwrap(), b"a package's");
}

#[test]
fn a_module_of_its_own_takes_the_place_of_one_on_loan() {
    let (world, target) = rhel();
    world.lend(&target, &config(&["a"]));
    let own = Target::new(target.module.clone(), kernel("6.1.0-10-amd64"));
    build(&world, &own);
    let found = Kernel::gather(&world.setup, &own.kernel).unwrap();
    let install = |session: &mut Session<'_>| {
        let objects = kept(&world.setup, &own);
        install_objects(session, &own, &objects, &found, &config(&["a"]), &Claim::default(), InstallOptions::default())
            .map(drop)
    };
    world.session(install).0.unwrap();
    assert!(world.exists(&format!("{OTHER}/extra/a.ko")) && !world.exists(LINK));
    assert!(world.lend(&target, &config(&["a"])).is_empty());
}

#[test]
fn what_is_taken_away_is_taken_back_also_by_the_run_after_one_that_died() {
    let (world, target) = rhel();
    world.lend(&target, &config(&["a"]));
    world.uninstall(&target);
    assert!(!world.exists(LINK));

    world.install(&target);
    world.lend(&target, &config(&["a"]));
    let manifest: Manifest = record::load(&world.setup.root, &world.setup.layout.manifest(&target)).unwrap();
    let removal = Removal { format: Format, target: target.clone(), kernel_directory: I.into(), files: manifest.files };
    world.session(|session| journal::store(session, &Journal::Removing(removal))).0.unwrap();
    world.setup.root.remove_file(Path::new(&format!("{I}/extra/a.ko"))).unwrap();
    assert!(world.exists(LINK));
    assert!(world.session(|session| recover(session, &target)).0.unwrap());
    assert!(!world.exists(LINK), "it led nowhere");
}
