//! The table of scenarios: a name, what the root has before, and the transactions with what is expected of them.

use super::environment::Environment;
use super::releases::Kernel::{self, Lts, Older};
use super::test_packages::{ACPI_CALL, DUMMY, FICKLE, LEAF, PICKY, TRUNK, TWIG, TWIG_BROKEN, TWIG_NEXT, WRITEBOOST};
use super::{concurrency, dracut, hostile, kernels, order, rescue, switch};
use crate::transaction::Start;
use crate::transaction::rows;
use crate::transaction::rows::{full, modules, news, owners, pairs};
use crate::transaction::table::{Table, everywhere, row};

/// A row of the table.
pub(super) type Row = crate::transaction::Row<Environment>;

const BOTH: &[Kernel] = &[Older, Lts];

const fn with(kernels: &'static [Kernel], packages: &'static [&'static str]) -> Start<Kernel, &'static str> {
    Start::with(kernels, packages)
}

const fn without(kernels: &'static [Kernel]) -> Start<Kernel, &'static str> {
    Start::without(kernels)
}

/// The rows, and which of them matter most.
pub(crate) static TABLE: Table<Environment> = Table {
    rows: ROWS,
    brief: &["S1", "S2", "S5", "S7", "S9", "S12", "S16", "S21", "S26", "S27", "S28", "S29", "S30", "S32", "order"],
    killing: |_| rescue::killing(),
};

/// All of them, in the order of the contract.
const ROWS: &[Row] = &[
    everywhere(row("S1", "install a module package", with(BOTH, &[]), modules::install)),
    everywhere(row(
        "S2",
        "install a kernel with its headers",
        with(&[Older], &[ACPI_CALL, TWIG]),
        rows::kernels::install,
    )),
    everywhere(row("S2-upgrade", "a kernel replaces another", with(BOTH, &[ACPI_CALL, TWIG]), kernels::upgrade)),
    everywhere(row(
        "S3",
        "upgrade a module, install a kernel",
        with(&[Older], &[ACPI_CALL, TWIG]),
        modules::upgrade_with_kernel,
    )),
    row("S4", "install something unrelated", with(&[Older], &[ACPI_CALL]), modules::unrelated),
    everywhere(row("S5", "reinstall kernel, headers, module", with(&[Older], &[ACPI_CALL]), rows::kernels::reinstall)),
    row("S6", "headers released again", with(BOTH, &[ACPI_CALL, WRITEBOOST]), rows::kernels::headers_again),
    everywhere(row("S7", "kernel now, headers later", with(&[Older], &[ACPI_CALL]), rows::kernels::headers_later)),
    row("S8", "headers now, kernel later", with(&[Older], &[ACPI_CALL]), rows::kernels::image_later),
    everywhere(row("S9", "upgrade to a module that fails", with(BOTH, &[TWIG]), modules::upgrade_to_failing)),
    row("S10", "a kernel for which one fails", with(&[Older], &[ACPI_CALL, PICKY]), rows::kernels::one_fails),
    everywhere(row("S11", "remove a module package", with(BOTH, &[ACPI_CALL, DUMMY]), modules::remove)),
    everywhere(row("S12", "remove a kernel", with(BOTH, &[ACPI_CALL, TWIG, DUMMY]), rows::kernels::remove)),
    row("S13", "remove headers only", with(BOTH, &[ACPI_CALL]), rows::kernels::remove_headers),
    row("S14", "two modules, one needs the other", with(BOTH, &[]), pairs::install),
    row("S15", "upgrade the needed one", with(BOTH, &[TRUNK, LEAF]), pairs::upgrade),
    row("S17", "from the original and back", without(&[Older]), switch::there_and_back),
    row("S18", "image building", with(&[], &[]), rows::kernels::image_building),
    row("S19", "an excluded kernel", with(&[Older], &[]), modules::excluded),
    row("S20", "AUTOINSTALL off", with(&[Older], &[]), modules::manual),
    row("S21", "much at once", with(BOTH, &[ACPI_CALL, WRITEBOOST, TWIG]), concurrency::full_upgrade),
    row("S22", "a hook that needs the module at once", with(BOTH, &[]), pairs::needed_at_once),
    row("S23", "downgrade a module", with(BOTH, &[TWIG_NEXT]), modules::downgrade),
    row("S24", "a person at the same time", with(BOTH, &[]), rows::concurrency::at_once),
    row("S25-tree", "no room in the tree", with(BOTH, &[TWIG]), full::tree),
    row("S25-modules", "no room for modules", with(BOTH, &[TWIG]), full::modules),
    row("S25-temporary", "no room in /tmp", with(BOTH, &[TWIG]), full::temporary),
    row("S26", "a kernel gives way to the same one", with(BOTH, &[ACPI_CALL, TWIG]), kernels::gives_way),
    row("S27", "a new kernel is excluded", with(&[Older], &[FICKLE]), news::excluded_by_new),
    row("S27-upgrade", "a kernel that excludes replaces another", with(&[Older], &[TWIG]), kernels::excluded_by_next),
    row("S28", "a package whose hook makes the initramfs", with(BOTH, &[]), dracut::hook_of_its_own),
    row("S29", "an upgrade that fails again", with(BOTH, &[TWIG_BROKEN]), news::fails_again),
    row("S30", "a package with a finished module", with(&[Older], &[]), owners::finished),
    row("S32", "two packages, one object", with(&[Older], &[]), owners::contested),
    everywhere(row("order", "hooks, and what they saw", with(&[Older], &[ACPI_CALL]), order::seen)),
    row("interrupted", "pacman dies and is run again", with(&[Older], &[ACPI_CALL]), rescue::interrupted),
    row("abandoned", "a transaction that does not follow", with(BOTH, &[TWIG]), rescue::abandoned),
    row("dracut", "dracut makes the initramfs", with(BOTH, &[ACPI_CALL]), dracut::transactions),
    row("on-failure", "a failed build is an error", with(&[Older], &[ACPI_CALL, PICKY]), kernels::on_failure),
    row("removal", "remove dkms and modules", with(BOTH, &[ACPI_CALL, TWIG]), switch::removal),
    row("hostile-input", "bad input for the hook", with(BOTH, &[TWIG]), hostile::input),
    row("hostile-thousands", "3,000 paths", with(BOTH, &[TWIG]), hostile::thousands),
    row("hostile-state", "state that cannot be read", with(BOTH, &[TWIG]), hostile::broken_state),
    everywhere(row("first", "all at once", without(&[]), switch::first_installation)),
];
