//! From values to [`ModuleConfig`]: what a conf has to say, and what it says wrongly.
//!
//! Some findings only matter when a package is added, built or installed ([`Strictness::Strict`]); looking at a
//! package or removing it must not fail or talk because of them.

use std::collections::{BTreeMap, BTreeSet};

use crate::assignments::Value;
use crate::budget::Budget;
use crate::conf::Evaluated;
use crate::diagnostic::{Diagnostic, Rejected, shortened};
use crate::directive::{Directive as D, TABLE};
use crate::ere::{self, EreError};
use crate::file_name;
use crate::module_config::ExclusiveRules;
use crate::module_config::{MakeCommand, ModuleConfig, Patch, Record, Scripts};

/// How much is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// What every use needs.
    Always,
    /// Besides: doubled names, no modules at all, deprecated directives.
    Strict,
}

/// A usable configuration and what is odd about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The configuration.
    pub config: ModuleConfig,
    /// Findings that are no errors.
    pub warnings: Vec<Diagnostic>,
}

impl Evaluated {
    /// Makes the typed configuration.
    ///
    /// # Errors
    /// With all findings, if at least one of them is an error.
    pub fn module_config(&self, strictness: Strictness) -> Result<Checked, Rejected> {
        let mut check = Check { evaluated: self, found: self.warnings.clone(), budget: Budget::new() };
        let config = check.config(strictness);
        let found = shortened(check.found);
        if found.iter().any(Diagnostic::is_error) {
            return Err(self.rejected(found));
        }
        Ok(Checked { config, warnings: self.complaints.iter().cloned().chain(found).collect() })
    }
}

/// A long release of a kernel, to try expressions with.
const RELEASE: &str = "6.12.57+deb13-cloud-amd64-with-a-suffix-of-its-own";

/// Collects findings while the configuration is put together.
struct Check<'a> {
    evaluated: &'a Evaluated,
    found: Vec<Diagnostic>,
    /// For trying all expressions of a configuration.
    budget: Budget,
}

