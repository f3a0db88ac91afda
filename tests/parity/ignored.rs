//! The one place that says which parts of a root are not compared, and why.

/// Before `dkms` of the layer in PATH.
pub(super) const STAND_IN: &str = "/usr/local/sbin/dkms";

/// Paths that only one of the tools has by design.
pub(super) fn path(inside: &str) -> bool {
    // Our records and our lock live where the original does not look.
    inside.contains("/.dkms-rs")
        || inside.ends_with("/.record.json")
        || inside.ends_with("/.installed.json")
        || left_by_a_build(inside)
        // How a case switches between the two.
        || inside == STAND_IN
        // Bookkeeping of tools that scripts of a case may call.
        || inside.starts_with("/var/cache/")
        || inside.starts_with("/var/log/")
        || inside.starts_with("/var/lib/dpkg/")
        || inside.starts_with("/var/lib/apt/")
}

/// The original builds in the one directory of a module version and leaves all of it after a failure. Each of our builds
/// has a directory of its own, which goes; its log is to be found at the same place.
fn left_by_a_build(inside: &str) -> bool {
    let tree = inside.starts_with("/var/lib/dkms/") || inside.starts_with("/srv/");
    tree && inside.contains("/build/") && !inside.ends_with("/build/make.log")
}

/// Files whose content differs between any two runs; their presence and mode are compared.
pub(super) fn content(inside: &str) -> bool {
    // Freshly made keys.
    inside.ends_with("/mok.key")
        || inside.ends_with("/mok.pub")
        || inside.ends_with(".key.pem")
        // depmod's indexes follow from modules.dep, which is compared; tarballs carry times and are compared unpacked.
        || inside.ends_with(".bin")
        || inside.ends_with(".dkms.tar.gz")
}

/// A path with the random part of temporary names replaced.
pub(super) fn normal(inside: &str) -> String {
    let parts: Vec<String> = inside
        .split('/')
        .map(|part| match part.rsplit_once(['_', '.']) {
            Some((head, tail)) if (head.starts_with(".tmp_") || head == "dkms") && random(tail) => {
                format!("{head}_XXXXXX")
            }
            _ => part.to_owned(),
        })
        .collect();
    let path = parts.join("/");
    // Debian's /lib is a link to /usr/lib; people say /lib/modules.
    path.strip_prefix("/usr/lib/modules").map(|rest| format!("/lib/modules{rest}")).unwrap_or(path)
}

fn random(tail: &str) -> bool {
    tail.len() >= 6 && tail.chars().all(|c| c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_failed_build_the_log_is_compared() {
        assert!(path("/var/lib/dkms/m/1/build/m.c"));
        assert!(!path("/var/lib/dkms/m/1/build/make.log"));
        assert!(!path("/var/lib/dkms/m/1/build"));
        assert!(!path("/usr/src/m-1/build/m.c"));
    }

    #[test]
    fn temporary_names_are_made_equal() {
        assert_eq!(normal("/var/lib/dkms/m/1/K/.tmp_x86_64_aB3dEf"), "/var/lib/dkms/m/1/K/.tmp_x86_64_XXXXXX");
        assert_eq!(normal("/tmp/dkms.aB3dEf"), "/tmp/dkms_XXXXXX");
        assert_eq!(normal("/usr/lib/modules/6.1"), "/lib/modules/6.1");
        assert_eq!(normal("/usr/src/basic-1.0"), "/usr/src/basic-1.0");
    }
}
