//! Confs that the bash of this machine evaluates, in sources of all kinds.

use dkms_conf::{Assignments, Context, Directive, Refusal, Source, shell};

use super::*;
use crate::system::root::Root;
use crate::testing;

/// A source in a directory of its own.
struct Scene {
    directory: tempfile::TempDir,
    setup: Setup,
    /// The copy is in a directory, as where no mounts are to be had.
    moved: bool,
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
}

impl Scene {
    fn new() -> Self {
        let (_directory, mut setup) = testing::setup();
        setup.root = Root::open(Path::new("/")).unwrap();
        let directory = tempfile::tempdir().unwrap();
        set_mode(directory.path(), 0o755);
        std::fs::create_dir(directory.path().join("m")).unwrap();
        Self { directory, setup, moved: false }
    }

    fn source(&self) -> PathBuf {
        self.directory.path().join("m")
    }

    fn write(&self, path: &str, content: &str, mode: u32) {
        let path = self.source().join(path);
        std::io::Write::write_all(&mut std::fs::File::create(&path).unwrap(), content.as_bytes()).unwrap();
        set_mode(&path, mode);
    }

    fn evaluate(&self, text: &str) -> (Result<ShellAnswer, String>, Option<Assignments>) {
        self.write("dkms.conf", text, 0o644);
        self.evaluate_file(&self.source().join("dkms.conf"), text)
    }

    fn evaluate_file(&self, path: &Path, text: &str) -> (Result<ShellAnswer, String>, Option<Assignments>) {
        let source = Source::new(path.display().to_string(), text);
        let context = Context { kernelver: Some("6.1".into()), ..Context::default() };
        let refusal = Refusal { construct: String::new(), location: source.whole(), over_budget: false };
        let request = shell::request(&refusal, &source, &context, &Assignments::default());
        let before = self.setup.root.list(&self.source()).unwrap();
        let shell = ContainedShell::new(&self.setup, 5, &self.source());
        let answer = if self.moved {
            let view = View::in_directory(&self.setup, &self.source(), path, NOBODY).unwrap();
            shell.answer(&request, Some(&view)).unwrap()
        } else {
            shell.run(&request)
        };
        // Without root it is the caller, who may write here.
        if rustix::process::geteuid().is_root() {
            assert_eq!(self.setup.root.list(&self.source()).unwrap(), before, "it wrote");
        }
        let values = answer.as_ref().ok().and_then(|answer| shell::read_result(&source, &answer.result).unwrap());
        (answer, values)
    }

    fn value(&self, text: &str) -> String {
        let (answer, values) = self.evaluate(&format!("{text}\nPRE_BUILD=\"$X\""));
        let Some(values) = values else { panic!("{answer:?}") };
        values.text(Directive::PreBuild, 0).unwrap_or_default().to_owned()
    }
}

fn value(text: &str) -> String {
    Scene::new().value(text)
}

#[test]
fn it_sees_its_variables_and_the_processors_it_is_told() {
    assert_eq!(value("X=\"$kernelver $(nproc) ${BASH_SOURCE##*/} $0\""), "6.1 5 dkms.conf /usr/sbin/dkms");
}

#[test]
fn it_gets_no_rights_and_few_variables() {
    assert_eq!(value("X=$(grep -c NoNewPrivs:.1 /proc/self/status)"), "1");
    assert_eq!(
        value("X=$(env | cut -d= -f1 | grep -vx -e _ -e SHLVL -e PWD | sort | tr '\\n' ' ')"),
        "LC_ALL OMP_NUM_THREADS PATH "
    );
}

#[test]
fn what_it_prints_is_no_value_and_what_ends_it_leaves_none() {
    assert_eq!(value("echo 'MAKE[0]=evil'; X=fine"), "fine");
    let (answer, values) = Scene::new().evaluate("MAKE=x\nexit 3");
    assert!(answer.is_ok() && values.is_none());
    let (answer, _) = Scene::new().evaluate("echo oh >&2");
    assert_eq!(answer.unwrap().stderr.trim(), "oh");
}

#[test]
fn it_reads_and_writes_beside_itself_and_nothing_of_that_stays() {
    reads_and_writes(&Scene::new());
}

fn reads_and_writes(scene: &Scene) {
    scene.write("VERSION", "1.2", 0o600);
    scene.write("version.sh", "#!/bin/sh\necho v$(cat VERSION)", 0o700);
    let text = "D=${BASH_SOURCE%/*}\necho V=4.1 >\"$D/version.conf\" && . ./version.conf\n\
                X=\"$(cat VERSION) $(./version.sh) $V ${_conf_file##*/} $PWD\"";
    let real = std::fs::canonicalize(scene.source()).unwrap();
    assert_eq!(scene.value(text), format!("1.2 v1.2 4.1 dkms.conf {}", real.display()));
}

#[test]
fn what_does_not_end_or_takes_all_memory_has_no_values() {
    let scene = Scene::new();
    let (answer, _) = scene.evaluate("while :; do :; done");
    assert!(answer.is_err(), "{answer:?}");
    let (answer, values) = scene.evaluate("PRE_BUILD=x\nX=aaaaaaaaaaaaaaaa\nwhile :; do X=$X$X; done");
    assert!(answer.is_err() || values.is_none(), "{answer:?}");
}

