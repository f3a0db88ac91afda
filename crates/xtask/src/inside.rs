//! `cargo xtask in LAYER LINE`: a line of bash in a fresh root, for looking at what a test sees.

use anyhow::Result;
use clap::{Args, ValueEnum};
use testbed::layer::{self, Kernels};
use testbed::root::Root;

#[derive(Args)]
pub(crate) struct Request {
    /// The layer to start from
    #[arg(value_enum)]
    layer: Name,
    /// A line of bash; K1, K2 are the releases of the kernels
    line: String,
}

#[derive(Clone, Copy, ValueEnum)]
enum Name {
    /// Compiler and tools, no kernel
    Tools,
    /// Tools and the older kernel
    Kernel,
    /// Tools and both kernels
    Kernels,
    /// Both kernels and the original's package
    Original,
}

/// Runs the line on our own terminal; true if it succeeded.
pub(crate) fn run(request: &Request) -> Result<bool> {
    let kernels = Kernels::of_archive()?;
    let layer = match request.layer {
        Name::Tools => layer::tools()?,
        Name::Kernel => layer::kernel(&kernels)?,
        Name::Kernels => layer::kernels(&kernels)?,
        Name::Original => layer::original(&layer::kernels(&kernels)?)?,
    };
    let root = Root::over(&layer)?;
    let line = format!("K1={} K2={}; {}", kernels.older, kernels.newer, request.line);
    Ok(root.command(3600, &["bash", "-c", &line]).run().is_ok())
}
