//! `jerakia component`

use crate::args::ComponentCommand;
use crate::terminal;
use anyhow::{Context as _, bail};
use jerakia_host::sandbox::portable_component;
use sha2::{Digest as _, Sha256};
use std::fs;
use std::path::Path;
use wit_component::{DecodedWasm, OutputToString, WitPrinter};
use wit_parser::{Resolve, WorldId};

pub fn run(command: &ComponentCommand) -> anyhow::Result<()> {
    match command {
        ComponentCommand::Export { file } => export(file),
        ComponentCommand::Inspect { file: Some(file) } => {
            let bytes = fs::read(file).with_context(|| format!("can't read {}", file.display()))?;
            inspect(&bytes).with_context(|| format!("{} is not a component that can be read", file.display()))
        }
        ComponentCommand::Inspect { file: None } => inspect(portable_component()),
    }
}

fn export(file: &Path) -> anyhow::Result<()> {
    if file == Path::new("-") {
        return terminal::print_bytes(portable_component());
    }
    fs::write(file, portable_component()).with_context(|| format!("can't write {}", file.display()))?;
    terminal::print_lines([format!("{}: {} bytes", file.display(), portable_component().len())])
}

fn inspect(bytes: &[u8]) -> anyhow::Result<()> {
    let DecodedWasm::Component(resolve, world) = wit_component::decode(bytes)? else {
        bail!("it is a WIT package");
    };
    let digest: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let mut printer = WitPrinter::new(OutputToString::default());
    let package = resolve.worlds[world].package.context("its world has no package")?;
    let others: Vec<_> = resolve.packages.iter().map(|(id, _)| id).filter(|id| *id != package).collect();
    printer.print(&resolve, package, &others)?;
    terminal::print_lines([
        format!("size     {} bytes", bytes.len()),
        format!("sha-256  {digest}"),
        format!("imports  {}", names(&resolve, world, true)),
        format!("exports  {}", names(&resolve, world, false)),
        String::new(),
        terminal::escaped_lines(&String::from(printer.output)),
    ])
}

/// What a world imports, or exports, in one line.
fn names(resolve: &Resolve, world: WorldId, imported: bool) -> String {
    let world = &resolve.worlds[world];
    let items = if imported { &world.imports } else { &world.exports };
    let names: Vec<_> = items.keys().map(|key| resolve.name_world_key(key)).collect();
    if names.is_empty() { "none".into() } else { names.join(", ") }
}