impl Check<'_> {
    fn config(&mut self, strictness: Strictness) -> ModuleConfig {
        let package_name = self.required(D::PackageName);
        let package_version = self.required(D::PackageVersion);
        self.text_is_text();
        let records = self.records(&package_name);
        let config = ModuleConfig {
            package_name,
            package_version,
            records,
            make: self.make(),
            patches: self.patches(),
            scripts: self.scripts(),
            build_depends: self.build_depends(),
            build_depends_rebuild: self.yes_no(D::BuildDependsRebuild),
            exclusive: self.exclusive(),
            obsolete_by: self.scalar(D::ObsoleteBy),
            autoinstall: self.yes_no(D::Autoinstall),
            no_weak_modules: self.yes_no(D::NoWeakModules),
            exported: self.evaluated.exported.clone(),
        };
        if strictness == Strictness::Strict {
            self.strict(&config);
        }
        config
    }

    /// A finding at the place where a value was written, or about the first file as a whole.
    fn report(&mut self, diagnostic: Diagnostic, directive: D, index: usize) {
        let origin = self.evaluated.assignments.value(directive, index).and_then(|value| value.origin.clone());
        let whole = || self.evaluated.sources.first().map(crate::source::Source::whole);
        self.found.push(diagnostic.at(origin.or_else(whole)));
    }

    fn scalar(&self, directive: D) -> Option<String> {
        self.evaluated.assignments.scalar(directive).map(str::to_owned)
    }

    fn text(&self, directive: D, index: usize) -> Option<&str> {
        self.evaluated.assignments.text(directive, index).filter(|text| !text.is_empty())
    }

    /// The values of a directive that are not empty.
    fn array(&self, directive: D) -> Vec<(usize, String)> {
        let array = self.evaluated.assignments.array(directive);
        array.filter(|(_, value)| !value.text.is_empty()).map(|(index, value)| (index, value.text.clone())).collect()
    }

    fn required(&mut self, directive: D) -> String {
        if let Some(text) = self.scalar(directive) {
            return text;
        }
        let hint = format!("add a line `{directive}=\"...\"`");
        self.report(Diagnostic::error(format!("`{directive}` is missing")).hint(hint), directive, 0);
        String::new()
    }

    /// A byte that is no UTF-8 became a replacement character when the file was read. Control characters would be obeyed by
    /// the terminal or the log that a name is shown on.
    fn text_is_text(&mut self) {
        let objection = |value: &Value| {
            let control = |c: char| c.is_control() && !c.is_whitespace();
            let what = if value.text.contains('\u{fffd}') { "is not UTF-8" } else { "contains a control character" };
            (value.text.contains('\u{fffd}') || value.text.contains(control)).then_some(what)
        };
        let all = self.evaluated.assignments.iter();
        let places: Vec<_> =
            all.filter_map(|(directive, index, value)| Some((directive, index, objection(value)?))).collect();
        for (directive, index, what) in places {
            self.report(Diagnostic::error(format!("the value of `{directive}` {what}")), directive, index);
        }
    }

    fn records(&mut self, package_name: &str) -> Vec<Record> {
        const ARRAYS: [D; 4] = [D::BuiltModuleName, D::BuiltModuleLocation, D::DestModuleName, D::DestModuleLocation];
        let assignments = &self.evaluated.assignments;
        let highest = ARRAYS.into_iter().flat_map(|array| assignments.array(array)).map(|(index, _)| index).max();
        let count = highest.map_or(0, |highest| highest + 1);
        // A single stray index must not make a million findings.
        let used: BTreeSet<usize> =
            ARRAYS.into_iter().flat_map(|array| assignments.array(array)).map(|(index, _)| index).collect();
        if let Some(gap) = (0..count).find(|index| !used.contains(index)) {
            let message = format!("module {gap} has no directives, but module {} has", count - 1);
            let hint = "number the modules without gaps, starting from 0";
            let last = ARRAYS.into_iter().find(|array| assignments.value(*array, count - 1).is_some());
            self.report(Diagnostic::error(message).hint(hint), last.unwrap_or(D::BuiltModuleName), count - 1);
            return Vec::new();
        }
        (0..count).map(|index| self.record(index, count, package_name)).collect()
    }

    fn record(&mut self, index: usize, count: usize, package_name: &str) -> Record {
        let built = match self.text(D::BuiltModuleName, index) {
            Some(name) => name.to_owned(),
            None if count == 1 => package_name.to_owned(),
            None => {
                self.missing(D::BuiltModuleName, index);
                String::new()
            }
        };
        let (directory, built_name) = built.rfind('/').map_or(("", built.as_str()), |slash| built.split_at(slash + 1));
        let dest_name = self.text(D::DestModuleName, index).unwrap_or(built_name).to_owned();
        self.file_name(D::BuiltModuleName, index, directory, built_name);
        if dest_name != built_name {
            self.file_name(D::DestModuleName, index, "", &dest_name);
        }
        if !directory.is_empty() {
            self.built_directory(index, directory, built_name);
        }
        let dest_location = self.dest_location(index);
        let location = self.text(D::BuiltModuleLocation, index).unwrap_or_default();
        let slash = if location.is_empty() || location.ends_with('/') { "" } else { "/" };
        let built_location = format!("{location}{slash}{directory}");
        let inner = below(&built_location).filter(|_| !built_location.starts_with('/'));
        if inner.is_none() {
            let message =
                format!("`BUILT_MODULE_LOCATION[{index}]` is `{location}`, which is not below the build directory");
            let hint = "write the directory that make leaves the module in, seen from the source's own";
            self.report(Diagnostic::error(message).hint(hint), D::BuiltModuleLocation, index);
        }
        let built_location = inner.unwrap_or_default();
        let built_name = built_name.to_owned();
        Record { built_name, built_location, dest_name, dest_location, strip: self.strip(index) }
    }

    /// The directory in front of a name in BUILT_MODULE_NAME says where the object is built, not where it goes.
    fn built_directory(&mut self, index: usize, directory: &str, name: &str) {
        let given = format!("`{}[{index}]` is `{directory}{name}`", D::BuiltModuleName);
        if directory.starts_with('/') || below(directory).is_none() {
            let error = Diagnostic::error(format!("{given}, which is not below the build directory"));
            self.report(error.hint("name the object by its path below the build directory"), D::BuiltModuleName, index);
        } else if self.text(D::DestModuleName, index).is_none() {
            let error = Diagnostic::error(format!("{given}, which is not a valid name to install it under"));
            let hint = format!("add a line `{}[{index}]=\"{name}\"`", D::DestModuleName);
            self.report(error.hint(hint), D::BuiltModuleName, index);
        }
    }

    fn missing(&mut self, directive: D, index: usize) {
        let message = format!("`{directive}[{index}]` is missing");
        let hint = format!("add a line `{directive}[{index}]=\"...\"`, or remove the other directives of that index");
        self.report(Diagnostic::error(message).hint(hint), directive, index);
    }

    fn file_name(&mut self, directive: D, index: usize, directory: &str, name: &str) {
        if let Some(bare) = name.strip_suffix(".ko").or_else(|| name.strip_suffix(".o")) {
            let message = format!("`{directive}[{index}]` ends in `{}`", &name[bare.len()..]);
            self.report(Diagnostic::error(message).hint(format!("write `{directory}{bare}`")), directive, index);
        } else if let Some(reason) = file_name::objection(name).filter(|_| !name.is_empty()) {
            let shown = format!("{directory}{name}");
            let shown = shown.escape_debug();
            let message = format!("`{directive}[{index}]` is `{shown}`, which is not a valid module name: {reason}");
            self.report(Diagnostic::error(message), directive, index);
        }
    }

    fn dest_location(&mut self, index: usize) -> String {
        let Some(location) = self.text(D::DestModuleLocation, index).map(str::to_owned) else {
            self.missing(D::DestModuleLocation, index);
            return String::new();
        };
        if !["/kernel", "/updates", "/extra"].iter().any(|start| location.starts_with(start)) {
            let message = format!("`{location}` does not begin with `/kernel`, `/updates` or `/extra`");
            let hint = format!("write `DEST_MODULE_LOCATION[{index}]=\"/updates\"`");
            self.report(Diagnostic::error(message).hint(hint), D::DestModuleLocation, index);
        }
        let inner = below(&location);
        if inner.is_none() {
            let message =
                format!("`DEST_MODULE_LOCATION[{index}]` is `{location}`, which leads out of the kernel's directory");
            self.report(Diagnostic::error(message), D::DestModuleLocation, index);
        }
        // The lists of depmod separate paths by blanks.
        if location.contains(char::is_whitespace) {
            let message = format!("`DEST_MODULE_LOCATION[{index}]` is `{location}`, with a blank in it");
            self.report(Diagnostic::error(message), D::DestModuleLocation, index);
        }
        inner.unwrap_or_default()
    }

    fn strip(&self, index: usize) -> bool {
        let value = self.text(D::Strip, index).or_else(|| self.text(D::Strip, 0)).unwrap_or("yes");
        !value.starts_with(['n', 'N'])
    }

    fn make(&mut self) -> BTreeMap<usize, MakeCommand> {
        self.expressions(D::MakeMatch);
        let commands = self.array(D::Make).into_iter().filter_map(|(index, command)| {
            let matching = self.text(D::MakeMatch, index).unwrap_or_default().to_owned();
            // Without an expression only index 0 can ever be chosen.
            (index == 0 || !matching.is_empty()).then_some((index, MakeCommand { command, matching }))
        });
        commands.collect()
    }

    fn patches(&mut self) -> Vec<Patch> {
        self.expressions(D::PatchMatch);
        let matching = |index| self.text(D::PatchMatch, index).unwrap_or_default().to_owned();
        self.array(D::Patch).into_iter().map(|(index, file)| Patch { file, matching: matching(index) }).collect()
    }

    fn scripts(&self) -> Scripts {
        Scripts {
            post_add: self.scalar(D::PostAdd),
            post_build: self.scalar(D::PostBuild),
            post_install: self.scalar(D::PostInstall),
            post_remove: self.scalar(D::PostRemove),
            pre_build: self.scalar(D::PreBuild),
            pre_install: self.scalar(D::PreInstall),
        }
    }

    fn build_depends(&self) -> Vec<String> {
        let words = |(_, text): (usize, String)| text.split_ascii_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let mut known = BTreeSet::new();
        self.array(D::BuildDepends).into_iter().flat_map(words).filter(|name| known.insert(name.clone())).collect()
    }

    fn exclusive(&mut self) -> BTreeMap<usize, ExclusiveRules> {
        self.expressions(D::BuildExclusiveKernel);
        self.expressions(D::BuildExclusiveArch);
        let mut rules: BTreeMap<usize, ExclusiveRules> = BTreeMap::new();
        for directive in [
            D::BuildExclusiveArch,
            D::BuildExclusiveConfig,
            D::BuildExclusiveKernel,
            D::BuildExclusiveKernelMax,
            D::BuildExclusiveKernelMin,
        ] {
            for (index, value) in self.array(directive) {
                rules.entry(index).or_default().values.insert(directive, value);
            }
        }
        rules
    }

    fn expressions(&mut self, directive: D) {
        for (index, value) in self.array(directive) {
            let finding = match ere::is_match_within(&value, RELEASE, &self.budget) {
                Ok(_) => continue,
                Err(EreError::OverBudget(why)) => {
                    Diagnostic::error(format!("`{directive}[{index}]` cannot be matched: it needs {why}"))
                }
                Err(why) => Diagnostic::warning(format!("`{directive}[{index}]` never matches: {why}")),
            };
            self.report(finding, directive, index);
        }
    }

    /// `Y`, `true` and `1` stand in confs that are older than the rule.
    fn yes_no(&mut self, directive: D) -> bool {
        let value = self.scalar(directive).unwrap_or_default();
        let (answer, historic) = match value.to_ascii_lowercase().as_str() {
            "yes" => (true, false),
            "no" | "" => (false, false),
            "y" | "true" | "1" | "on" => (true, true),
            "n" | "false" | "0" | "off" => (false, true),
            _ => {
                let message = format!("`{directive}` is `{value}`, which is neither `yes` nor `no`");
                self.report(Diagnostic::error(message), directive, 0);
                return false;
            }
        };
        if historic {
            let word = if answer { "yes" } else { "no" };
            let warning = Diagnostic::warning(format!("`{directive}` is `{value}`, taken as `{word}`"));
            self.report(warning.hint(format!("write `{directive}=\"{word}\"`")), directive, 0);
        }
        answer
    }

    fn strict(&mut self, config: &ModuleConfig) {
        if config.records.is_empty() {
            self.report(Diagnostic::warning("it describes no modules"), D::BuiltModuleName, 0);
        }
        let mut built = BTreeMap::new();
        let mut dest = BTreeMap::new();
        for (index, record) in config.records.iter().enumerate() {
            let object = format!("{}{}", record.built_location, record.built_name);
            if let Some(first) = built.insert(object, index) {
                let message = format!("modules {first} and {index} are built as the same `{}.ko`", record.built_name);
                self.report(Diagnostic::error(message), D::BuiltModuleName, index);
            }
            if let Some(first) = dest.insert(record.dest_name.as_str(), index) {
                let message =
                    format!("modules {first} and {index} are installed as the same `{}.ko`", record.dest_name);
                self.report(Diagnostic::error(message), D::DestModuleName, index);
            }
        }
        for row in TABLE.iter() {
            let Some(advice) = row.deprecated else {
                continue;
            };
            let first = self.array(row.directive).into_iter().next();
            let Some((index, value)) = first else {
                continue;
            };
            if row.directive == D::Clean && matches!(value.as_str(), "true" | "/bin/true" | "/usr/bin/true") {
                continue;
            }
            let message = format!("`{}` is deprecated", row.name);
            self.report(Diagnostic::warning(message).hint(advice), row.directive, index);
        }
    }
}

