//! `jerakia component`

use crate::args::ComponentCommand;
use crate::terminal;
use anyhow::{Context as _, bail};
use jerakia_host::sandbox::{CONTRACT, portable_component};
use sha2::{Digest as _, Sha256};
use std::fs;
use std::path::Path;
use wasmparser::{ComponentName, KnownCustom, Parser, Payload};
use wit_component::{DecodedWasm, OutputToString, WitPrinter};
use wit_parser::{Resolve, WorldId};

pub fn run(command: &ComponentCommand) -> anyhow::Result<()> {
    match command {
        ComponentCommand::Export { file, wit: false } => export(file, portable_component()),
        ComponentCommand::Export { file, wit: true } => export(file, &contract()?),
        ComponentCommand::Inspect { file: Some(file) } => {
            let bytes = fs::read(file).with_context(|| format!("can't read {}", file.display()))?;
            inspect(&bytes).with_context(|| format!("{} is not a component that can be read", file.display()))
        }
        ComponentCommand::Inspect { file: None } => inspect(portable_component()),
    }
}

fn export(file: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    if file == Path::new("-") {
        return terminal::print_bytes(bytes);
    }
    fs::write(file, bytes).with_context(|| format!("can't write {}", file.display()))?;
    terminal::print_lines([format!("{}: {} bytes", file.display(), bytes.len())])
}

/// The contract as a WIT package in a WebAssembly file, which is what registries take.
fn contract() -> anyhow::Result<Vec<u8>> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("auth.wit", CONTRACT)?;
    wit_component::encode(&resolve, package)
}

fn inspect(bytes: &[u8]) -> anyhow::Result<()> {
    // Decoded, it would be a component without imports, whatever it imports.
    if Parser::is_core_wasm(bytes) {
        bail!("it is a core module, not a component");
    }
    let DecodedWasm::Component(resolve, world) = wit_component::decode(bytes)? else {
        bail!("it is a WIT package");
    };
    let digest = base16ct::lower::encode_string(&Sha256::digest(bytes));
    let mut lines: Vec<_> =
        metadata(bytes)?.into_iter().map(|(name, text)| format!("{name:8} {}", terminal::escaped(&text))).collect();
    lines.extend([
        format!("size     {} bytes", bytes.len()),
        format!("sha-256  {digest}"),
        format!("imports  {}", names(&resolve, world, true)),
        format!("exports  {}", names(&resolve, world, false)),
        String::new(),
        terminal::escaped_lines(&wit(&resolve, world)?),
    ]);
    terminal::print_lines(lines)
}

/// A component's name, and those of its sections that registries read.
fn metadata(bytes: &[u8]) -> anyhow::Result<Vec<(&'static str, String)>> {
    const SECTIONS: [(&str, &str); 4] =
        [("version", "version"), ("description", "about"), ("licenses", "licence"), ("source", "source")];
    let mut found = Vec::new();
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            // Sections of inner modules describe those modules.
            Payload::CustomSection(section) if depth == 1 => {
                if let KnownCustom::ComponentName(names) = section.as_known() {
                    for name in names {
                        if let ComponentName::Component { name, .. } = name? {
                            found.push(("name", name.into()));
                        }
                    }
                } else if let Some((_, label)) = SECTIONS.iter().find(|(name, _)| *name == section.name()) {
                    found.push((*label, String::from_utf8_lossy(section.data()).into_owned()));
                }
            }
            _ => {}
        }
    }
    Ok(found)
}

/// The WIT text of a component, with comments if its contract is our own.
fn wit(resolve: &Resolve, world: WorldId) -> anyhow::Result<String> {
    let carried = carried_wit(resolve, world)?;
    let DecodedWasm::Component(resolve, world) = wit_component::decode(portable_component())? else {
        bail!("the component of this program is a WIT package");
    };
    Ok(if carried == carried_wit(&resolve, world)? { CONTRACT.into() } else { carried })
}

fn carried_wit(resolve: &Resolve, world: WorldId) -> anyhow::Result<String> {
    let mut printer = WitPrinter::new(OutputToString::default());
    let package = resolve.worlds[world].package.context("its world has no package")?;
    let others: Vec<_> = resolve.packages.iter().map(|(id, _)| id).filter(|id| *id != package).collect();
    printer.print(resolve, package, &others)?;
    Ok(printer.output.into())
}

/// The imports or the exports of a world, in one line.
fn names(resolve: &Resolve, world: WorldId, imported: bool) -> String {
    let world = &resolve.worlds[world];
    let items = if imported { &world.imports } else { &world.exports };
    let names: Vec<_> = items.keys().map(|key| resolve.name_world_key(key)).collect();
    if names.is_empty() { "none".into() } else { names.join(", ") }
}
