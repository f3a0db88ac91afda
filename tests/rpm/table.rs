//! The table of scenarios: a name, what the root has before, and the transactions with what is expected of them.

use super::environment::Environment;
use super::{boot, dracut, kernels as own_kernels, modules as own_modules, rescue, suse, switch, tools, weak};
use crate::transaction::Start;
use crate::transaction::package_manager::{
    ACPI_CALL, BOTH, DUMMY, FICKLE, Kernel, LEAF, PICKY, Package, TRUNK, TWIG, TWIG_BROKEN, TWIG_NEXT, WRITEBOOST,
};
use crate::transaction::rows::{concurrency, full, kernels, modules, news, owners, pairs};
use crate::transaction::table::{Table, everywhere, row};

/// A row of the table.
pub(super) type Row = crate::transaction::Row<Environment>;

const OLDER: &[Kernel] = &[Kernel::Older];

/// What other kernels may have links to, or not.
const WEAK: &[Package] = &[ACPI_CALL, TRUNK, LEAF, TWIG, DUMMY];

const fn with(kernels: &'static [Kernel], packages: &'static [Package]) -> Start<Kernel, Package> {
    Start::with(kernels, packages)
}

/// The rows, and which of them matter most.
pub(crate) static TABLE: Table<Environment> = Table {
    rows: ROWS,
    brief: &["S1", "S2", "S5", "S7", "S9", "S12", "S16", "S21", "S26", "S27", "S28", "S29", "S30", "S31", "S32"],
    killing: rescue::killing,
};

/// All of them, in the order of the contract.
const ROWS: &[Row] = &[
    everywhere(row("S1", "install a module package", with(&BOTH, &[]), modules::install)),
    everywhere(row("S2", "install a kernel with its headers", with(OLDER, &[ACPI_CALL, TWIG]), kernels::install)),
    everywhere(row(
        "S3",
        "upgrade a module, install a kernel",
        with(OLDER, &[ACPI_CALL, TWIG]),
        modules::upgrade_with_kernel,
    )),
    row("S4", "install something unrelated", with(OLDER, &[ACPI_CALL]), modules::unrelated),
    everywhere(row("S5", "reinstall kernel, headers, module", with(OLDER, &[ACPI_CALL]), kernels::reinstall)),
    row("S6", "headers released again", with(OLDER, &[ACPI_CALL, WRITEBOOST]), kernels::headers_again),
    everywhere(row("S7", "kernel now, its headers later", with(OLDER, &[ACPI_CALL]), kernels::headers_later)),
    row("S8", "headers now, kernel later", with(OLDER, &[ACPI_CALL]), kernels::image_later),
    everywhere(row("S9", "upgrade to a module that fails", with(&BOTH, &[TWIG]), modules::upgrade_to_failing)),
    row("S10", "a kernel for which one fails", with(OLDER, &[ACPI_CALL, PICKY]), kernels::one_fails),
    everywhere(row("S11", "remove a module package", with(&BOTH, &[ACPI_CALL, DUMMY]), modules::remove)),
    everywhere(row("S12", "remove a kernel", with(&BOTH, &[ACPI_CALL, TWIG, DUMMY]), kernels::remove)),
    row("S13", "remove headers only", with(&BOTH, &[ACPI_CALL]), kernels::remove_headers),
    row("S14", "two modules, one needs the other", with(&BOTH, &[]), pairs::install),
    everywhere(row("S15", "upgrade the needed one", with(&BOTH, &[TRUNK, LEAF]), pairs::upgrade)),
    row("S17", "from the original and back", Start::without(OLDER), switch::there_and_back),
    row("S18", "image building", with(&[], &[]), kernels::image_building),
    row("S19", "an excluded kernel", with(OLDER, &[]), modules::excluded),
    row("S20", "AUTOINSTALL off", with(OLDER, &[]), modules::manual),
    everywhere(row("S21", "much at once", with(OLDER, &[ACPI_CALL, WRITEBOOST, TWIG]), concurrency::full_upgrade)),
    row("S22", "a step that needs the module at once", with(&BOTH, &[]), pairs::needed_at_once),
    everywhere(row("S23", "downgrade a module", with(&BOTH, &[TWIG_NEXT]), modules::downgrade)),
    row("S24", "a person at the same time", with(&BOTH, &[]), concurrency::at_once),
    row("S25-tree", "no room in the tree", with(&BOTH, &[TWIG]), full::tree),
    row("S25-modules", "no room for modules", with(&BOTH, &[TWIG]), full::modules),
    row("S25-temporary", "no room in /tmp", with(&BOTH, &[TWIG]), full::temporary),
    everywhere(row(
        "S26",
        "a kernel gives way to the same one",
        with(&BOTH, &[ACPI_CALL, TWIG]),
        own_kernels::gives_way,
    )),
    everywhere(row("S27", "a new kernel is excluded", with(OLDER, &[FICKLE]), news::excluded_by_new)),
    row("S28", "a package that makes the initramfs", with(&BOTH, &[]), own_modules::makes_image),
    everywhere(row("S29", "an upgrade that fails again", with(&BOTH, &[TWIG_BROKEN]), news::fails_again)),
    everywhere(row("S30", "a package with a finished module", with(OLDER, &[]), owners::finished)),
    everywhere(row("S31", "again, beside weak links", with(OLDER, WEAK), weak::again)),
    everywhere(row("S32", "two packages, one object", with(OLDER, &[]), owners::contested)),
    row("S31-suse", "again, beside links of weak-modules2", with(OLDER, &[]), suse::again),
    everywhere(row("first", "all at once", Start::without(&[]), switch::first_installation)),
    everywhere(row("removal", "remove dkms and modules", with(&BOTH, &[ACPI_CALL, TWIG]), switch::removal)),
    row("boot", "what the unit does", with(OLDER, &[ACPI_CALL, TWIG]), boot::unit),
    row("suse", "a module on SUSE", with(OLDER, &[]), suse::module),
    row("dracut", "the real dracut", with(OLDER, &[ACPI_CALL, TWIG]), dracut::transactions),
    everywhere(row("weak", "kernels of the same interface", with(OLDER, WEAK), weak::links)),
    everywhere(row("broken", "nothing of ours works", with(OLDER, &[TWIG]), tools::broken)),
    everywhere(row("slow", "a build that takes long", with(OLDER, &[]), tools::slow)),
    everywhere(row("abort", "a kernel that is not supported", with(OLDER, &[TWIG]), tools::abort)),
];