#[test]
fn a_source_that_is_too_large_is_no_hindrance() {
    let scene = Scene::new();
    scene.write("VERSION", "1.2", 0o644);
    let large = std::fs::File::create(scene.source().join("large")).unwrap();
    large.set_len(100 << 20).unwrap();
    assert_eq!(scene.value("X=$(cat VERSION)"), "1.2");
}

/// What only root can make or tell apart.
mod as_root {
    use super::*;

    fn needs_root() {
        assert!(rustix::process::geteuid().is_root(), "this test needs root");
    }

    #[test]
    #[ignore = "needs root"]
    fn it_is_a_user_without_network_or_anything_to_write() {
        needs_root();
        let elsewhere = tempfile::tempdir().unwrap();
        set_mode(elsewhere.path(), 0o777);
        let written = elsewhere.path().join("written");
        assert_eq!(value("X=$(id -u)"), "65534");
        assert_eq!(value(&format!("echo x >{}; X=$?", written.display())), "1");
        assert!(!written.exists());
        assert_eq!(value("X=$(tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' ')"), "lo");
    }

    #[test]
    #[ignore = "needs root"]
    fn it_reads_and_writes_beside_itself_also_where_no_mounts_are_to_be_had() {
        needs_root();
        for moved in [false, true] {
            reads_and_writes(&Scene { moved, ..Scene::new() });
        }
    }

    #[test]
    #[ignore = "needs root"]
    fn a_private_directory_shows_its_source_and_nothing_else() {
        needs_root();
        for moved in [false, true] {
            let scene = Scene { moved, ..Scene::new() };
            scene.write("inner.conf", "V=1", 0o600);
            scene.write("../secret", "secret", 0o644);
            scene.write("../foreign", "secret", 0o600);
            let source = scene.source();
            let link = |to: &str, name: &str| std::os::unix::fs::symlink(to, source.join(name)).unwrap();
            link("/etc/shadow", "shadow");
            link("../secret", "up");
            link("inner.conf", "inside");
            std::fs::hard_link(source.join("../foreign"), source.join("second-name")).unwrap();
            std::os::unix::fs::chown(&source, Some(1000), Some(1000)).unwrap();
            let fifo = rustix::fs::FileType::Fifo;
            rustix::fs::mknodat(rustix::fs::CWD, source.join("fifo"), fifo, 0o666.into(), 0).unwrap();
            set_mode(&source, 0o700);
            set_mode(scene.directory.path(), 0o700);
            let text =
                ". \"${BASH_SOURCE%/*}/inside\"\nX=\"$V $(cat shadow up ../secret second-name 2>/dev/null) $(ls)\"";
            let names = "dkms.conf inner.conf inside shadow up";
            assert_eq!(scene.value(&text.replace("$(ls)", "$(echo $(ls))")), format!("1  {names}"), "moved: {moved}");
            set_mode(scene.directory.path(), 0o755);
        }
    }

    #[test]
    #[ignore = "needs root"]
    fn a_file_that_others_may_not_read_is_evaluated_where_it_lies() {
        needs_root();
        for (moved, mode) in [(false, 0o755), (false, 0o700), (true, 0o700)] {
            let scene = Scene { moved, ..Scene::new() };
            scene.write("VERSION", "1.2", 0o644);
            let elsewhere = tempfile::tempdir().unwrap();
            let path = elsewhere.path().join("mine.conf");
            let text = "PRE_BUILD=\"$(cat VERSION) ${BASH_SOURCE##*/} $(cat ${BASH_SOURCE%/*}/secret 2>/dev/null)\"";
            scene.write(elsewhere.path().join("secret").to_str().unwrap(), "secret", 0o600);
            scene.write(path.to_str().unwrap(), text, 0o600);
            set_mode(elsewhere.path(), mode);
            let (answer, values) = scene.evaluate_file(&path, text);
            let values = values.unwrap_or_else(|| panic!("{answer:?}"));
            let name = if moved { "1" } else { "mine.conf" };
            assert_eq!(values.text(Directive::PreBuild, 0), Some(format!("1.2 {name} ").as_str()), "{moved} {mode:o}");
        }
    }

    #[test]
    #[ignore = "needs root"]
    fn of_a_source_that_is_too_large_a_part_is_seen() {
        needs_root();
        let scene = Scene::new();
        std::fs::File::create(scene.source().join("large")).unwrap().set_len(100 << 20).unwrap();
        let (answer, _) = scene.evaluate("cat large");
        assert!(answer.unwrap().stderr.contains("a part of its source"));
    }

    #[test]
    #[ignore = "needs root"]
    fn a_root_that_others_cannot_enter_is_named() {
        needs_root();
        let (directory, setup) = testing::setup();
        set_mode(directory.path(), 0o700);
        testing::write(&setup, "/open.conf", "");
        let request = ShellRequest { path: "/open.conf".into(), ..ShellRequest::default() };
        let problem = ContainedShell::new(&setup, 1, Path::new("/nowhere")).run(&request).unwrap_err();
        assert!(problem.contains("cannot enter"), "{problem}");
    }
}
