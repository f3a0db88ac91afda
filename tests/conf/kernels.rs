//! The contexts to evaluate in: real headers of two releases, one of them real-time, with and without `.config`;
//! kernels without headers; and a package that has no name yet.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use dkms_conf::{Context, version};
use testbed::command::Cmd;
use testbed::debs::Debs;
use testbed::{cache, disk};

/// A context with its name.
pub(super) struct KernelContext {
    pub(super) name: String,
    pub(super) context: Context,
    /// The same as a file that bash sources.
    pub(super) file: PathBuf,
}

/// All contexts.
pub(super) fn all() -> Result<Vec<KernelContext>> {
    let old = headers("bookworm", "linux-headers-6.1.", "-cloud-amd64")?;
    let new = headers("trixie", "linux-headers-6.12.", "-cloud-amd64")?;
    let rt = headers("trixie", "linux-headers-6.12.", "-rt-amd64")?;
    let bare = without_config(&new)?;
    let absent =
        |release: &str| Headers { release: release.to_owned(), modules: PathBuf::from("/nonexistent/modules") };
    let unnamed = |context: Context| Context {
        module: Some(String::new()),
        module_version: Some(String::new()),
        parallel_jobs: None,
        ..context
    };
    let mut contexts = Vec::new();
    for (name, context) in [
        ("6.1", context(&old)),
        ("6.12", context(&new)),
        ("6.12 without .config", context(&bare)),
        ("6.12 rt", context(&rt)),
        ("6.12 unnamed", unnamed(context(&new))),
        ("7.0 without headers", context(&absent("7.0.3"))),
        ("5.4 without headers", context(&absent("5.4.0-26-generic"))),
        ("3.2 without headers", Context { arch: Some("i686".to_owned()), ..context(&absent("3.2.0-4-686-pae")) }),
    ] {
        let file = cache::path("conf/contexts").join(name.replace(' ', "-"));
        let line = |(variable, value): (&str, &str)| format!("{variable}='{}'\n", value.replace('\'', r"'\''"));
        disk::write(&file, context.variables().map(line).collect::<String>())?;
        contexts.push(KernelContext { name: name.to_owned(), context, file });
    }
    Ok(contexts)
}

/// A kernel whose headers are at `modules/RELEASE/build`.
struct Headers {
    release: String,
    modules: PathBuf,
}

fn context(headers: &Headers) -> Context {
    let some = |text: &str| Some(text.to_owned());
    let build = headers.modules.join(&headers.release).join("build");
    Context {
        kernelver: some(&headers.release),
        arch: some("x86_64"),
        kernel_config: some(&build.join(".config").display().to_string()),
        kernel_source_dir: some(&build.display().to_string()),
        module: some("example"),
        module_version: some("1.0"),
        dkms_tree: some("/var/lib/dkms"),
        source_tree: some("/usr/src"),
        install_tree: some(&headers.modules.display().to_string()),
        tmp_location: some("/tmp"),
        parallel_jobs: some("2"),
        verbose: some(""),
        symlink_modules: some(""),
        ..Context::default()
    }
}

/// Unpacks the newest headers of a flavour, with the part that all flavours share.
fn headers(suite: &str, prefix: &str, flavour: &str) -> Result<Headers> {
    let debs = Debs::of(suite)?;
    let mut names = debs.names(prefix)?;
    names.retain(|name| name.ends_with(flavour));
    names.sort_by(|left, right| version::compare(left, right));
    let package = names.pop().with_context(|| format!("{suite} has no headers {prefix}*{flavour}"))?;
    let release = package.trim_start_matches("linux-headers-").to_owned();
    let shared = if flavour.starts_with("-rt") { "-common-rt" } else { "-common" };
    let common = format!("{}{shared}", package.trim_end_matches(flavour));
    let root = cache::path("conf/kernels").join(&package);
    if !root.exists() {
        let work = root.with_extension("partial");
        disk::remove_tree(&work)?;
        disk::make_dirs(&work)?;
        for deb in debs.fetch_all(&[package.clone(), common.clone()])? {
            Cmd::new("dpkg-deb").arg("-x").arg(deb).arg(&work).checked()?;
        }
        let modules = work.join("modules").join(&release);
        disk::make_dirs(&modules)?;
        link(Path::new("../../usr/src").join(&package), &modules.join("build"))?;
        link(Path::new("../../usr/src").join(&common), &modules.join("source"))?;
        disk::rename(&work, &root)?;
    }
    Ok(Headers { release, modules: root.join("modules") })
}

/// The same headers once more, with everything but `.config`.
fn without_config(headers: &Headers) -> Result<Headers> {
    let modules = headers.modules.with_file_name("modules-without-config");
    let build = headers.modules.join(&headers.release).join("build");
    let bare = modules.join(&headers.release).join("build");
    disk::remove_tree(&modules)?;
    disk::make_dirs(&bare)?;
    for name in disk::names(&build).into_iter().filter(|name| name != ".config") {
        link(build.join(&name), &bare.join(&name))?;
    }
    Ok(Headers { release: headers.release.clone(), modules })
}

fn link(target: PathBuf, at: &Path) -> Result<()> {
    symlink(&target, at).with_context(|| format!("link {} to {}", at.display(), target.display()))
}
