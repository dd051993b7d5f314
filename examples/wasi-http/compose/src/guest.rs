//! Builds a guest of this workspace as a core module and encodes it as a component.

use jerakia_toolchain::TARGET;
use std::{error::Error, fs, path::Path, process::Stdio};
use wit_component::ComponentEncoder;

pub(crate) fn component(package: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    // A separate directory: cargo may lock the other while it runs this program.
    let target_dir = root.join("target/guests");
    let (mut cargo, more) = jerakia_toolchain::cargo()?;
    let built = cargo
        .args(["build", "--locked", "--quiet", "--release", "--package", package, "--target", TARGET, "--target-dir"])
        .arg(&target_dir)
        .args(more)
        .current_dir(&root)
        .stderr(Stdio::inherit())
        .status()?;
    if !built.success() {
        return Err(format!("{package} does not build").into());
    }
    let module = fs::read(target_dir.join(TARGET).join(format!("release/{package}.wasm")))?;
    Ok(ComponentEncoder::default().module(&module)?.validate(true).encode()?)
}
