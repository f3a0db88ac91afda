//! From built objects to a stored build, with a program that signs as the kernel's own does.

use std::path::Path;
use std::sync::Arc;

use dkms_conf::module_config::Scripts;

use super::*;
use crate::build::testing::Setting;
use crate::fingerprint::{Fingerprint, Part};
use crate::module_file::compression::Compression;
use crate::module_file::info::ModuleInfo;
use crate::record::{self, BuildRecord, Manifest};
use crate::system::lock::Guard;

/// The kernel's sign-file in a few lines: message, structure, magic.
pub(super) const SIGN_FILE: &str = r#"#!/bin/bash
set -e
openssl x509 -inform DER -in "$3" -out "$4.pem"
openssl cms -sign -binary -noattr -nocerts -nosmimecap -md "$1" -signer "$4.pem" -inkey "$2" -in "$4" -outform DER -out "$4.p7s" 2>/dev/null
size=$(printf '%08x' $(stat -c %s "$4.p7s"))
cat "$4.p7s" >> "$4"
printf '\0\0\2\0\0\0\0\0' >> "$4"
printf "\\x${size:0:2}\\x${size:2:2}\\x${size:4:2}\\x${size:6:2}~Module signature appended~\n" >> "$4"
"#;
pub(super) const SIGNING: &str = "CONFIG_X86_64=y\nCONFIG_MODULE_SIG=y\nCONFIG_MODULE_SIG_HASH=\"sha512\"\n";

pub(super) fn framework(setting: &mut Setting, text: &str) {
    let text = format!("dkms_tree={}\n{text}\n", setting.path("tree").display());
    let source = dkms_conf::Source::new("framework.conf", text);
    setting.setup.framework = dkms_conf::FrameworkConfig::parse(&[source]).0;
}

fn signing() -> Setting {
    let mut setting = Setting::new();
    setting.executable("modules/6.1.0/build/scripts/sign-file", SIGN_FILE);
    framework(&mut setting, "try_sign_modules=true");
    setting
}

fn guard(setting: &Setting) -> Guard {
    Guard::acquire(&setting.setup.root, &setting.setup.layout.lock(), &mut |_| {}).unwrap()
}

fn order(setting: &Setting, compression: Compression) -> BuildOrder {
    let mut order = setting.order(None);
    order.kernel = Arc::new(setting.kernel(SIGNING, compression));
    order
}

fn signed(setting: &Setting, order: BuildOrder) -> Result<Signed, Box<Failed>> {
    let signer = keys::prepare(&setting.setup, &guard(setting), &order.kernel).unwrap();
    let built = setting.build(order)?;
    let listener = |event| setting.events.lock().unwrap().push(event);
    sign(&setting.setup, built, &signer, &setting.jobs(), &listener)
}

fn store(setting: &Setting, signed: Signed) -> Signed {
    let origin = Origin { fingerprint: Fingerprint::default() };
    signed.store(&setting.setup, &setting.jobs(), &guard(setting), origin).unwrap()
}

#[test]
fn every_format_is_signed_stored_and_found_again() {
    let setting = signing();
    for compression in Compression::ALL {
        let signed = signed(&setting, order(&setting, compression)).unwrap();
        let Signature::Signed { signer, digest, .. } = signed.signature.clone() else {
            panic!("{:?}", signed.signature)
        };
        assert_eq!((signer.as_str(), digest.as_str()), ("Kernel modules built on this machine (dkms)", "sha512"));
        let stored = store(&setting, signed);
        let path = &stored.objects[0].path;
        assert_eq!(*path, setting.path(&format!("tree/m/1/6.1.0/x86_64/module/m.ko{}", compression.suffix())));
        let info = ModuleInfo::read(&setting.setup.root, path).unwrap();
        assert_eq!(info.signature.unwrap().digest, "sha512");
        let loaded = Signed::load(&setting.setup, &stored.target).unwrap().unwrap();
        assert_eq!((&loaded.objects, &loaded.signature), (&stored.objects, &stored.signature));
    }
    assert_eq!(setting.names("tree/m/1"), ["6.1.0", "source"]);
    assert_eq!(setting.names("tree/m/1/6.1.0/x86_64"), [".record.json", "log", "module"]);
    assert_eq!(setting.names("tree/m/1/6.1.0/x86_64/log"), ["make.log"]);
    let mode = |path: &str| setting.setup.root.meta(&setting.path(path)).unwrap().mode;
    assert_eq!((mode("tree/m/1/6.1.0/x86_64"), mode("tree/m/1/6.1.0/x86_64/module/m.ko.zst")), (0o755, 0o644));
}

