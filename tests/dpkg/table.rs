//! The table of scenarios: a name, what the root has before, and the transactions with what is expected of them.

use super::environment::Environment;
use super::environment::Kernel::{self, Newer, Older, PlainOlder};
use super::{
    concurrency, dracut, kernels as own_kernels, modules as own_modules, notes, rescue, switch, test_packages,
    unattended,
};
use crate::transaction::Start;
use crate::transaction::rows::{self, full, kernels, modules, news, owners, pairs};
use crate::transaction::table::{Table, When, everywhere, row};

/// A row of the table.
pub(crate) type Row = crate::transaction::Row<Environment>;

/// The archive's packages that need no more than the small flavour.
const ACPI_CALL: &str = "acpi-call-dkms";
const WRITEBOOST: &str = "dm-writeboost-dkms";

const fn with(kernels: &'static [Kernel], packages: &'static [&'static str]) -> Start<Kernel, &'static str> {
    Start::with(kernels, packages)
}

/// The rows, and which of them matter most.
pub(crate) static TABLE: Table<Environment> = Table { rows: ROWS, brief: &[], killing: |_| rescue::killing() };

/// All of them, in the order of the contract.
const ROWS: &[Row] = &[
    everywhere(row("S1", "install a module package", with(&[Older, Newer], &[]), modules::install)),
    everywhere(row(
        "S2",
        "install a kernel with its headers",
        with(&[Older], &[ACPI_CALL, test_packages::TWIG]),
        kernels::install,
    )),
    everywhere(row(
        "S3",
        "upgrade a module, install a kernel",
        with(&[Older], &[ACPI_CALL, test_packages::TWIG]),
        modules::upgrade_with_kernel,
    )),
    row("S4", "install something unrelated", with(&[Older], &[ACPI_CALL]), own_modules::unrelated),
    everywhere(row("S5", "reinstall kernel, headers, module", with(&[Older], &[ACPI_CALL]), kernels::reinstall)),
    row("S6", "headers released again", with(&[Older, Newer], &[ACPI_CALL, WRITEBOOST]), own_kernels::headers_again),
    everywhere(row("S7", "kernel now, headers later", with(&[Older], &[ACPI_CALL]), kernels::headers_later)),
    row("S8", "headers now, kernel later", with(&[Older], &[ACPI_CALL]), kernels::image_later),
    everywhere(row(
        "S9",
        "upgrade to a module that fails",
        with(&[Older, Newer], &[test_packages::TWIG]),
        modules::upgrade_to_failing,
    )),
    row("S10", "a kernel for which one fails", with(&[Older], &[ACPI_CALL, test_packages::PICKY]), kernels::one_fails),
    everywhere(row(
        "S11",
        "remove a module package",
        with(&[Older, Newer], &[ACPI_CALL, test_packages::DUMMY]),
        modules::remove,
    )),
    everywhere(row(
        "S12",
        "remove a kernel",
        with(&[Older, Newer], &[ACPI_CALL, test_packages::TWIG, test_packages::DUMMY]),
        own_kernels::remove,
    )),
    row("S13", "remove headers only", with(&[Older, Newer], &[ACPI_CALL]), kernels::remove_headers),
    row("S14", "two modules, one needs the other", with(&[Older, Newer], &[]), pairs::install),
    row(
        "S15",
        "upgrade the needed one",
        with(&[Older, Newer], &[test_packages::TRUNK, test_packages::LEAF]),
        pairs::upgrade,
    ),
    row("S17", "from the original and back", Start::without(&[Older]), switch::there_and_back),
    row("S18", "image building", with(&[], &[]), kernels::image_building),
    row("S19", "an excluded kernel", with(&[Older], &[]), modules::excluded),
    row("S20", "AUTOINSTALL off", with(&[Older], &[]), modules::manual),
    row(
        "S21",
        "much at once, the compiler too",
        with(&[Older, PlainOlder], &[ACPI_CALL, WRITEBOOST, test_packages::TWIG]),
        concurrency::full_upgrade,
    ),
    row("S22", "a package that needs the module at once", with(&[Older, Newer], &[]), pairs::needed_at_once),
    row("S23", "downgrade a module", with(&[Older, Newer], &[test_packages::TWIG_NEXT]), modules::downgrade),
    row("S24", "a person at the same time", with(&[Older, Newer], &[]), rows::concurrency::at_once),
    row("S24-hooks", "two hooks and a person at the same time", with(&[Older, Newer], &[]), concurrency::at_once),
    row("S25-tree", "no room in the tree", with(&[Older, Newer], &[test_packages::TWIG]), full::tree),
    row("S25-modules", "no room for modules", with(&[Older, Newer], &[test_packages::TWIG]), full::modules),
    row("S25-temporary", "no room in /tmp", with(&[Older, Newer], &[test_packages::TWIG]), full::temporary),
    row(
        "S26",
        "a kernel gives way to the same one",
        with(&[Older, Newer], &[ACPI_CALL, test_packages::TWIG]),
        own_kernels::gives_way,
    ),
    row(
        "S26-module",
        "a package gives way to another",
        with(&[Older, Newer], &[test_packages::TWIG]),
        own_modules::gives_way,
    ),
    row("S27", "a new kernel is excluded", with(&[Older], &[test_packages::FICKLE]), news::excluded_by_new),
    row("S28", "packages that ask for an initramfs", with(&[Older, Newer], &[]), own_modules::asks_for_images),
    row("S29", "an upgrade that fails again", with(&[Older, Newer], &[test_packages::TWIG_BROKEN]), news::fails_again),
    row("S30", "a package with a finished module", with(&[Older], &[]), owners::finished),
    row("S32", "two packages, one object", with(&[Older], &[]), owners::contested),
    MANY,
    row("interrupted", "dpkg dies and is run again", with(&[Older], &[ACPI_CALL]), rescue::interrupted),
    row("bare", "dpkg without apt", with(&[Older], &[ACPI_CALL]), rescue::bare),
    row(
        "on-failure",
        "a failed build fails the run",
        with(&[Older], &[ACPI_CALL, test_packages::PICKY]),
        own_kernels::on_failure,
    ),
    row(
        "unattended",
        "upgrades that nobody watches",
        with(&[Older, Newer], &[test_packages::TWIG, test_packages::TRUNK, "unattended-upgrades", "apt-utils"]),
        unattended::upgrade,
    ),
    row(
        "noninteractive",
        "no terminal, no questions",
        with(&[Older], &[ACPI_CALL, test_packages::TWIG]),
        unattended::noninteractive,
    ),
    row(
        "dracut",
        "dracut makes the initramfs",
        with(&[Older], &[ACPI_CALL, "dracut", "systemd-sysv"]),
        dracut::transactions,
    ),
    row(
        "told",
        "journal and message of the day",
        with(&[Older], &[ACPI_CALL, test_packages::PICKY, "login", "pamtester", "systemd"]),
        notes::told,
    ),
    row("restart", "a module in use is replaced", with(&[Older], &[]), notes::restart),
    row("removal", "remove dkms itself", with(&[Older], &[ACPI_CALL]), switch::removal),
    row("purge", "purge dkms itself, as debconf says", with(&[Older], &[ACPI_CALL]), switch::purge),
    FIVE,
    everywhere(row("first", "all at once", Start::without(&[]), switch::first_installation)),
];

/// Real modules of the archive, one of which fails, for a kernel with all drivers.
const MANY: Row =
    Row { when: When::Full, ..row("many", "five packages, one fails", with(&[PlainOlder], &[]), concurrency::many) };

/// Modules of the archive for a kernel with all drivers.
pub(crate) const FIVE: Row = Row {
    when: When::Full,
    ..row(
        "five",
        "a kernel and its headers, five modules installed",
        with(&[PlainOlder], &[ACPI_CALL, "ddcci-dkms", "evdi-dkms", "v4l2loopback-dkms", WRITEBOOST]),
        own_kernels::install_for_five,
    )
};
