//! Builds data from the events of a YAML parser, as Ruby's Psych does: scalars by [`tags`],
//! merge keys in the order of the file, one document.

use super::anchors::{Anchors, Extent};
use super::bounds::{Reading, TooMuch};
use super::flaw::{Entries, Node, ValueFlaw, worse};
use super::reading::Seed;
use super::scalar::NoValue;
use super::tags;
use super::value::{Map, Value};
use serde_saphyr::granit_parser::{Event, Parser, ScanError, StrInput, options};

/// Why a text is not read.
#[derive(Debug)]
pub enum Refused {
    /// It is not YAML.
    Syntax(ScanError),
    /// It exceeds a limit.
    TooMuch { line: usize, error: TooMuch },
    /// Its root is neither a map nor empty.
    NoMap { line: usize },
}

/// Reads the first document of `text`: a map, or nothing.
///
/// # Errors
/// See [`Refused`].
pub fn read(text: &str, reading: &Reading) -> Result<Entries, Refused> {
    let options = options! {
        block_scalar_eof_without_line_feed: true, // as libyaml does
        bom_inside_document_as_content: true,     // as libyaml does
        emit_comments: false,
    };
    let parser = Parser::new_from_str_with_options(text, options);
    Builder { parser, line: 1, anchors: Anchors::default() }.document(reading)
}

struct Builder<'t> {
    parser: Parser<'t, StrInput<'t>>,
    /// Of the last event.
    line: usize,
    anchors: Anchors,
}

impl<'t> Builder<'t> {
    fn document(mut self, reading: &Reading) -> Result<Entries, Refused> {
        let seed = reading.seed();
        loop {
            match self.next()? {
                Event::StreamStart | Event::DocumentStart(..) => {}
                Event::MappingStart(..) => return Ok(self.entries(seed)?.0),
                Event::StreamEnd | Event::DocumentEnd => return Ok(Entries::default()),
                root => {
                    let line = self.line;
                    return match self.node(root, seed)?.0.value {
                        Value::Null => Ok(Entries::default()),
                        _ => Err(Refused::NoMap { line }),
                    };
                }
            }
        }
    }

    fn next(&mut self) -> Result<Event<'t>, Refused> {
        let Some(next) = self.parser.next_event() else { return Ok(Event::StreamEnd) };
        let (event, span) = next.map_err(Refused::Syntax)?;
        self.line = span.start.line();
        Ok(event)
    }

    fn bounded<T>(&self, result: Result<T, TooMuch>) -> Result<T, Refused> {
        result.map_err(|error| Refused::TooMuch { line: self.line, error })
    }

    fn node(&mut self, event: Event<'t>, seed: Seed<'_>) -> Result<(Node, Extent), Refused> {
        let before = seed.taken();
        self.bounded(seed.take(size_of::<Value>()))?;
        let (anchor, node, extent) = match event {
            Event::Alias(id) => {
                let unfolded = self.anchors.unfold(id, self.line, seed);
                return self.bounded(unfolded);
            }
            Event::Scalar(text, style, anchor, tag) => {
                let node = match tags::scalar(text, style, tag.as_deref()) {
                    Ok(value) => {
                        if let Value::Text(text) | Value::BigInt(text) = &value {
                            self.bounded(seed.text(text.len()))?;
                        }
                        Node::scalar(self.line, value)
                    }
                    Err(NoValue(why)) => Node::flawed(self.line, why),
                };
                (anchor, node, Extent::SCALAR)
            }
            Event::SequenceStart(_, anchor, tag) => {
                let (node, extent) = self.list(seed, tags::is(tag.as_deref(), "omap"))?;
                (anchor, node, extent)
            }
            Event::MappingStart(_, anchor, _) => {
                let (entries, extent) = self.entries(seed)?;
                (anchor, entries.into_node(), extent)
            }
            _ => (0, Node::default(), Extent::default()), // no node begins with others
        };
        if anchor != 0 {
            let recorded = self.anchors.record(anchor, &node, extent, seed.taken() - before);
            self.bounded(recorded)?;
        }
        Ok((node, extent))
    }

    fn list(&mut self, seed: Seed<'_>, ordered_map: bool) -> Result<(Node, Extent), Refused> {
        let inner = self.bounded(seed.inner())?;
        self.bounded(seed.text(0))?;
        let (mut items, mut flaw, mut extent) = (Vec::new(), None, Extent::EMPTY);
        loop {
            let event = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                break;
            }
            let (node, inner) = self.node(event, inner)?;
            extent.add(inner);
            flaw = worse(flaw, node.flaw);
            items.push(node.value);
        }
        items.shrink_to_fit();
        let value = if ordered_map { joined(items) } else { Value::List(items) };
        Ok((Node { value, flaw }, extent))
    }

    fn entries(&mut self, seed: Seed<'_>) -> Result<(Entries, Extent), Refused> {
        let inner = self.bounded(seed.inner())?;
        self.bounded(seed.take_map())?;
        let (mut entries, mut extent) = (Entries::default(), Extent::EMPTY);
        loop {
            let event = self.next()?;
            if matches!(event, Event::MappingEnd) {
                break;
            }
            let may_merge = !matches!(&event, Event::Scalar(.., Some(tag)) if tags::is(Some(tag), "str"));
            let line = self.line;
            let (key, of_key) = self.node(event, inner)?;
            let event = self.next()?;
            let spread = Spread::of(&event);
            let (value, of_value) = self.node(event, inner)?;
            extent.add(of_key);
            extent.add(of_value);
            let merges = may_merge && matches!(&key.value, Value::Text(it) if it == "<<");
            let added = match spread.maps(value, merges) {
                Ok((maps, flaw)) => maps.into_iter().try_for_each(|it| entries.put_all(it, flaw.as_ref(), inner)),
                Err(value) => entries.put(key, value, inner, line),
            };
            self.bounded(added)?;
        }
        Ok((entries, extent))
    }
}

/// The values that a merge key accepts: for Psych, that depends on how they are written.
#[derive(Clone, Copy)]
enum Spread {
    One,
    List,
    Never,
}

impl Spread {
    fn of(event: &Event<'_>) -> Self {
        match event {
            Event::Alias(_) | Event::MappingStart(..) => Self::One,
            Event::SequenceStart(..) => Self::List,
            _ => Self::Never,
        }
    }

    /// The maps to merge, in order; or the value, if this is an ordinary entry.
    fn maps(self, node: Node, merges: bool) -> Result<(Vec<Map>, Option<ValueFlaw>), Node> {
        match (self, node.value) {
            (Self::One, Value::Map(map)) if merges => Ok((vec![*map], node.flaw)),
            (Self::List, Value::List(items)) if merges && items.iter().all(|it| matches!(it, Value::Map(_))) => {
                let maps =
                    items.into_iter().rev().filter_map(|it| if let Value::Map(map) = it { Some(*map) } else { None });
                Ok((maps.collect(), node.flaw))
            }
            (_, value) => Err(Node { value, flaw: node.flaw }),
        }
    }
}

/// `!!omap`: a list of maps is one map.
fn joined(items: Vec<Value>) -> Value {
    if !items.iter().all(|it| matches!(it, Value::Map(_))) {
        return Value::List(items);
    }
    let maps = items.into_iter().filter_map(|it| if let Value::Map(map) = it { Some(*map) } else { None });
    Value::Map(Box::new(maps.flatten().collect()))
}
