//! What the second look of a run is about: which kernels could have weak links to what was installed.

use std::collections::BTreeSet;

use crate::error::Error;
use crate::facts::tree::Tree;
use crate::facts::{State, kernels};
use crate::plan::Goal;
use crate::setup::Setup;
use crate::target::{KernelId, Target};

/// The goal for what was installed; `None` if no kernel lacks any of it, or the distribution has no weak links.
///
/// # Errors
/// `Io`.
pub(super) fn goal(setup: &Setup, installed: BTreeSet<Target>) -> Result<Option<Goal>, Error> {
    if installed.is_empty() || !setup.distribution.has_weak_updates() || setup.no_weak_modules() {
        return Ok(None);
    }
    let with_image: Vec<_> = kernels::installed(setup)?.into_iter().filter(|kernel| kernel.image).collect();
    let mut kernels = BTreeSet::new();
    for target in &installed {
        let tree = Tree::gather_module(setup, &target.module.name)?;
        let own: BTreeSet<&KernelId> =
            tree.builds().filter(|build| build.state == State::Installed).map(|build| &build.target.kernel).collect();
        for kernel in &with_image {
            let kernel = KernelId::new(&kernel.release, &target.kernel.arch)?;
            if !own.contains(&kernel) {
                kernels.insert(kernel);
            }
        }
    }
    Ok((!kernels.is_empty()).then_some(Goal::WeaklyLinked { installed, kernels }))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::facts::weak::symbol_versions::tests::needing;
    use crate::facts::{Configuration, Facts};
    use crate::install::{self, Session};
    use crate::plan::{Action, Placement};
    use crate::record::{self, BuildRecord};
    use crate::run::look;
    use crate::setup::distribution::Distribution;
    use crate::sign::Signed;
    use crate::system::lock::Guard;
    use crate::target::ModuleId;
    use crate::testing;

    const LINK: &str = "/lib/modules/6.1.2/weak-updates/a.ko";
    const FITS: &str = "0x1\tmodule_layout\tvmlinux\tEXPORT_SYMBOL\t\n0x2\t_printk\tvmlinux\tEXPORT_SYMBOL\t\n";

    fn target(release: &str) -> Target {
        Target::new(ModuleId::new("m", "1").unwrap(), KernelId::new(release, "x86_64").unwrap())
    }

    /// Two kernels of RHEL; m/1 is registered, and was installed for the older one just now.
    fn rhel(conf: &str) -> (tempfile::TempDir, Setup, Guard) {
        let (directory, mut setup) = testing::setup();
        setup.distribution = Distribution::parse("ID=\"rhel\"\nID_LIKE=\"fedora\"\nVERSION_ID=\"9.4\"\n");
        let names =
            "PACKAGE_NAME=m\nPACKAGE_VERSION=1\nBUILT_MODULE_NAME=a\nDEST_MODULE_LOCATION=/extra\nAUTOINSTALL=yes\n";
        testing::write(&setup, "/usr/src/m-1/dkms.conf", format!("{names}{conf}"));
        for release in ["6.1.1", "6.1.2"] {
            let own = needing(&[], &format!("{release} SMP "));
            testing::write(&setup, &format!("/lib/modules/{release}/kernel/own.ko"), own);
            testing::write(&setup, &format!("/lib/modules/{release}/symvers.gz"), FITS);
        }
        setup.root.writable().create_dir_all(Path::new("/var/lib/dkms/m/1")).unwrap();
        setup.root.writable().symlink(Path::new("/usr/src/m-1"), Path::new("/var/lib/dkms/m/1/source")).unwrap();
        let guard = Guard::acquire(&setup.root, &setup.layout.lock(), &mut |_| {}).unwrap();
        install(&setup, &guard);
        (directory, setup, guard)
    }

    fn install(setup: &Setup, guard: &Guard) {
        let target = target("6.1.1");
        let request = crate::plan::Request { targets: vec![target.clone()], force: false };
        let (facts, _) = look(setup, &Goal::Installed(request)).unwrap();
        let Configuration::Examined(examined) = &facts.targets[&target].configuration else { panic!("{facts:?}") };
        let object = needing(&[("module_layout", 1), ("_printk", 2)], "6.1.1 SMP ");
        let path = setup.layout.objects(&target).join("a.ko");
        testing::write(setup, path.to_str().unwrap(), object);
        let content = record::FileRecord::measure(&setup.root, &path).unwrap();
        let record = BuildRecord {
            objects: vec![record::ObjectRecord { name: "a".into(), file: "a.ko".into(), content }],
            ..testing::build_record(examined.fingerprint.clone(), examined.config.clone())
        };
        record::store(&setup.root.writable(), &setup.layout.record(&target), &record).unwrap();
        let signed = Signed::load(setup, &target).unwrap().unwrap();
        let mut listener = |_| {};
        let mut session = Session::new(setup, guard, &mut listener);
        let (kernel, placement) = (&facts.kernels[&target.kernel], Placement::default());
        install::install(&mut session, &signed, kernel, &examined.config, &placement).unwrap();
    }

    /// `operation release` of each step of the second look, which are also taken.
    fn second_look(setup: &Setup, guard: &Guard) -> Vec<String> {
        let Some(goal) = goal(setup, BTreeSet::from([target("6.1.1")])).unwrap() else { return Vec::new() };
        let (_, plan): (Facts, _) = look(setup, &goal).unwrap();
        let mut listener = |_| {};
        let mut session = Session::new(setup, guard, &mut listener);
        for step in &plan.steps {
            match &step.action {
                Action::Link(link) => install::link(&mut session, &link.target, &link.from).map(drop).unwrap(),
                Action::Unlink(link) => install::unlink(&mut session, &link.target, &link.from).map(drop).unwrap(),
                other => panic!("{other:?}"),
            }
        }
        let release = |step: &crate::plan::Step| step.action.target().unwrap().kernel.release.clone();
        plan.steps.iter().map(|step| format!("{} {}", step.action.operation(), release(step))).collect()
    }

    fn is_linked(setup: &Setup) -> bool {
        setup.root.link_meta(Path::new(LINK)).is_some()
    }

    #[test]
    fn what_fits_is_linked_and_unlinked_when_it_does_not_any_more() {
        let (_directory, setup, guard) = rhel("");
        assert_eq!(second_look(&setup, &guard), ["link 6.1.2"]);
        assert!(is_linked(&setup));
        assert!(second_look(&setup, &guard).is_empty(), "nothing is left to do");
        testing::write(&setup, "/lib/modules/6.1.2/symvers.gz", FITS.replace("0x2", "0x3"));
        assert_eq!(second_look(&setup, &guard), ["unlink 6.1.2"]);
        assert!(!is_linked(&setup));
    }

    #[test]
    fn nothing_is_linked_where_it_is_not_wanted() {
        let (_directory, setup, guard) = rhel("NO_WEAK_MODULES=yes\n");
        assert!(second_look(&setup, &guard).is_empty());
        let (_directory, mut setup, guard) = rhel("");
        setup.distribution = Distribution::parse("ID=fedora\n");
        assert!(second_look(&setup, &guard).is_empty());
    }

    #[test]
    fn a_link_that_is_not_ours_is_neither_replaced_nor_removed() {
        let (_directory, setup, guard) = rhel("");
        testing::write(&setup, "/lib/modules/6.0/extra/a.ko", "a package's");
        setup.root.writable().create_dir_all(Path::new(LINK).parent().unwrap()).unwrap();
        setup.root.writable().symlink(Path::new("/lib/modules/6.0/extra/a.ko"), Path::new(LINK)).unwrap();
        assert!(second_look(&setup, &guard).is_empty());
        assert!(is_linked(&setup));
    }
}
