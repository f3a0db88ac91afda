//! `dkms mok status`: each pair that signs, where it is enrolled, and what each kernel makes of it.

use std::fmt::Write as _;

use anyhow::Result;
use dkms_engine::facts::firmware::Firmware;
use dkms_engine::module_file::certificate::Certificate;
use dkms_engine::mok::Standing;
use dkms_engine::trust::{Enrollment, Need};
use serde::Serialize;

use crate::exit::Reported;
use crate::session::Session;

/// What `dkms mok status --json` prints.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MokStatus {
    /// Grows when the meaning of a field changes or a field goes away. New fields may come without that.
    format: u32,
    /// Each pair of keys that signs for a kernel at hand.
    pairs: Vec<Pair>,
}

/// A pair of keys.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Pair {
    /// The private key: a path or a PKCS#11 address.
    key: String,
    /// The certificate.
    certificate: String,
    /// Common name of the certificate's subject; none if there is no pair that can be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    /// The kind of the key, with its bits if it is RSA.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    /// Lists of firmware and shim that have the certificate: `MokList`, `db`, `MokListX`, `dbx`; requests that are about it:
    /// `MokNew`, `MokDel`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lists: Vec<&'static str>,
    /// The kernels whose modules it signs.
    kernels: Vec<Kernel>,
}

/// What a kernel makes of a pair.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Kernel {
    /// Release.
    kernel: String,
    /// `not-needed`, `counted`, `no-pair`, `unusable`, `absent`, `pending`, `lost`, `going-away`, `no-shim`, `unfit`, `revoked`,
    /// `not-trusted`, `not-asked`, `never-read`, `firmware-services-off`, `secure-boot-off` or `unknown`.
    state: &'static str,
    /// Why.
    reason: String,
    /// What a person does about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    mend: Option<String>,
    /// What the kernel's rules have against the certificate, be it in the way or not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    limits: Vec<String>,
}

/// Shows the state; ends with 1 if something is to be done, 2 if that cannot be told.
pub(super) fn run(session: &Session) -> Result<()> {
    let standings = super::standings(session, &Firmware::gather(&session.setup))?;
    let shown = MokStatus::of(&standings);
    if session.arguments.line.json {
        session.output.line(&serde_json::to_string_pretty(&shown)?)?;
    } else {
        session.output.write(&shown.text())?;
    }
    if standings.is_empty() {
        log::warn!("no kernel is installed, so there is nothing to sign for");
    }
    let kernels = standings.iter().flat_map(|pair| &pair.kernels);
    match kernels.map(|(_, enrollment)| enrollment.need()).max() {
        Some(Need::Something) => Err(Reported(1).into()),
        Some(Need::Unknown) => Err(Reported(2).into()),
        Some(Need::Nothing) | None => Ok(()),
    }
}

impl MokStatus {
    fn of(standings: &[Standing]) -> Self {
        Self { format: 1, pairs: standings.iter().map(Pair::of).collect() }
    }

    fn text(&self) -> String {
        self.pairs.iter().map(Pair::text).collect()
    }
}

impl Pair {
    fn of(standing: &Standing) -> Self {
        let certificate = standing.certificate.as_ref();
        let kernel = |(release, enrollment): &(String, Enrollment)| {
            let limits = standing.limits.iter().filter(|(of, limit)| {
                let is_in_the_way = matches!(enrollment, Enrollment::Hindered { obstacle, .. } if obstacle == limit);
                of == release && !is_in_the_way
            });
            Kernel {
                kernel: release.clone(),
                state: enrollment.name(),
                reason: enrollment.reason(),
                mend: enrollment.mend(),
                limits: limits.map(|(_, limit)| limit.to_string()).collect(),
            }
        };
        Self {
            key: standing.key.clone(),
            certificate: standing.path.display().to_string(),
            subject: certificate.map(|one| one.name.clone()),
            kind: certificate.map(kind),
            lists: standing.enrolled.clone(),
            kernels: standing.kernels.iter().map(kernel).collect(),
        }
    }

    fn text(&self) -> String {
        let mut text = self.certificate.clone();
        if let (Some(subject), Some(kind)) = (&self.subject, &self.kind) {
            let _ = write!(text, ": {subject}, {kind}");
        }
        let _ = writeln!(text, "\n  key: {}", self.key);
        if !self.lists.is_empty() {
            let _ = writeln!(text, "  in: {}", self.lists.join(", "));
        }
        for kernel in &self.kernels {
            let mend = kernel.mend.as_ref().map(|mend| format!("; {mend}")).unwrap_or_default();
            let _ = writeln!(text, "  {}: {}{mend}", kernel.kernel, kernel.reason);
            for limit in &kernel.limits {
                let _ = writeln!(text, "  {}: limit: {limit}", kernel.kernel);
            }
        }
        text
    }
}

fn kind(certificate: &Certificate) -> String {
    match certificate.rsa_bits {
        Some(bits) => format!("{} {bits}", certificate.key_kind),
        None => certificate.key_kind.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use dkms_engine::trust::{Obstacle, Ring};

    use super::*;

    fn standing(certificate: Option<Certificate>, kernels: &[(&str, Enrollment)]) -> Standing {
        let kernels = kernels.iter().map(|(release, enrollment)| ((*release).to_owned(), enrollment.clone())).collect();
        let limits = vec![("6.12".to_owned(), Obstacle::NotAuthority), ("6.13".to_owned(), Obstacle::NotAuthority)];
        let (key, path) = ("/k/mok.key".to_owned(), PathBuf::from("/k/mok.pub"));
        Standing { key, path, certificate, enrolled: vec!["MokList"], kernels, limits }
    }

    #[test]
    fn a_line_for_each_kernel_and_what_says_nothing_is_left_out() {
        let ours = include_bytes!("../../../../../tests/fixtures/signatures/ours.der");
        let because = "CONFIG_MODULE_SIG_FORCE";
        let hindered = Enrollment::Hindered { obstacle: Obstacle::NotAuthority, because };
        let kernels = [
            ("6.12", Enrollment::Counted { ring: Ring::Platform }),
            ("6.13", hindered),
            ("6.14", Enrollment::Lost),
            ("6.15", Enrollment::NotNeeded),
        ];
        let found = MokStatus::of(&[standing(Certificate::parse(ours).ok(), &kernels)]);
        let text = found.text();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[..3], ["/k/mok.pub: sbvm ours, RSA 2048", "  key: /k/mok.key", "  in: MokList"]);
        assert_eq!(lines[3], "  6.12: trusted, by the keys of `.platform`");
        assert!(lines[4].starts_with("  6.12: limit: its certificate is not one of an authority"), "{text}");
        assert!(lines[5].starts_with("  6.13: its certificate") && lines[5].contains("; move both files"), "{text}");
        assert!(lines[6].starts_with("  6.14: ") && lines[6].ends_with("; dkms mok enroll"), "{text}");
        assert_eq!((lines[7], lines.len()), ("  6.15: loads any module; one that it does not trust taints it (E)", 8));
        let json = serde_json::to_value(&found).unwrap();
        assert_eq!(json["pairs"][0]["kernels"][1]["state"], "unfit");
        assert!(json["pairs"][0]["kernels"][3].get("mend").is_none() && json["format"] == 1);
        let bare = MokStatus::of(&[standing(None, &[])]).text();
        assert!(bare.starts_with("/k/mok.pub\n  key: /k/mok.key\n"), "{bare}");
    }
}