#[test]
fn the_record_says_how_it_came_about() {
    let mut setting = signing();
    setting.setup.options.asked_by = "test".into();
    let target = store(&setting, signed(&setting, order(&setting, Compression::Xz)).unwrap()).target;
    let record: BuildRecord = record::load(&setting.setup.root, &setting.setup.layout.record(&target)).unwrap();
    let content = setting.setup.layout.objects(&target).join("m.ko.xz");
    assert!(record.objects[0].content.holds(&setting.setup.root, &content));
    assert!(record.objects[0].content.untouched(&setting.setup.root.meta(&content).unwrap()));
    assert_eq!((record.asked_by.as_str(), record.custom), ("test", false));
    let signer = Signer::find(&setting.setup, &order(&setting, Compression::Xz).kernel);
    assert_eq!(record.fingerprint.signer, Part::of_text(&signer.identity(&setting.setup.root)));
    assert!(!record.fingerprint.signer.content.is_empty() && record.peak_kib > 0);
}

#[test]
fn debugging_information_goes_unless_it_is_to_stay() {
    let setting = signing();
    let size = |strip: bool| {
        let mut order = order(&setting, Compression::None);
        order.config.records[0].strip = strip;
        let signed = signed(&setting, order).unwrap();
        setting.setup.root.meta(&signed.objects[0].path).unwrap().size
    };
    assert!(size(true) < size(false));
}

#[test]
fn a_failing_program_leaves_the_modules_unsigned_and_says_so() {
    let setting = signing();
    setting.executable("modules/6.1.0/build/scripts/sign-file", "#!/bin/sh\necho \"$4: no key for you\" >&2; exit 2\n");
    let signed_one = signed(&setting, order(&setting, Compression::None)).unwrap();
    let Signature::Failed { reason } = &signed_one.signature else { panic!("{:?}", signed_one.signature) };
    assert!(reason.contains("the module: no key for you"));
    assert!(ModuleInfo::read(&setting.setup.root, &signed_one.objects[0].path).unwrap().signature.is_none());
    setting.executable("modules/6.1.0/build/scripts/sign-file", "#!/bin/sh\n:\n");
    let lied = signed(&setting, order(&setting, Compression::None)).unwrap();
    assert!(matches!(&lied.signature, Signature::Failed { reason } if reason.contains("added no signature")));
}

#[test]
fn the_program_finds_what_the_build_environment_exports() {
    let mut setting = signing();
    setting.write("pin.sh", "export KBUILD_SIGN_PIN=1234\n");
    let file = setting.path("pin.sh");
    framework(&mut setting, &format!("try_sign_modules=true\nbuild_environment={}", file.display()));
    let script = "#!/bin/sh\necho \"pin $KBUILD_SIGN_PIN\" >&2; exit 2\n";
    setting.executable("modules/6.1.0/build/scripts/sign-file", script);
    let signed_one = signed(&setting, order(&setting, Compression::None)).unwrap();
    assert!(matches!(&signed_one.signature, Signature::Failed { reason } if reason.contains("pin 1234")));
}

