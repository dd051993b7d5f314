//! Anchors of a YAML document: the nodes that aliases stand for. Bounded, since a few lines
//! can unfold to a huge document.

use super::bounds::TooMuch;
use super::flaw::Node;
use super::reading::Seed;
use std::collections::HashMap;

/// The most nodes that the aliases of a document may unfold to, and the most that its anchors
/// may hold.
const MAX_NODES: usize = 250_000;

/// The most memory that the values of all anchors may take, in bytes.
const MAX_MEMORY: usize = 32 << 20;

/// The size of a node.
#[derive(Clone, Copy, Default)]
pub struct Extent {
    nodes: usize,
    /// How deep its lists and maps are nested.
    height: usize,
}

impl Extent {
    /// The extent of a scalar.
    pub const SCALAR: Self = Self { nodes: 1, height: 0 };

    /// The extent of an empty list or map.
    pub const EMPTY: Self = Self { nodes: 1, height: 1 };

    pub fn add(&mut self, inner: Self) {
        self.nodes += inner.nodes;
        self.height = self.height.max(inner.height + 1);
    }
}

/// The anchors of a document whose nodes are complete, by the parser's number.
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
    /// Keeps a copy of a node, which takes `memory` bytes.
    ///
    /// # Errors
    /// When that exceeds a limit.
    pub fn record(&mut self, id: usize, node: &Node, extent: Extent, memory: usize) -> Result<(), TooMuch> {
        self.nodes += extent.nodes;
        self.memory += memory;
        if self.nodes > MAX_NODES || self.memory > MAX_MEMORY {
            return Err(TooMuch::new("its anchors stand for too much"));
        }
        self.known.insert(id, Anchored { node: node.clone(), extent, memory });
        Ok(())
    }

    /// The node that the alias at `line` stands for.
    ///
    /// # Errors
    /// When that exceeds a limit.
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
