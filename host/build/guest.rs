//! Builds `core-wasm` as a core module and encodes it as a component.

use jerakia_core::about;
use jerakia_toolchain::TARGET;
use std::{env, error::Error, fs, path::Path};
use wasm_encoder::{ComponentSection as _, CustomSection};
use wasm_metadata::{AddMetadata, AddMetadataField};
use wit_component::ComponentEncoder;

/// Builds the component with `features` of `core-wasm`, and returns its bytes. `out` is the
/// build script's `OUT_DIR`.
pub(crate) fn component(out: &Path, features: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("..");
    for input in ["wit", "core-wasm", "Cargo.toml", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={}", root.join(input).display());
    }
    // Outside OUT_DIR, so that debug and release builds share it.
    let target_dir = out.ancestors().nth(4).unwrap_or(out).join("component");
    let (mut cargo, more) = jerakia_toolchain::cargo()?;
    let built = cargo
        .args(["rustc", "--locked", "--package", "jerakia-core", "--lib", "--crate-type", "cdylib"])
        .args(["--features", features])
        .args(["--profile", "component", "--target", TARGET, "--target-dir"])
        .arg(&target_dir)
        .args(more)
        .current_dir(&root)
        .output()?;
    if !built.status.success() {
        return Err(format!("The token component does not build:\n{}", String::from_utf8_lossy(&built.stderr)).into());
    }
    let module = fs::read(target_dir.join(TARGET).join("component/jerakia_core.wasm"))?;
    described(&ComponentEncoder::default().module(&module)?.validate(true).encode()?)
}

/// Adds the metadata that registries and `wasm-tools metadata` read. It has no revision, so
/// that equal sources give equal bytes.
fn described(component: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut metadata = AddMetadata::default();
    metadata.name = AddMetadataField::Set(about::NAME.into());
    let mut described = metadata.to_wasm(component)?;
    for (name, text) in [
        ("version", about::VERSION),
        ("description", about::DESCRIPTION),
        ("licenses", about::LICENSES),
        ("source", about::SOURCE),
    ] {
        CustomSection { name: name.into(), data: text.as_bytes().into() }.append_to_component(&mut described);
    }
    Ok(described)
}