#[test]
fn a_kernel_that_insists_gets_no_unsigned_module() {
    let setting = signing();
    setting.executable("modules/6.1.0/build/scripts/sign-file", "#!/bin/sh\nexit 2\n");
    let mut order = order(&setting, Compression::None);
    let config = format!("{SIGNING}CONFIG_MODULE_SIG_FORCE=y\n");
    order.kernel = Arc::new(setting.kernel(&config, Compression::None));
    assert!(matches!(signed(&setting, order.clone()).unwrap_err().error, Error::Signing { .. }));
    setting.setup.root.writable().remove_file(&setting.path("modules/6.1.0/build/scripts/sign-file")).unwrap();
    assert!(matches!(signed(&setting, order).unwrap_err().error, Error::Signing { .. }));
}

#[test]
fn kernels_without_signatures_get_none() {
    let setting = signing();
    let signed = signed(&setting, setting.order(None)).unwrap();
    assert_eq!(
        signed.signature,
        Signature::Unsigned { reason: "the kernel does not support module signatures".into() }
    );
    assert!(setting.warnings().is_empty() && setting.names("tree").iter().all(|name| !name.starts_with("mok")));
}

fn with_post_build(setting: &Setting, script: &str) -> BuildOrder {
    setting.executable("src/m-1/post.sh", &format!("#!/bin/sh\n{script}\n"));
    let mut order = order(setting, Compression::None);
    order.config.scripts = Scripts { post_build: Some("post.sh".into()), ..Scripts::default() };
    order
}

fn post_build_sees_the_result(setting: &Setting, jobs: &Jobs) {
    let kept = store(setting, signed(setting, order(setting, Compression::None)).unwrap());
    let first = setting.setup.root.read(&kept.objects[0].path).unwrap();
    let script = format!("cd {} && [ -e ../../build/m.ko ] && echo > mark", kept.directory.display());
    for (end, fails) in [("exit 5", true), ("exit 0", false)] {
        let order = with_post_build(setting, &format!("{script}; [ -e mark ] && {end}"));
        let signer = Signer::find(&setting.setup, &order.kernel);
        let built = setting.build_with(order, jobs).unwrap();
        let result = sign(&setting.setup, built, &signer, jobs, &|_| {});
        assert_eq!(setting.setup.root.read(&kept.objects[0].path).unwrap(), first, "the older build is there");
        assert!(!setting.setup.root.exists(&kept.directory.join("mark")));
        match result {
            Err(failed) => {
                assert!(fails && matches!(failed.error, Error::ScriptFailed { status: 5, .. }), "{}", failed.error)
            }
            Ok(signed) => {
                assert!(!fails);
                let stored = store(setting, signed);
                assert!(setting.setup.root.exists(&stored.directory.join("mark")));
                let log = setting.setup.root.read_to_string(&stored.directory.join("log/make.log")).unwrap();
                assert!(log.contains("post-build script"), "{log}");
            }
        }
    }
    assert_eq!(setting.names("tree/m/1"), ["6.1.0", "source"]);
}

#[test]
fn post_build_finds_the_result_in_its_place_and_may_withdraw_it() {
    let setting = signing();
    post_build_sees_the_result(&setting, &setting.jobs());
}

#[test]
fn post_build_without_namespaces() {
    let setting = signing();
    let jobs = setting.jobs();
    jobs.refuse_private_mounts();
    post_build_sees_the_result(&setting, &jobs);
}

#[test]
fn a_rebuild_keeps_the_list_of_what_is_installed() {
    let setting = signing();
    let target = store(&setting, signed(&setting, order(&setting, Compression::None)).unwrap()).target;
    let manifest = Manifest { format: record::Format, ..Manifest::default() };
    record::store(&setting.setup.root.writable(), &setting.setup.layout.manifest(&target), &manifest).unwrap();
    store(&setting, signed(&setting, order(&setting, Compression::Gzip)).unwrap());
    assert_eq!(record::load(&setting.setup.root, &setting.setup.layout.manifest(&target)), Some(manifest));
    assert_eq!(setting.names("tree/m/1/6.1.0/x86_64/module"), ["m.ko.gz"]);
}

