//! Builds that fail, hang or are cancelled.

use std::sync::atomic::Ordering;

use super::*;

#[test]
fn a_failure_has_status_first_error_and_log() {
    let setting = Setting::new();
    setting.write("src/m-1/m.c", "int f(void) { return g; }\n");
    let failed = setting.build(setting.order(None)).unwrap_err();
    assert_eq!(failed.status, 2);
    let first = failed.diagnosis.text().unwrap();
    assert!(first.starts_with("m.c:1:22: error: ") && first.contains("undeclared"), "{first}");
    let kept = setting.path("tree/.dkms-rs/failed/m/1/6.1.0/x86_64/make.log");
    assert!(
        matches!(&failed.error, Error::MakeFailed { log, diagnosis, .. } if *log == kept && !diagnosis.lines.is_empty())
    );
    assert!(log(&setting, &failed).contains("# exit code: 2"));
    drop(failed);
    assert_eq!(setting.names("tree/m/1"), ["source"]);
}

#[test]
fn a_killed_make_says_so() {
    let setting = Setting::new();
    let failed = failed(&setting, "kill -9 $$");
    assert!(failed.status == 137 && failed.of_the_machine);
    assert!(log(&setting, &failed).contains("# it was killed by signal 9\n# exit code: 137"));
}

#[test]
fn what_hangs_is_ended_and_named() {
    let mut setting = Setting::new();
    setting.setup.framework.set(dkms_conf::framework_key::Key::BuildTimeout, "1");
    let failed = failed(&setting, "sleep 1000 & sleep 1000");
    assert!(matches!(failed.error, Error::TookTooLong { what: "make", .. }), "{}", failed.error);
    assert!(failed.error.is_of_the_module() && !failed.of_the_machine);
    assert!(failed.error.to_string().starts_with("make of `m/1` took longer than 1 s"), "{}", failed.error);
}

/// Something of the size of a floppy disk, for this test alone.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    fn mount(path: &Path) -> Self {
        let flags = rustix::mount::MountFlags::empty();
        rustix::mount::mount("tmpfs", path, "tmpfs", flags, Some(c"size=128k")).expect("this test needs root");
        Self(path.to_owned())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = rustix::mount::unmount(&self.0, rustix::mount::UnmountFlags::DETACH);
    }
}

#[test]
#[ignore = "needs root"]
fn a_full_disk_is_called_by_its_name() {
    let setting = Setting::new();
    let _disk = SmallDisk::mount(&setting.path("tree/m"));
    setting.setup.root.writable().create_dir_all(&setting.path("tree/m/1")).unwrap();
    setting.setup.root.writable().symlink(&setting.path("src/m-1"), &setting.path("tree/m/1/source")).unwrap();
    let failed = setting.build(setting.order(Some("dd if=/dev/zero of=big bs=1k count=1000"))).unwrap_err();
    assert!(failed.of_the_machine && matches!(failed.error, Error::MakeFailed { .. }), "{}", failed.error);
    drop(failed);
    setting.write("src/m-1/huge", &"x".repeat(200_000));
    let failed = setting.build(setting.order(None)).unwrap_err();
    let Error::SourceUncopied { cause, .. } = &failed.error else { panic!("{}", failed.error) };
    assert!(matches!(&**cause, Error::Io { source, .. } if source.kind() == std::io::ErrorKind::StorageFull));
    assert!(failed.error.hint().unwrap().starts_with("make room"), "{}", failed.error);
    drop(failed);
    assert_eq!(setting.names("tree/m/1"), ["source"]);
}

#[test]
fn a_cancelled_build_leaves_nothing() {
    let setting = Setting::new();
    let cell = setting.setup.cancel.cell();
    let jobs = setting.jobs();
    let failed = super::build(&setting.setup, setting.order(Some("sleep 1000 & wait")), &jobs, &|event| {
        if matches!(event, BuildEvent::StepBegun { .. }) {
            cell.store(2, Ordering::Relaxed);
        }
    })
    .unwrap_err();
    assert!(matches!(failed.error, Error::Interrupted { signal: 2 }));
    drop(failed);
    assert_eq!(setting.names("tree/m/1"), ["source"]);
}

#[test]
fn sources_that_cannot_be_built_from() {
    let setting = Setting::new();
    setting.setup.root.writable().remove_file(&setting.path("src/m-1/m.c")).unwrap();
    setting.setup.root.writable().remove_file(&setting.path("src/m-1/Makefile")).unwrap();
    assert!(matches!(setting.build(setting.order(None)).unwrap_err().error, Error::SourceEmpty { .. }));
    setting.setup.root.writable().remove_tree(&setting.path("src/m-1")).unwrap();
    assert!(matches!(setting.build(setting.order(None)).unwrap_err().error, Error::Broken { .. }));
}
