//! Which key, and when one is made; openssl is the real one.

use std::path::Path;

use super::*;
use crate::build::testing::Setting;
use crate::layout::SHIM_KEY_PAIR;
use crate::module_file::compression::Compression;
use crate::setup::distribution::Distribution;
use crate::sign::tests::{SIGN_FILE, SIGNING, framework};
use crate::signer::{Decision, Maker, places};
use crate::system::root::Root;

fn setting(framework_conf: &str) -> Setting {
    let mut setting = Setting::new();
    setting.executable("modules/6.1.0/build/scripts/sign-file", SIGN_FILE);
    framework(&mut setting, framework_conf);
    setting
}

fn kernel(setting: &Setting) -> Kernel {
    setting.kernel(SIGNING, Compression::None)
}

fn guard(setting: &Setting) -> Guard {
    Guard::acquire(&setting.setup.root, &setting.setup.layout.lock(), &mut |_| {}).unwrap()
}

fn reason(decision: &Decision) -> &str {
    match decision {
        Decision::Sign { .. } => "",
        Decision::Leave { reason } | Decision::Unable { reason } => reason,
    }
}

#[test]
fn a_pair_is_made_once_and_whole() {
    let setting = setting("try_sign_modules=true");
    assert!(matches!(Signer::find(&setting.setup, &kernel(&setting)).decision, Decision::Unable { .. }));
    assert!(!setting.names("tree").contains(&"mok.key".to_owned()), "looking makes nothing");
    let signer = prepare(&setting.setup, &guard(&setting), &kernel(&setting)).unwrap();
    assert!(signer.signs() && signer.report.generated);
    let (key, certificate) = (setting.path("tree/mok.key"), setting.path("tree/mok.pub"));
    assert_eq!((signer.report.key.as_deref(), signer.report.certificate.as_ref()), (key.to_str(), Some(&certificate)));
    let root = &setting.setup.root;
    assert_eq!((root.meta(&key).unwrap().mode, root.meta(&certificate).unwrap().mode), (0o600, 0o644));
    assert!(setting.text("tree/mok.key").starts_with("-----BEGIN PRIVATE KEY-----"));
    let arguments = ["x509", "-inform", "DER", "-noout", "-text", "-in", certificate.to_str().unwrap()];
    let text = setting.setup.tool("openssl").unwrap().args(arguments).require().unwrap();
    let text = String::from_utf8(text).unwrap();
    for part in ["Code Signing", "CA:TRUE", "Public-Key: (2048 bit)", "sha256WithRSAEncryption"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(setting.names("tree"), [".dkms-rs", "m", "mok.key", "mok.pub"]);
    let before = root.read(&key).unwrap();
    let again = prepare(&setting.setup, &guard(&setting), &kernel(&setting)).unwrap();
    assert!(again.signs() && !again.report.generated && root.read(&key).unwrap() == before);
}

#[test]
fn half_a_pair_is_never_replaced() {
    for (there, missing) in [("mok.key", "mok.pub"), ("mok.pub", "mok.key")] {
        let setting = setting("try_sign_modules=true");
        setting.write(&format!("tree/{there}"), "precious");
        let signer = prepare(&setting.setup, &guard(&setting), &kernel(&setting)).unwrap();
        let found = reason(&signer.decision);
        assert!(found.contains(&format!("{missing}` is missing")), "{found}");
        assert_eq!(setting.text(&format!("tree/{there}")), "precious");
        let error = ensure(&setting.setup, &guard(&setting), &kernel(&setting)).unwrap_err();
        assert!(error.hint().unwrap().contains("generate_mok"));
    }
}

#[test]
fn images_get_no_keys_unless_asked() {
    let mut image = setting("");
    image.setup.root = Root::open(&image.path("")).unwrap();
    let signer = prepare(&image.setup, &guard(&setting("")), &kernel(&image)).unwrap();
    assert!(
        matches!(&signer.decision, Decision::Leave { reason } if reason.contains("image")),
        "{:?}",
        signer.decision
    );
    let mut faked = setting("");
    faked.setup.environment = crate::system::environment::Environment::new([("FAKECHROOT".into(), "true".into())]);
    assert!(matches!(Signer::find(&faked.setup, &kernel(&faked)).decision, Decision::Leave { .. }));
    let never = setting("try_sign_modules=false");
    assert!(reason(&Signer::find(&never.setup, &kernel(&never)).decision).contains("is false"));
}

#[test]
fn configured_places_come_first_and_follow_the_kernel() {
    let mut one =
        setting("try_sign_modules=true\nmok_signing_key=/k/$kernelver.key\nmok_certificate=/k/$kernelver.pub");
    one.setup.distribution = Distribution::parse("ID=ubuntu");
    let found = places(&one.setup, &kernel(&one));
    assert_eq!((found.key.as_str(), found.certificate.as_path()), ("/k/6.1.0.key", Path::new("/k/6.1.0.pub")));
    assert_eq!(found.maker, Maker::Ourselves);
    let error = ensure(&one.setup, &guard(&one), &kernel(&one)).unwrap_err().to_string();
    assert!(error.contains("there is no directory `/k`"), "{error}");
}

#[test]
fn a_token_needs_only_its_certificate() {
    let one = setting("try_sign_modules=true\nmok_signing_key='pkcs11:object=k'");
    let found = reason(&prepare(&one.setup, &guard(&one), &kernel(&one)).unwrap().decision).to_owned();
    assert!(found.contains("mok.pub` is missing"), "{found}");
    one.write("tree/mok.pub", "certificate");
    let signer = prepare(&one.setup, &guard(&one), &kernel(&one)).unwrap();
    assert!(matches!(signer.decision, Decision::Sign { key, .. } if key == "pkcs11:object=k"));
}

#[test]
fn distributions_have_habits() {
    let mut one = setting("");
    one.setup.distribution = Distribution::parse("ID=ubuntu");
    let found = places(&one.setup, &kernel(&one));
    assert_eq!((found.key.as_str(), found.maker), (SHIM_KEY_PAIR[0], Maker::ShimSigned));
    one.setup.distribution = Distribution::parse("ID=gentoo");
    let config = format!("{SIGNING}CONFIG_MODULE_SIG_KEY=\"certs/signing_key.pem\"\n");
    let of_kernel = places(&one.setup, &one.kernel(&config, Compression::None));
    let expected = one.path("modules/6.1.0/build/certs/signing_key.pem");
    assert_eq!((Path::new(&of_kernel.key), of_kernel.maker), (expected.as_path(), Maker::Others));
    assert_eq!(of_kernel.certificate, expected);
    let pairs = [("MODULES_SIGN_KEY", "/a"), ("MODULES_SIGN_CERT", "/b")];
    one.setup.environment = crate::system::environment::Environment::new(pairs.map(|(n, v)| (n.into(), v.into())));
    let of_environment = places(&one.setup, &kernel(&one));
    assert_eq!((of_environment.key.as_str(), of_environment.certificate.as_path()), ("/a", Path::new("/b")));
}
