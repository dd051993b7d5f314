//! Anchors of a YAML document: what aliases stand for, within bounds, as a few lines can
//! stand for a lot.

use super::flaw::Node;
use super::reading::{Seed, TooMuch};
use std::collections::HashMap;

/// How many nodes the aliases of a document may unfold to, in all; as many nodes may be
/// anchored.
const MAX_NODES: usize = 250_000;

/// How much memory the values of all anchors may take, in bytes.
const MAX_MEMORY: usize = 32 << 20;

/// How large a node is.
#[derive(Clone, Copy, Default)]
pub struct Extent {
    nodes: usize,
    /// How deep lists and maps are nested in it.
    height: usize,
}

impl Extent {
    /// Of a scalar.
    pub const SCALAR: Self = Self { nodes: 1, height: 0 };

    /// Of a list or a map with nothing in it.
    pub const EMPTY: Self = Self { nodes: 1, height: 1 };

    pub fn add(&mut self, inner: Self) {
        self.nodes += inner.nodes;
        self.height = self.height.max(inner.height + 1);
    }
}

/// The anchors of a document, by the parser's number: those whose nodes are complete.
#[derive(Default)]
pub struct Anchors {
    known: HashMap<usize, Anchored>,
    nodes: usize,
    memory: usize,
    unfolded: usize,
}

struct Anchored {
    node: Node,
    extent: Extent,
    memory: usize,
}

impl Anchors {
    /// Keeps a copy of a node that takes so much memory.
    ///
    /// # Errors
    /// When it is too much.
    pub fn record(&mut self, id: usize, node: &Node, extent: Extent, memory: usize) -> Result<(), TooMuch> {
        self.nodes += extent.nodes;
        self.memory += memory;
        if self.nodes > MAX_NODES || self.memory > MAX_MEMORY {
            return Err(TooMuch::new("its anchors stand for too much"));
        }
        self.known.insert(id, Anchored { node: node.clone(), extent, memory });
        Ok(())
    }

    /// What the alias at `line` stands for.
    ///
    /// # Errors
    /// When it is too much.
    pub fn unfold(&mut self, id: usize, line: usize, seed: Seed<'_>) -> Result<(Node, Extent), TooMuch> {
        let Some(anchored) = self.known.get(&id) else {
            let node = Node::flawed(line, "an alias stands for something that it is part of");
            return Ok((node, Extent::SCALAR));
        };
        self.unfolded += anchored.extent.nodes;
        if self.unfolded > MAX_NODES {
            return Err(TooMuch::new(format_args!("its aliases unfold to more than {MAX_NODES} nodes")));
        }
        seed.take::<TooMuch>(anchored.memory)?;
        seed.holds::<TooMuch>(anchored.extent.height)?;
        Ok((anchored.node.clone(), anchored.extent))
    }
}
