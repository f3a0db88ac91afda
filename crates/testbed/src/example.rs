//! What demo and suite `debian` install.

/// A real module package of Debian that builds for the cloud kernel, and its object.
pub const PACKAGE: &str = "acpi-call-dkms";
/// What dkms calls it.
pub const MODULE: &str = "acpi-call";
/// The object of it.
pub const OBJECT: &str = "acpi_call";

/// What apt is asked for when a kernel comes.
pub fn kernel_line(release: &str) -> String {
    format!("apt-get install -y -q --no-install-recommends linux-image-{release} linux-headers-{release}")
}
