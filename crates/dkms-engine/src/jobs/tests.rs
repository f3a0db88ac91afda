//! The tokens, with real `make`s where it is make that must understand us.

use super::*;
use crate::system::environment::Environment;
use crate::system::root::Root;

fn setup(jobs: u32, makeflags: &str) -> Setup {
    let (_, mut setup) = crate::testing::setup();
    setup.environment = Environment::new([("MAKEFLAGS".into(), makeflags.into())]);
    setup.options.jobs = Some(jobs);
    setup
}

#[test]
fn a_token_goes_to_the_next_build_before_it_goes_to_the_pipe() {
    let setup = setup(1, "");
    let jobs = Jobs::new(&setup, &setup.root.writable()).unwrap();
    let first = jobs.token(&setup.cancel, &mut || ()).unwrap();
    std::thread::scope(|scope| {
        let second = scope.spawn(|| drop(jobs.token(&setup.cancel, &mut || ()).unwrap()));
        while lock(&jobs.pool).waiting == 0 {
            std::thread::yield_now();
        }
        drop(first);
        second.join().unwrap();
    });
    drop(jobs.token(&setup.cancel, &mut || ()).unwrap());
}

#[test]
fn waiting_ends_when_the_run_is_cancelled() {
    let setup = setup(1, "");
    let jobs = Jobs::new(&setup, &setup.root.writable()).unwrap();
    let _held = jobs.token(&setup.cancel, &mut || ()).unwrap();
    setup.cancel.cell().store(2, std::sync::atomic::Ordering::Relaxed);
    assert!(matches!(jobs.token(&setup.cancel, &mut || ()), Err(Error::Interrupted { signal: 2 })));
}

#[test]
fn tokens_lost_with_a_killed_make_come_back() {
    let setup = setup(2, "");
    let jobs = Jobs::new(&setup, &setup.root.writable()).unwrap();
    let token = jobs.token(&setup.cancel, &mut || ()).unwrap();
    assert!(jobs.server.as_ref().unwrap().take().unwrap().is_some());
    drop(token);
    let (_one, _two) = (jobs.token(&setup.cancel, &mut || ()).unwrap(), jobs.token(&setup.cancel, &mut || ()).unwrap());
}

#[test]
fn the_callers_jobserver_is_used() {
    let (read, write) = rustix::pipe::pipe().unwrap();
    rustix::io::write(&write, b"x").unwrap();
    use std::os::fd::AsRawFd;
    let setup = setup(8, &format!(" -j2 --jobserver-auth={},{}", read.as_raw_fd(), write.as_raw_fd()));
    let jobs = Jobs::new(&setup, &setup.root.writable()).unwrap();
    let (own, lent) = (jobs.token(&setup.cancel, &mut || ()).unwrap(), jobs.token(&setup.cancel, &mut || ()).unwrap());
    assert_eq!((own.byte, lent.byte), (None, Some(b'x')));
    assert!(jobs.server.as_ref().unwrap().take().unwrap().is_none());
    drop((own, lent));
    assert_eq!(jobs.server.as_ref().unwrap().take().unwrap(), Some(b'x'), "the lent one went back");
}

#[test]
fn a_jobserver_that_is_not_there_is_none() {
    for flags in ["--jobserver-auth=998,999", "--jobserver-auth=fifo:/nowhere", "--jobserver-auth=-2,-2", "-j4", "k"] {
        assert!(Server::inherited(flags).is_none(), "{flags}");
    }
}

#[test]
fn the_callers_flags_are_kept_around_ours() {
    let flags = |inherited: &str, ours| makeflags(Some(inherited.as_ref()), ours).map(|f| f.into_string().unwrap());
    let ours = "-j --jobserver-auth=3,4";
    assert_eq!(flags("", Some(ours)).unwrap(), format!(" {ours}"));
    assert_eq!(flags("kw -j8 --jobserver-auth=8,9 -- V=1", Some(ours)).unwrap(), format!("kw {ours} -- V=1"));
    assert_eq!(flags(" -j8 --jobserver-auth=8,9 -- V=1", None).unwrap(), "  -- V=1");
    assert_eq!(flags(" -j8 --jobserver-auth=8,9", None), None);
}

#[test]
fn others_find_the_pool_at_its_path() {
    let mut setup = setup(2, "");
    setup.root = Root::open(Path::new("/")).unwrap();
    let jobs = Jobs::new(&setup, &setup.root.writable()).unwrap();
    let path = jobs.server.as_ref().unwrap().path();
    let taken = setup.tool(SHELL).unwrap().arg("-c").arg(format!("head -c 1 {}", path.display()));
    assert_eq!(taken.inherit(&setup.environment).require().unwrap(), b"+");
    assert!(jobs.server.as_ref().unwrap().take().unwrap().is_some());
    assert!(jobs.server.as_ref().unwrap().take().unwrap().is_none(), "the other one was taken through the path");
}

#[test]
fn a_mount_point_stays_until_the_last_lets_go() {
    let directory = tempfile::tempdir().unwrap();
    let root = Root::open(directory.path()).unwrap();
    let setup = setup(1, "");
    let (jobs, path) = (Jobs::new(&setup, &root.writable()).unwrap(), Path::new("/m/1/build"));
    let module = ModuleId::new("m", "1").unwrap();
    let one = jobs.mount_point(path, Path::new("/m/1")).unwrap();
    let two = jobs.mount_point(path, Path::new("/m/1")).unwrap();
    drop(one);
    jobs.clear_unless_mounted(&module, path).unwrap();
    assert!(root.is_dir(path));
    drop(two);
    assert!(!root.exists(path));
}

#[test]
fn a_shared_directory_stays_for_the_build_whose_turn_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let root = Root::open(directory.path()).unwrap();
    let setup = setup(1, "");
    let (jobs, path) = (Jobs::new(&setup, &root.writable()).unwrap(), Path::new("/m/1/build"));
    let module = ModuleId::new("m", "1").unwrap();
    let (has_turn, turn) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            jobs.in_turn(&module, || {
                root.writable().create_dir_all(path).unwrap();
                has_turn.send(()).unwrap();
                std::thread::sleep(std::time::Duration::from_millis(50));
                assert!(root.is_dir(path), "taken away from a build");
            });
        });
        turn.recv().unwrap();
        jobs.clear_unless_mounted(&module, path).unwrap();
    });
    assert!(!root.exists(path));
}
