//! What rows that are written once for several package managers need of apt and dpkg.

use std::ops::RangeInclusive;

use super::environment::{Environment, Kernel};
use super::scenario::apt;
use super::{image, test_packages};
use crate::transaction::package_manager::{self, FINISHED, Package, PackageManager};

/// A kernel of the small flavour.
fn of(kernel: package_manager::Kernel) -> Kernel {
    match kernel {
        package_manager::Kernel::Older => Kernel::Older,
        package_manager::Kernel::Newer => Kernel::Newer,
    }
}

impl PackageManager for Environment {
    const CATCH_UP: &'static str = "/usr/lib/dkms/hook triggered '/usr/src /lib/modules /usr/lib/modules'";

    fn release(&self, kernel: package_manager::Kernel) -> &String {
        self.release(of(kernel))
    }

    fn install(&self, packages: &[Package]) -> String {
        apt(&format!("install --allow-downgrades {}", self.sources(packages)))
    }

    fn install_alone(&self, headers: Package) -> String {
        // Some releases let headers depend on the image; a person, or another archive, need not.
        let files = self.files(&format!("install {}", self.sources(&[headers])));
        format!("dpkg --force-depends -i $(echo {files} | tr ' ' '\\n' | grep -v /linux-image-)")
    }

    fn install_without_temporary(&self, packages: &[Package]) -> String {
        format!("dpkg -i {}", self.sources(packages))
    }

    fn again(&self, packages: &[Package]) -> String {
        apt(&format!("install --reinstall {}", self.sources(packages)))
    }

    fn remove(&self, packages: &[Package]) -> String {
        let names = packages.iter().map(|package| self.name(*package));
        apt(&format!("remove {}", names.collect::<Vec<_>>().join(" ")))
    }

    fn remove_kernel(&self, kernel: package_manager::Kernel) -> String {
        // Where the image is a package of hooks, the files are in others.
        let parts = format!(
            "dpkg-query -W -f '${{db:Status-Status}} ${{Package}}\\n' 'linux-*-{}' | sed -n 's/^installed //p'",
            self.release(of(kernel))
        );
        apt(&format!("purge $({parts})"))
    }

    fn pack(&self, name: &str, version: &str) -> String {
        let control = format!(
            "Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: Nobody <nobody@example.invalid>\n\
             Description: made for a test"
        );
        format!(
            "mkdir -p /srv/package/DEBIAN && echo '{control}' > /srv/package/DEBIAN/control && {}",
            test_packages::PACK
        )
    }

    fn image(&self, kernel: package_manager::Kernel) -> String {
        format!("/boot/initrd.img-{}", self.release(of(kernel)))
    }

    fn holds(&self, kernel: package_manager::Kernel, object: &str) -> String {
        image::tells_lack(self.release(of(kernel)), object)
    }

    fn list(&self, kernel: package_manager::Kernel) -> String {
        format!("lsinitramfs {}", self.image(kernel))
    }

    fn images_of_new(&self) -> RangeInclusive<usize> {
        // A second time if modules came after the first.
        1..=2
    }

    fn headers_package(&self, kernel: package_manager::Kernel) -> String {
        format!("linux-headers-{}", self.release(of(kernel)))
    }
}

impl Environment {
    /// Names of packages of the archive, and files of those that were made.
    fn sources(&self, packages: &[Package]) -> String {
        let source = |package: &Package| match package {
            Package::Image(_) | Package::Headers(_) | Package::Real(_) => self.name(*package),
            Package::HeadersAgain => test_packages::HEADERS.to_owned(),
            Package::Module(_, version) => format!("/srv/debs/{}_{version}_all.deb", self.name(*package)),
            Package::Unrelated => test_packages::UNRELATED.to_owned(),
            Package::Eager => test_packages::EAGER.to_owned(),
            Package::Finished => format!("/srv/debs/{FINISHED}_1_all.deb"),
        };
        packages.iter().map(source).collect::<Vec<_>>().join(" ")
    }

    fn name(&self, package: Package) -> String {
        match package {
            Package::Image(kernel) => format!("linux-image-{}", self.release(of(kernel))),
            Package::Headers(kernel) => self.headers_package(kernel),
            Package::HeadersAgain => self.headers_package(package_manager::Kernel::Older),
            Package::Module(name, _) | Package::Real(name) => format!("{name}-dkms"),
            Package::Unrelated => "unrelated".to_owned(),
            Package::Eager => "eager".to_owned(),
            Package::Finished => FINISHED.to_owned(),
        }
    }
}