/// A path without its `..`; `None` if they lead out of where it begins. A caller that follows it must not need the
/// directories that it only passes through.
fn below(path: &str) -> Option<String> {
    let (start, rest) = path.strip_prefix('/').map_or(("", path), |rest| ("/", rest));
    let mut parts: Vec<&str> = Vec::new();
    for part in rest.split('/') {
        if part == ".." {
            let named = parts.iter().rposition(|part| !matches!(*part, "" | "."))?;
            parts.truncate(named);
        } else {
            parts.push(part);
        }
    }
    Some(format!("{start}{}", parts.join("/")))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::conf::{Request, evaluate};
    use crate::context::Context;
    use crate::source::Source;
    use crate::world::TableWorld;

    /// Evaluates a conf natively and checks it.
    pub(crate) fn checked(text: &str, strictness: Strictness) -> Result<Checked, Rejected> {
        let sources = [Source::new("dkms.conf", text)];
        let request = Request {
            sources: &sources,
            directives: &[],
            context: &Context::default(),
            world: &TableWorld::default(),
            shell: None,
        };
        evaluate(&request)?.module_config(strictness)
    }

    /// The same for one that is known to be good.
    pub(crate) fn config(text: &str, strictness: Strictness) -> ModuleConfig {
        checked(text, strictness).unwrap().config
    }

    const HEAD: &str = "PACKAGE_NAME=x\nPACKAGE_VERSION=1\n";

    fn errors(text: &str) -> String {
        checked(&format!("{HEAD}{text}"), Strictness::Strict).unwrap_err().to_string()
    }

    fn warnings(text: &str) -> Vec<String> {
        let checked = checked(&format!("{HEAD}{text}"), Strictness::Strict).unwrap();
        checked.warnings.into_iter().map(|warning| warning.to_string()).collect()
    }

    #[test]
    fn name_and_version_are_required() {
        let shown = checked("", Strictness::Always).unwrap_err().to_string();
        assert_eq!(shown, "dkms.conf: `PACKAGE_NAME` is missing\ndkms.conf: `PACKAGE_VERSION` is missing");
    }

    #[test]
    fn one_module_takes_the_name_of_the_package() {
        let made = config(&format!("{HEAD}DEST_MODULE_LOCATION[0]=/updates"), Strictness::Strict);
        let expected = Record {
            built_name: "x".into(),
            built_location: String::new(),
            dest_name: "x".into(),
            dest_location: "/updates".into(),
            strip: true,
        };
        assert_eq!(made.records, [expected]);
    }

    #[test]
    fn an_error_shows_the_line_with_a_caret() {
        assert_eq!(
            errors("BUILT_MODULE_NAME[0]=\"x\"\n  DEST_MODULE_LOCATION[0]=\"/lib\""),
            "dkms.conf:4:3: `/lib` does not begin with `/kernel`, `/updates` or `/extra`\n  \
             4 |   DEST_MODULE_LOCATION[0]=\"/lib\"\n    |   ^"
        );
    }

    #[test]
    fn suffixes_missing_names_and_doubled_names_are_errors() {
        assert!(errors("BUILT_MODULE_NAME=x.ko\nDEST_MODULE_LOCATION=/extra").contains("ends in `.ko`"));
        assert!(errors("DEST_MODULE_NAME=x.o\nDEST_MODULE_LOCATION=/extra").contains("ends in `.o`"));
        assert!(errors("BUILT_MODULE_NAME=(a b)\nDEST_MODULE_LOCATION=(/extra)").contains("`DEST_MODULE_LOCATION[1]`"));
        assert!(errors("BUILT_MODULE_NAME=a\nDEST_MODULE_LOCATION=(/extra /extra)").contains("`BUILT_MODULE_NAME[1]`"));
        let doubled = "BUILT_MODULE_NAME=(a a)\nBUILT_MODULE_LOCATION=(p q)\nDEST_MODULE_LOCATION=(/extra /extra)";
        assert!(errors(doubled).contains("installed as the same `a.ko`"));
        let doubled = "BUILT_MODULE_NAME=(a a)\nDEST_MODULE_NAME=(a b)\nDEST_MODULE_LOCATION=(/extra /extra)";
        assert!(errors(doubled).contains("built as the same `a.ko`"));
    }

    #[test]
    fn a_directory_in_a_built_name_is_where_the_object_is_built() {
        let text = "BUILT_MODULE_NAME=sub/m\nDEST_MODULE_NAME=n\nDEST_MODULE_LOCATION=/extra\n";
        let record = &config(&format!("{HEAD}{text}"), Strictness::Strict).records[0];
        assert_eq!((&*record.built_location, &*record.built_name, &*record.dest_name), ("sub/", "m", "n"));
        let located = config(&format!("{HEAD}{text}BUILT_MODULE_LOCATION=src"), Strictness::Strict);
        assert_eq!(located.records[0].built_location, "src/sub/");
        let doubled = "BUILT_MODULE_NAME=(sub/m m)\nBUILT_MODULE_LOCATION[1]=sub\nDEST_MODULE_NAME=(a b)\n\
                       DEST_MODULE_LOCATION=(/extra /extra)";
        assert!(errors(doubled).contains("built as the same `m.ko`"));
    }

    #[test]
    fn a_built_name_stays_below_the_build_directory_and_needs_a_name_to_install() {
        let with =
            |name: &str, more: &str| errors(&format!("BUILT_MODULE_NAME={name}\n{more}DEST_MODULE_LOCATION=/extra"));
        for name in ["../m", "a/../../m", "/tmp/m"] {
            let shown = with(name, "DEST_MODULE_NAME=m\n");
            assert!(
                shown.contains("`BUILT_MODULE_NAME[0]`") && shown.contains("not below the build directory"),
                "{shown}"
            );
        }
        assert!(with("sub/m", "").contains("not a valid name to install it under"));
        assert!(with("sub/m.ko", "DEST_MODULE_NAME=m\n").contains("ends in `.ko`"));
        assert!(with("sub/..", "DEST_MODULE_NAME=m\n").contains("not a valid module name"));
        assert!(with("m", "DEST_MODULE_NAME=sub/m\n").contains("not a valid module name"));
    }

    #[test]
    fn doubled_names_do_not_matter_when_nothing_is_built() {
        let doubled = "BUILT_MODULE_NAME=(a a)\nDEST_MODULE_LOCATION=(/extra /extra)";
        assert!(checked(&format!("{HEAD}{doubled}"), Strictness::Always).is_ok());
    }

    #[test]
    fn deprecated_directives_warn_unless_they_do_nothing() {
        assert_eq!(warnings("DEST_MODULE_LOCATION=/extra\nCLEAN=true"), Vec::<String>::new());
        assert!(warnings("DEST_MODULE_LOCATION=/extra\nCLEAN='make clean'")[0].contains("`CLEAN` is deprecated"));
        assert!(warnings("DEST_MODULE_LOCATION=/extra\nREMAKE_INITRD=Y")[0].contains("deprecated"));
        assert!(warnings("")[0].contains("no modules"));
    }

    #[test]
    fn a_place_that_goes_up_and_stays_inside_is_the_one_that_it_leads_to() {
        let text = "BUILT_MODULE_NAME=a\nBUILT_MODULE_LOCATION=src/.//../lib/\nDEST_MODULE_LOCATION=/kernel/../misc/";
        let record = &config(&format!("{HEAD}{text}"), Strictness::Strict).records[0];
        assert_eq!((&*record.built_location, &*record.dest_location), ("lib/", "/misc/"));
        for (path, inner) in [("/kernel/..", "/"), ("a//b/./", "a//b/./"), ("", "")] {
            assert_eq!(below(path).as_deref(), Some(inner), "{path}");
        }
        assert_eq!(below("/.."), None);
    }

    #[test]
    fn names_and_places_that_lead_elsewhere_are_errors() {
        let with = |text: &str| errors(&format!("BUILT_MODULE_NAME=a\nDEST_MODULE_LOCATION=/extra\n{text}"));
        for name in ["-rf", "a b", "../x", "..", "x/y", "a;b", ".x"] {
            let said = with(&format!("DEST_MODULE_NAME='{name}'"));
            assert!(said.contains("`DEST_MODULE_NAME[0]`") && said.contains("not a valid module name"), "{said}");
        }
        for place in ["/etc", "../x", "a/../../x", "/"] {
            assert!(with(&format!("BUILT_MODULE_LOCATION={place}")).contains("not below the build directory"));
        }
        assert!(with("DEST_MODULE_LOCATION=/kernel/../../x").contains("leads out of the kernel's directory"));
        assert!(with("DEST_MODULE_LOCATION='/updates/a b'").contains("a blank"));
        for directive in ["PATCH", "DEST_MODULE_NAME", "MAKE", "POST_INSTALL"] {
            let said = with(&format!("{directive}=\"a\u{1b}[31m\""));
            assert!(said.contains(&format!("the value of `{directive}` contains a control character")), "{said}");
        }
    }

    #[test]
    fn dependencies_are_split_at_blanks() {
        let made = config(&format!("{HEAD}BUILD_DEPENDS=(\"a b\" c)\nBUILD_DEPENDS[5]=a"), Strictness::Always);
        assert_eq!(made.build_depends, ["a", "b", "c"]);
    }

    #[test]
    fn edge_15_autoinstall_in_every_spelling() {
        for (value, expected) in
            [("yes", true), ("YES", true), ("Y", true), ("no", false), ("''", false), ("n", false), ("True", true)]
        {
            let made = config(&format!("{HEAD}AUTOINSTALL={value}"), Strictness::Always);
            assert_eq!(made.autoinstall, expected, "{value}");
        }
        assert!(!config(HEAD, Strictness::Always).autoinstall);
        assert!(warnings("DEST_MODULE_LOCATION=/extra\nAUTOINSTALL=Y")[0].contains("taken as `yes`"));
        assert!(errors("AUTOINSTALL=maybe").contains("neither `yes` nor `no`"));
    }

    #[test]
    fn edge_15_strip_falls_back_to_index_0() {
        let two = "BUILT_MODULE_NAME=(a b)\nDEST_MODULE_LOCATION=(/extra /extra)\n";
        let strip = |text: &str| {
            let made = config(&format!("{HEAD}{two}{text}"), Strictness::Always);
            made.records.iter().map(|record| record.strip).collect::<Vec<_>>()
        };
        assert_eq!(strip("STRIP=\nSTRIP[1]=\"${STRIP[0]}\""), [true, true]);
        assert_eq!(strip("STRIP=no"), [false, false]);
        assert_eq!(strip("STRIP=no\nSTRIP[1]=Yes"), [false, true]);
    }

    #[test]
    fn edge_17_a_gap_between_modules_is_an_error() {
        let text = "BUILT_MODULE_NAME[0]=a\nBUILT_MODULE_NAME[2]=c\nDEST_MODULE_LOCATION[0]=/extra\n\
                    DEST_MODULE_LOCATION[2]=/extra";
        assert!(errors(text).contains("module 1 has no directives"));
        assert!(errors("BUILT_MODULE_NAME[999999999]=a").contains("module 0 has no directives"));
    }

    #[test]
    fn edge_14_18_versions_are_taken_as_they_are() {
        for version in ["#MODULES_VERSION#", "%VERSION%", "KERNEL_VERSION", "1.2~rc1+git2-3", "0.0.20130228-6.3"] {
            let made = config(&format!("PACKAGE_NAME=a_b-c\nPACKAGE_VERSION=\"{version}\""), Strictness::Always);
            assert_eq!((made.package_name.as_str(), made.package_version.as_str()), ("a_b-c", version));
        }
    }
}
