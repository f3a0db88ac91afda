//! What rows that are written once for several package managers need of each.

use std::ops::RangeInclusive;

use anyhow::Result;

use super::{Environment, Scenario, Step};

/// A kernel by what it is to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kernel {
    /// The one that is there first.
    Older,
    /// One that is installed beside it.
    Newer,
}

/// Both, in their order.
pub(crate) const BOTH: [Kernel; 2] = [Kernel::Older, Kernel::Newer];

/// Something that is installed or removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Package {
    /// A kernel without its headers.
    Image(Kernel),
    /// Its headers.
    Headers(Kernel),
    /// The headers of the older one under the same release, with another content.
    HeadersAgain,
    /// One of the modules that were made for tests, by name and version.
    Module(&'static str, &'static str),
    /// A module package made of what the archive has.
    Real(&'static str),
    /// Below `/usr/src`, but no module.
    Unrelated,
    /// Has a step after ours that needs the module twig.
    Eager,
    /// Has a finished twig for the older kernel; a row has to make it.
    Finished,
}

/// A kernel with its headers.
pub(crate) const fn linux(kernel: Kernel) -> [Package; 2] {
    [Package::Image(kernel), Package::Headers(kernel)]
}

pub(crate) const ACPI_CALL: Package = Package::Real("acpi-call");
pub(crate) const WRITEBOOST: Package = Package::Real("dm-writeboost");
pub(crate) const TWIG: Package = Package::Module("twig", "1.0");
pub(crate) const TWIG_NEXT: Package = Package::Module("twig", "1.1");
/// Does not compile.
pub(crate) const TWIG_BROKEN: Package = Package::Module("twig", "1.2");
/// Nor does this one, for the same reason.
pub(crate) const TWIG_STILL_BROKEN: Package = Package::Module("twig", "1.3");
/// Nor does this one, for another reason.
pub(crate) const TWIG_CRACKED: Package = Package::Module("twig", "1.4");
/// Excludes the newer kernel.
pub(crate) const FICKLE: Package = Package::Module("fickle", "1.0");
/// Does not compile for the newer kernel.
pub(crate) const PICKY: Package = Package::Module("picky", "1.0");
pub(crate) const TRUNK: Package = Package::Module("trunk", "1.0");
pub(crate) const TRUNK_NEXT: Package = Package::Module("trunk", "1.1");
/// Needs the symbols of trunk.
pub(crate) const LEAF: Package = Package::Module("leaf", "1.0");
/// Excluded from every kernel.
pub(crate) const NEVER: Package = Package::Module("never", "1.0");
/// AUTOINSTALL is not set.
pub(crate) const MANUAL: Package = Package::Module("manual", "1.0");
/// Its module is in the kernel, too.
pub(crate) const DUMMY: Package = Package::Module("dummy", "9.9");
/// Builds the same object as dummy.
pub(crate) const SHRUB: Package = Package::Module("shrub", "9.5");
/// Asks for a new initramfs.
pub(crate) const SPRIG: Package = Package::Module("sprig", "1.0");
pub(crate) const SPRIG_NEXT: Package = Package::Module("sprig", "1.1");
/// Its script makes the initramfs of each kernel.
pub(crate) const BURR: Package = Package::Module("burr", "1.0");

/// The name of the package with a finished module.
pub(crate) const FINISHED: &str = "twig-finished";

/// A package manager whose rows are shared.
pub(crate) trait PackageManager: Environment {
    /// Our hook as it is called at the end of a transaction that touched nothing.
    const CATCH_UP: &'static str;
    /// Whether somebody else makes all images anew whenever a module's source comes or goes.
    const MAKES_ALL_IMAGES: bool = false;

    /// The release of a kernel.
    fn release(&self, kernel: Kernel) -> &String;

    /// A line of bash: one transaction that installs, upgrades or downgrades.
    fn install(&self, packages: &[Package]) -> String;

    /// The same for headers whose kernel is not there.
    fn install_alone(&self, headers: Package) -> String {
        self.install(&[headers])
    }

    /// The same by what needs no temporary directory.
    fn install_without_temporary(&self, packages: &[Package]) -> String {
        self.install(packages)
    }

    /// The same for what is there already.
    fn again(&self, packages: &[Package]) -> String;

    /// A line of bash: one transaction that removes.
    fn remove(&self, packages: &[Package]) -> String;

    /// The same for a kernel with its headers, and whatever else its packages brought.
    fn remove_kernel(&self, kernel: Kernel) -> String {
        self.remove(&linux(kernel))
    }

    /// A line of bash that packs what is below `/srv/package` and takes it away.
    fn pack(&self, name: &str, version: &str) -> String;

