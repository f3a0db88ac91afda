//! Programs that count in the place of make and depmod, in roots that no dpkg looks after.

use anyhow::Result;
use testbed::disk;
use testbed::root::Root;

/// The one for make, and where it comes into the root; [`PLACE`] moves it on.
pub(crate) const MAKE: (&str, &str) = ("srv/counting/make", include_str!("files/make"));
/// The one for depmod.
pub(crate) const DEPMOD: (&str, &str) = ("srv/counting/depmod", include_str!("files/depmod"));

/// Lines of bash that put the real ones away, and these in their places.
pub(crate) const PLACE: &str = r#"depmod=$(dpkg -L kmod | grep 'sbin/depmod$')
mv /usr/bin/make /usr/lib/counted/make
mv /srv/counting/make /usr/bin/make
ln -s /usr/bin/kmod /usr/lib/counted/depmod
rm "$depmod"
mv /srv/counting/depmod "$depmod""#;

/// Writes files by their paths in the root.
pub(crate) fn write(root: &Root, files: &[(impl AsRef<str>, impl AsRef<str>)]) -> Result<()> {
    files.iter().try_for_each(|(path, text)| disk::write(&root.path(path.as_ref()), text.as_ref()))
}