#[test]
fn versions_of_dependencies_are_left_for_the_original() {
    let setting = signing();
    setting.write("tree/dep/2.5/6.1.0/x86_64/module/x", "");
    setting
        .setup
        .root
        .writable()
        .symlink(Path::new("2.5/6.1.0/x86_64"), &setting.path("tree/dep/kernel-6.1.0-x86_64"))
        .unwrap();
    let mut order = order(&setting, Compression::None);
    order.config.build_depends = vec!["dep".into()];
    order.config.build_depends_rebuild = true;
    store(&setting, signed(&setting, order).unwrap());
    assert_eq!(setting.text("tree/m/1/6.1.0/x86_64/.dep_dep"), "2.5\n");
}

#[test]
fn builds_of_the_original_are_found_by_their_files() {
    let setting = signing();
    let target = order(&setting, Compression::None).target;
    assert!(Signed::load(&setting.setup, &target).unwrap().is_none());
    let stored = store(&setting, signed(&setting, order(&setting, Compression::Zstd)).unwrap());
    setting.setup.root.writable().remove_file(&setting.setup.layout.record(&target)).unwrap();
    setting.write("tree/m/1/6.1.0/x86_64/module/Module.symvers", "");
    let found = Signed::load(&setting.setup, &target).unwrap().unwrap();
    assert_eq!(found.objects, stored.objects);
    assert!(matches!(found.signature, Signature::Signed { .. }) && found.symvers.is_some());
}

/// A module that somebody else has signed, whose key is not ours any more; what it is, and the build that takes it as it is.
fn arriving(setting: &Setting) -> (Vec<u8>, BuildOrder) {
    let foreign = signed(setting, order(setting, Compression::None)).unwrap();
    let content = setting.setup.root.read(&foreign.objects[0].path).unwrap();
    std::fs::write(setting.path("foreign.ko"), &content).unwrap();
    for half in ["tree/mok.key", "tree/mok.pub"] {
        std::fs::remove_file(setting.path(half)).unwrap();
    }
    let mut order = setting.order(Some(&format!("cp {} m.ko", setting.path("foreign.ko").display())));
    order.kernel = Arc::new(setting.kernel(SIGNING, Compression::None));
    (content, order)
}

/// The kernel has a module of its own by that key, so it trusts it.
fn trusts(setting: &Setting, module: &[u8]) {
    std::fs::create_dir_all(setting.path("modules/6.1.0/kernel")).unwrap();
    std::fs::write(setting.path("modules/6.1.0/kernel/own.ko"), module).unwrap();
}

#[test]
fn a_signature_that_the_kernel_trusts_stays() {
    let setting = signing();
    let (content, order) = arriving(&setting);
    trusts(&setting, &content);
    let kept = signed(&setting, order).unwrap();
    assert_eq!(setting.setup.root.read(&kept.objects[0].path).unwrap(), content, "it is not stripped either");
    assert_eq!(kept.signature, found(&content));
}

#[test]
fn any_other_signature_goes_before_ours_is_put() {
    let mut setting = signing();
    let (content, order) = arriving(&setting);
    let check = |setting: &Setting| {
        let ours = signed(setting, order.clone()).unwrap();
        let now = setting.setup.root.read(&ours.objects[0].path).unwrap();
        assert!(found(&now) != found(&content), "signed by the new key");
        let (bare, one) = crate::module_file::signature::strip_signature(&now);
        assert!(one.is_some() && crate::module_file::signature::strip_all(&now) == bare, "one signature");
    };
    check(&setting);
    trusts(&setting, &content);
    // The administrator wants it so.
    framework(&mut setting, "try_sign_modules=true\nsign=local");
    check(&setting);
}
