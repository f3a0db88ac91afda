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
    let record = testing::build_record(Default::default(), config(&["a"]));
    record::store(&world.setup.root.writable(), &world.setup.layout.record(target), &record).unwrap();
}

impl World {
    fn link(&self, target: &Target) {
        let other = Target::new(target.module.clone(), kernel("6.1.0-10-amd64"));
        let changed = |session: &mut Session<'_>| {
            link(session, &other, &target.kernel).unwrap();
            session.changed_kernels().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(self.session(changed).0, ["6.1.0-10-amd64"]);
        assert!(self.exists(LINK));
    }

    fn weak_links(&self) -> Vec<(Target, KernelId)> {
        let tree = crate::facts::tree::Tree::gather(&self.setup).unwrap();
        links::gather(&self.setup, &tree).unwrap().into_iter().collect()
    }
}

#[test]
fn links_lead_to_what_is_installed_and_go_again() {
    let (world, target) = rhel();
    world.link(&target);
    let text = world.setup.root.read_link(Path::new(LINK)).unwrap();
    assert_eq!(text, Path::new("/lib/modules/6.1.0-9-amd64/extra/a.ko"));
    let other = Target::new(target.module.clone(), kernel("6.1.0-10-amd64"));
    assert_eq!(world.weak_links(), [(other.clone(), kernel(K))]);
    world.session(|session| unlink(session, &other, &target.kernel)).0.unwrap();
    assert!(!world.exists(LINK) && world.weak_links().is_empty());
}

#[test]
fn a_link_that_is_not_ours_is_not_removed() {
    let (world, target) = rhel();
    testing::write(&world.setup, "/lib/modules/6.0/extra/a.ko", "a package's");
    world.setup.root.writable().create_dir_all(Path::new(LINK).parent().unwrap()).unwrap();
    world.setup.root.writable().symlink(Path::new("/lib/modules/6.0/extra/a.ko"), Path::new(LINK)).unwrap();
    world.uninstall(&target);
    assert_eq!(world.setup.root.read(Path::new(LINK)).unwrap(), b"a package's");
}

#[test]
fn a_module_of_its_own_takes_the_place_of_a_link() {
    let (world, target) = rhel();
    world.link(&target);
    let own = Target::new(target.module.clone(), kernel("6.1.0-10-amd64"));
    build(&world, &own);
    let found = Kernel::gather(&world.setup, &own.kernel).unwrap();
    let install = |session: &mut Session<'_>| {
        let objects = kept(&world.setup, &own);
        install_objects(session, &own, &objects, &found, &config(&["a"]), &Placement::default()).map(drop)
    };
    world.session(install).0.unwrap();
    assert!(world.exists(&format!("{OTHER}/extra/a.ko")) && !world.exists(LINK));
}

#[test]
fn links_go_with_what_they_lead_to_also_by_the_run_after_one_that_died() {
    let (world, target) = rhel();
    world.link(&target);
    world.uninstall(&target);
    assert!(!world.exists(LINK));

    world.install(&target);
    world.link(&target);
    let manifest: Manifest = record::load(&world.setup.root, &world.setup.layout.manifest(&target)).unwrap();
    let removal = Removal { format: Format, target: target.clone(), kernel_directory: I.into(), files: manifest.files };
    world.session(|session| journal::store(session, &Journal::Removing(removal))).0.unwrap();
    world.setup.root.writable().remove_file(Path::new(&format!("{I}/extra/a.ko"))).unwrap();
    assert!(world.exists(LINK));
    assert!(world.session(|session| recover(session, &target)).0.unwrap());
    assert!(!world.exists(LINK), "it led nowhere");
}
