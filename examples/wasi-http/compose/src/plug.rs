//! Composes components, like the command `wac plug`.

use std::error::Error;
use wac_graph::{CompositionGraph, EncodeOptions, types::Package};

/// Satisfies the imports of `socket` with the exports of the plugs. WASI imports remain, for
/// the host.
pub(crate) fn into(socket: Vec<u8>, plugs: [(&str, Vec<u8>); 2]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut graph = CompositionGraph::new();
    let package = Package::from_bytes("socket", None, socket, graph.types_mut())?;
    let socket = graph.register_package(package)?;
    let mut registered = Vec::new();
    for (name, bytes) in plugs {
        let package = Package::from_bytes(name, None, bytes, graph.types_mut())?;
        registered.push(graph.register_package(package)?);
    }
    wac_graph::plug(&mut graph, registered, socket)?;
    let composed = graph.encode(EncodeOptions::default())?;

    // `wac_graph::plug` silently skips plugs whose types don't match.
    let whole = Package::from_bytes("composed", None, composed.as_slice(), graph.types_mut())?;
    let world = &graph.types()[whole.ty()];
    let open = world.imports.keys().find(|it| !it.starts_with("wasi:") || world.exports.contains_key(*it));
    match open {
        Some(name) => Err(format!("nothing that fits was plugged into {name}").into()),
        None => Ok(composed),
    }
}