    /// Where a kernel's initramfs is: a list of hashes that stands for one, unless the functions below say otherwise.
    fn image(&self, kernel: Kernel) -> String;

    /// A line of bash that lists what is in a kernel's initramfs.
    fn list(&self, kernel: Kernel) -> String {
        format!("cat {}", self.image(kernel))
    }

    /// A line of bash that tells if a kernel's initramfs has not the very object that is installed.
    fn holds(&self, kernel: Kernel, object: &str) -> String {
        let (release, place, image) = (self.release(kernel), Self::PLACE, self.image(kernel));
        format!(
            "cd /usr/lib/modules/{release} && here=$(echo {place}/{object}.ko*) && grep -qFx \"$(sha256sum \"$here\")\" {image} ||
             echo 'the initramfs of {release} has not the {object} that is installed'"
        )
    }

    /// What a person installs who is told that a kernel has no headers.
    fn headers_package(&self, kernel: Kernel) -> String;

    /// How often a kernel's initramfs is made when the kernel comes: more than once where that may be before anything is built
    /// for it.
    fn images_of_new(&self) -> RangeInclusive<usize> {
        1..=1
    }
}

impl<E: PackageManager> Scenario<'_, E> {
    pub(crate) fn install(&self, packages: &[Package]) -> Result<Step> {
        self.run(&self.environment.install(packages))
    }

    pub(crate) fn again(&self, packages: &[Package]) -> Result<Step> {
        self.run(&self.environment.again(packages))
    }

    pub(crate) fn remove(&self, packages: &[Package]) -> Result<Step> {
        self.run(&self.environment.remove(packages))
    }

    pub(crate) fn release(&self, kernel: Kernel) -> &String {
        self.environment.release(kernel)
    }

    /// Expects the images that are made when a kernel comes, and no other.
    pub(crate) fn images_of_new(&self, step: &Step, kernel: Kernel) {
        let (release, wanted, made) = (self.release(kernel), self.environment.images_of_new(), &step.counts.initramfs);
        self.expect(wanted.contains(&made.len()) && made.iter().all(|of| of == release), || {
            format!("`{}`: initramfs for {made:?}, not {wanted:?} times for {release}", step.line)
        });
    }

    /// Expects that nobody made an image who need not.
    pub(crate) fn no_images(&self, step: &Step) {
        if !E::MAKES_ALL_IMAGES {
            step.initramfs(self, &[]);
        }
    }

    /// Expects a module for these kernels, and in their images.
    pub(crate) fn works(&self, module: &str, version: &str, kernels: &[Kernel]) -> Result<()> {
        for kernel in kernels {
            self.expect_row(&format!("{module}/{version}, {}, x86_64: installed", self.release(*kernel)))?;
            self.holds(*kernel, &module.replace('-', "_"))?;
        }
        Ok(())
    }

    /// Expects the very object that is installed in the image.
    pub(crate) fn holds(&self, kernel: Kernel, object: &str) -> Result<()> {
        let said = self.root.bash(&self.environment.holds(kernel, object))?;
        self.complain(&format!("{}{}", said.stdout, said.stderr));
        Ok(())
    }

    /// Expects no object of this name in the image.
    pub(crate) fn lacks(&self, kernel: Kernel, object: &str) -> Result<()> {
        let found = self.root.must(&format!("{} | grep '/{object}[.]ko' || [ $? = 1 ]", self.listing(kernel)))?;
        self.complain(&found.stdout);
        Ok(())
    }

    /// Lines of bash that print what is in the image. One that cannot be listed lacks nothing; that is no answer.
    fn listing(&self, kernel: Kernel) -> String {
        format!("{} > /tmp/listed && [ -s /tmp/listed ] || exit 3; cat /tmp/listed", self.environment.list(kernel))
    }

    /// Expects that nothing of ours is left beside a kernel, in its index or in its image.
    pub(crate) fn is_bare(&self, kernel: Kernel) -> Result<()> {
        let (release, place, listing) = (self.release(kernel), E::PLACE, self.listing(kernel));
        let left = self.root.must(&format!(
            "cd /usr/lib/modules/{release}; find {place} -type f 2> /dev/null; grep '^{place}/' modules.dep || [ $? = 1 ] || exit
             {listing} | grep '[ /]{place}/' || [ $? = 1 ]"
        ))?;
        self.complain(&left.stdout);
        Ok(())
    }

    /// Expects that a module version is not there any more.
    pub(crate) fn gone(&self, module: &str) -> Result<()> {
        let status = self.root.must("dkms status")?.stdout;
        self.expect(!status.contains(module), || format!("{module} is still there\n{status}"));
        Ok(())
    }
}
