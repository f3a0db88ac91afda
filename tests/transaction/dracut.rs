//! The real dracut in a root.

/// Settings for a small image that has the modules that rows look for.
pub(crate) const SETTINGS: &str = r#"hostonly=no
compress=cat
early_microcode=no
dracutmodules+=" kernel-modules "
drivers=" acpi_call twig "
"#;
