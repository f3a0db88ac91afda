//! From the version of a kernel's package to the release of the kernel, as Arch's packages make it.
//!
//! Arch writes what follows the numbers of a release behind a dot, since a version has no dashes, then the number of the
//! package, then what the package's name says besides `linux`; a release has three numbers at least:
//!
//! ```text
//! linux      6.13.arch1-1   -> 6.13.0-arch1-1
//! linux-zen  6.12.4.zen1-1  -> 6.12.4-zen1-1-zen
//! linux-lts  6.12.5-1       -> 6.12.5-1-lts
//! ```

/// The release that a package called `name` (that is, its base) would have; `None` if the version is of another kind.
pub(crate) fn of_package(name: &str, version: &str) -> Option<String> {
    let flavour = name.strip_prefix("linux")?;
    let version = version.rsplit_once(':').map_or(version, |(_, version)| version);
    let (version, package) = version.rsplit_once('-')?;
    let mut parts: Vec<&str> = version.split('.').collect();
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let words = parts.split_off(parts.iter().position(|part| !is_number(part)).unwrap_or(parts.len()));
    if parts.len() < 2 || package.is_empty() || words.iter().any(|word| word.is_empty()) {
        return None;
    }
    parts.resize(parts.len().max(3), "0");
    let words: String = words.iter().map(|word| format!("-{word}")).collect();
    Some(format!("{}{words}-{package}{flavour}", parts.join(".")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_arch_makes_them() {
        for (name, version, release) in [
            ("linux", "6.13.arch1-1", "6.13.0-arch1-1"),
            ("linux", "6.12.1.arch1-2", "6.12.1-arch1-2"),
            ("linux-lts", "6.12.5-1", "6.12.5-1-lts"),
            ("linux-zen", "6.12.4.zen1-1", "6.12.4-zen1-1-zen"),
            ("linux-hardened", "6.11.11.hardened1-1", "6.11.11-hardened1-1-hardened"),
            ("linux-cachyos", "6.9.5-2", "6.9.5-2-cachyos"),
            ("linux-rt", "6.11.rt7.arch1-1", "6.11.0-rt7-arch1-1-rt"),
            ("linux", "1:6.13.arch1-1.1", "6.13.0-arch1-1.1"),
        ] {
            assert_eq!(of_package(name, version).as_deref(), Some(release));
        }
    }

    #[test]
    fn what_is_of_another_kind_is_not_guessed() {
        for (name, version) in [
            ("kernel", "6.13.arch1-1"),
            ("linux", "6.13"),
            ("linux", ""),
            ("linux", "r12-1"),
            ("linux", "6..1-1"),
            ("linux", "6-1"),
        ] {
            assert_eq!(of_package(name, version), None, "{name} {version}");
        }
    }
}
