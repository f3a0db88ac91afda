//! The firmware's variables: as a store that OVMF boots with, and as the files in which Linux shows them afterwards.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use testbed::disk;
use testbed::root::Root;

use super::scenario::{Change, Scenario};
use super::{PACKAGES, WORK};

const OWNER: &str = "77fa9abd-0359-4d32-bd60-28f4e78f784b";
const SHIM: &str = "605dab50-e046-4300-abb6-3dd810dd8b23";
const SECURITY: &str = "d719b2cb-3d3a-4596-a3bc-dad00e67656f";
const GLOBAL: &str = "8be4df61-93ca-11d2-aa0d-00e098032b8c";
/// Debian's certificate, which shim has built in.
const VENDOR: &str = "usr/share/shim/debian-uefi-ca.der";
/// What a person types for MokManager.
pub(super) const PASSWORD: &str = "suite";

/// Makes the store of a scenario; its path in the root.
pub(super) fn make(root: &Root, scenario: &Scenario) -> Result<String> {
    let template = if scenario.secure_boot { "OVMF_VARS_4M.ms.fd" } else { "OVMF_VARS_4M.fd" };
    let out = format!("{WORK}/{}.fd", scenario.name);
    let (mut options, mut variables, mut forbidden) = (Vec::new(), Vec::new(), String::new());
    let of_shim = |name: &str, attributes: u32, data: &str| {
        format!(r#"{{"name":"{name}","guid":"{SHIM}","attr":{attributes},"data":"{data}"}}"#)
    };
    let key = |name: &str| format!("{WORK}/keys/{name}.der");
    // Attributes: 1 it stays, 2 boot services see it, 4 the system sees it, 32 it is signed.
    for change in scenario.changes {
        match *change {
            Change::Mok(name) => options.push(format!("--add-mok {OWNER} {}", key(name))),
            Change::Db(name) => options.push(format!("--add-db {OWNER} {}", key(name))),
            Change::DbOfDebian => options.push(format!("--add-db {OWNER} {PACKAGES}/{VENDOR}")),
            Change::Dbx(name) => {
                let data = hex(&list(X509, &bytes(root, &key(name))?)?);
                variables.push(format!(r#"{{"name":"dbx","guid":"{SECURITY}","attr":39,"data":"{data}"}}"#));
            }
            Change::MokX(name) => forbidden += &hex(&list(X509, &bytes(root, &key(name))?)?),
            Change::MokXHash(module) => {
                let sum = root.must(&format!("sha256sum {WORK}/modules/{module}.ko"))?.stdout;
                forbidden += &hex(&list(SHA256, &unhex(sum.split(' ').next().unwrap_or_default())?)?);
            }
            Change::Untrust => variables.push(of_shim("MokListTrusted", 3, "00")),
            Change::Insecure => variables.push(of_shim("MokSBState", 3, "01")),
            Change::Pending(name) => {
                let list = list(X509, &bytes(root, &key(name))?)?;
                // A hash over the list and the password in UCS-2, as mokutil leaves it.
                let password: Vec<u8> = PASSWORD.encode_utf16().flat_map(u16::to_le_bytes).collect();
                disk::write(&root.path(&format!("{WORK}/request")), [list.clone(), password].concat())?;
                let sum = root.must(&format!("sha256sum {WORK}/request"))?.stdout;
                variables.push(of_shim("MokNew", 7, &hex(&list)));
                variables.push(of_shim("MokAuth", 7, sum.split(' ').next().unwrap_or_default()));
            }
        }
    }
    if !forbidden.is_empty() {
        variables.push(of_shim("MokListX", 3, &forbidden));
    }
    if !variables.is_empty() {
        let json = format!(r#"{{"version":2,"variables":[{}]}}"#, variables.join(","));
        disk::write(&root.path(&format!("{WORK}/{}.json", scenario.name)), json)?;
        options.push(format!("--set-json {WORK}/{}.json", scenario.name));
    }
    let options = options.join(" ");
    root.must(&format!("virt-fw-vars --loglevel ERROR -i {PACKAGES}/usr/share/OVMF/{template} -o {out} {options}"))?;
    Ok(out)
}

#[derive(Deserialize)]
struct Stored {
    variables: Vec<Variable>,
}

#[derive(Deserialize)]
struct Variable {
    name: String,
    guid: String,
    attr: u32,
    data: String,
}

/// Writes the variables of a store as files below a directory, as a kernel would show them that shim has started.
pub(super) fn show(root: &Root, store: &str, scenario: &Scenario, directory: &Path) -> Result<()> {
    let json = root.must(&format!("virt-fw-vars --loglevel ERROR -i {store} --output-json /dev/stdout"))?.stdout;
    let stored: Stored = serde_json::from_str(&json).with_context(|| format!("variables of {store}"))?;
    let efivars = directory.join("sys/firmware/efi/efivars");
    disk::make_dirs(&efivars)?;
    let write = |name: &str, guid: &str, attributes: u32, value: &[u8]| {
        let content = [&attributes.to_le_bytes(), value].concat();
        disk::write(&efivars.join(format!("{name}-{guid}")), content)
    };
    let has = |name: &str| stored.variables.iter().any(|variable| variable.name == name);
    write("SecureBoot", GLOBAL, 6, &[u8::from(has("PK"))])?;
    write("SetupMode", GLOBAL, 6, &[u8::from(!has("PK"))])?;
    let vendor = list(X509, &disk::bytes(&root.path(&format!("{PACKAGES}/{VENDOR}")))?)?;
    let by_shim = scenario.chain != super::scenario::Chain::Bare;
    let mut mok = vendor;
    for variable in &stored.variables {
        let value = unhex(&variable.data)?;
        if variable.attr & 4 != 0 {
            write(&variable.name, &variable.guid, variable.attr, &value)?;
        }
        // What shim's MokVars.txt says of the copies that it makes.
        match variable.name.as_str() {
            "MokList" => mok.extend(value),
            "MokListX" => write("MokListXRT", SHIM, 6, &value)?,
            "MokSBState" => write("MokSBStateRT", SHIM, 6, &value)?,
            _ => {}
        }
    }
    if by_shim {
        write("MokListRT", SHIM, 6, &mok)?;
        if !has("MokListTrusted") {
            write("MokListTrustedRT", SHIM, 6, &[1])?;
        }
    }
    Ok(())
}

const X509: &str = "a159c0a5e494a74a87b5ab155c2bf072";
const SHA256: &str = "2616c4c14c509240aca941f936934328";

/// An `EFI_SIGNATURE_LIST` with one entry.
fn list(kind: &str, data: &[u8]) -> Result<Vec<u8>> {
    let entry = u32::try_from(16 + data.len()).context("a large certificate")?;
    let sizes = [(28 + entry).to_le_bytes(), [0; 4], entry.to_le_bytes()].concat();
    Ok([unhex(kind)?, sizes, vec![0x11; 16], data.to_vec()].concat())
}

fn bytes(root: &Root, path: &str) -> Result<Vec<u8>> {
    disk::bytes(&root.path(path))
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

fn unhex(text: &str) -> Result<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits.with_context(|| format!("`{text}` is not hexadecimal"))?;
    if digits.len() % 2 != 0 {
        bail!("`{text}` has half a byte");
    }
    digits.chunks_exact(2).map(|pair| u8::try_from(pair[0] << 4 | pair[1]).context("a byte")).collect()
}
