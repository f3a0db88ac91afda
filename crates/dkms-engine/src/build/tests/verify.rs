//! Objects that came out of a build.

use super::*;

#[test]
fn unusable_objects_are_refused() {
    let setting = Setting::new();
    let make = "make -C $kernel_source_dir M=$dkms_tree/m/1/build";
    for (command, reason) in [
        (": > m.ko".to_owned(), "it is empty"),
        ("echo text > m.ko".to_owned(), "it is not an ELF file"),
        (format!("sed -i s/6.1.0/6.6.6/ m.c; {make}"), "it is built for kernel 6.6.6"),
        (format!("sed -i /vermagic/d m.c; {make}"), "it has no vermagic, so it is not a kernel module"),
        (
            format!("{make} && gcc -shared -o shared m.ko && mv shared m.ko"),
            "it is an ELF file, but not a relocatable one",
        ),
        (
            format!("{make} && printf '\\267\\0' | dd of=m.ko bs=1 seek=18 conv=notrunc"),
            "it is for the ELF machine EM_AARCH64",
        ),
    ] {
        let failed = failed(&setting, &command);
        let Error::ObjectWrong { reason: found, object, .. } = &failed.error else {
            panic!("{command}: {}", failed.error)
        };
        assert!(found.starts_with(reason) && object == "m.ko", "{command}: {found}");
    }
    assert!(matches!(&failed(&setting, "true").error, Error::NotBuilt { object, .. } if object == "m.ko"));
}

#[test]
fn headers_may_serve_a_kernel_of_another_name() {
    let setting = Setting::new();
    let mut order = setting.order(None);
    order.target.kernel.release = "6.1.0-custom".into();
    assert!(setting.build(order).is_ok());
}

#[test]
fn another_name_inside_is_worth_a_word() {
    let setting = Setting::new();
    let make = "sed -i s/name=m/name=other/ m.c; make -C $kernel_source_dir M=$dkms_tree/m/1/build";
    assert!(setting.build(setting.order(Some(make))).is_ok());
    assert!(setting.warnings()[0].contains("calls itself `other`"));
}
