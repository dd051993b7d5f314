//! Builds data from the events of a YAML parser, as Ruby's Psych builds it: plain scalars
//! by [`scalar`], merge keys in the order in which they stand, one document.

use super::flaw::{Entries, Node, worse};
use super::reading::{Reading, Seed, TooMuch};
use super::scalar::{self, NoValue};
use super::value::Value;
use base64ct::{Base64Unpadded, Encoding as _};
use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle, ScanError, StrInput, Tag, options};
use std::borrow::Cow;
use std::collections::HashMap;

/// How many nodes the aliases of a file may unfold to, in all.
const MAX_ALIAS_NODES: usize = 250_000;

/// How much memory the values of all anchors may take, in bytes.
const MAX_ANCHORED: usize = 32 << 20;

/// Of Psych's tags, the namespace that `!!` stands for.
const CORE: &str = "tag:yaml.org,2002:";

/// Why a text is not read.
#[derive(Debug)]
pub enum Refused {
    /// It is not YAML.
    Syntax(ScanError),
    /// It is too much.
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
    Builder { parser, line: 1, anchors: HashMap::new(), nodes: 0, memory: 0, unfolded: 0 }.document(reading)
}

/// What an anchor stands for.
#[derive(Clone)]
struct Anchored {
    node: Node,
    /// How many nodes it has.
    nodes: usize,
    /// How deep they are nested.
    height: usize,
    memory: usize,
}

struct Builder<'t> {
    parser: Parser<'t, StrInput<'t>>,
    /// Of the last event.
    line: usize,
    /// By the parser's id: those that are complete.
    anchors: HashMap<usize, Anchored>,
    /// What anchors have taken.
    nodes: usize,
    memory: usize,
    /// How many nodes came of aliases.
    unfolded: usize,
}

/// How large a node is.
#[derive(Clone, Copy, Default)]
struct Extent {
    nodes: usize,
    height: usize,
}

impl Extent {
    fn add(&mut self, inner: Self) {
        self.nodes += inner.nodes;
        self.height = self.height.max(inner.height + 1);
    }
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
            Event::Alias(id) => return self.unfold(id, seed),
            Event::Scalar(text, style, anchor, tag) => {
                self.bounded(seed.text(text.len()))?;
                (anchor, self.scalar(text, style, tag.as_deref()), Extent { nodes: 1, height: 0 })
            }
            Event::SequenceStart(_, anchor, tag) => {
                let (node, extent) = self.list(seed, is(tag.as_deref(), "omap"))?;
                (anchor, node, extent)
            }
            Event::MappingStart(_, anchor, _) => {
                let (entries, extent) = self.entries(seed)?;
                (anchor, entries.into_node(), extent)
            }
            _ => (0, Node::default(), Extent::default()), // no node begins with others
        };
        if anchor != 0 {
            self.record(anchor, &node, extent, seed.taken() - before)?;
        }
        Ok((node, extent))
    }

    fn record(&mut self, id: usize, node: &Node, extent: Extent, memory: usize) -> Result<(), Refused> {
        self.nodes += extent.nodes;
        self.memory += memory;
        if self.nodes > MAX_ALIAS_NODES || self.memory > MAX_ANCHORED {
            return self.bounded(Err(TooMuch::new("its anchors stand for too much")));
        }
        let Extent { nodes, height } = extent;
        self.anchors.insert(id, Anchored { node: node.clone(), nodes, height, memory });
        Ok(())
    }

    fn unfold(&mut self, id: usize, seed: Seed<'_>) -> Result<(Node, Extent), Refused> {
        let Some(anchored) = self.anchors.get(&id) else {
            let text = "an alias stands for something that it is part of";
            return Ok((Node::flawed(self.line, text), Extent { nodes: 1, height: 0 }));
        };
        self.unfolded += anchored.nodes;
        if self.unfolded > MAX_ALIAS_NODES {
            let error = TooMuch::new(format_args!("its aliases unfold to more than {MAX_ALIAS_NODES} nodes"));
            return self.bounded(Err(error));
        }
        self.bounded(seed.take(anchored.memory))?;
        self.bounded(seed.holds(anchored.height))?;
        Ok((anchored.node.clone(), Extent { nodes: anchored.nodes, height: anchored.height }))
    }

    fn list(&mut self, seed: Seed<'_>, ordered_map: bool) -> Result<(Node, Extent), Refused> {
        let inner = self.bounded(seed.inner())?;
        self.bounded(seed.text(0))?;
        let (mut items, mut flaw, mut extent) = (Vec::new(), None, Extent { nodes: 1, height: 1 });
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
        let (mut entries, mut extent) = (Entries::default(), Extent { nodes: 1, height: 1 });
        loop {
            let event = self.next()?;
            if matches!(event, Event::MappingEnd) {
                break;
            }
            let may_merge = !matches!(&event, Event::Scalar(.., Some(tag)) if is(Some(tag), "str"));
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

    fn scalar(&self, text: Cow<'_, str>, style: ScalarStyle, tag: Option<&Tag>) -> Node {
        let value = match tag {
            None if style != ScalarStyle::Plain => Ok(Value::Text(text.into_owned())),
            Some(_) if is(tag, "str") || is_ruby_text(tag) => Ok(Value::Text(text.into_owned())),
            Some(_) if is(tag, "binary") => binary(&text),
            Some(_) if is(tag, "float") => scalar::tagged_float(&text),
            _ => scalar::resolve(&text),
        };
        match value {
            Ok(value) => Node::scalar(self.line, value),
            Err(NoValue(why)) => Node::flawed(self.line, why),
        }
    }
}

/// What the value of a merge key may be: Psych goes by how it is written.
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

    /// The maps to merge, in order; or the value, if it is an entry like any other.
    fn maps(self, node: Node, merges: bool) -> Result<(Vec<super::value::Map>, Option<super::flaw::Flaw>), Node> {
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

/// Whether `tag` is `!!name`, or `!name`, which Psych takes for the same.
fn is(tag: Option<&Tag>, name: &str) -> bool {
    let Some((handle, suffix)) = tag.map(Tag::parts) else { return false };
    (handle == CORE || handle == "!") && suffix == name || handle.is_empty() && suffix.strip_prefix(CORE) == Some(name)
}

/// Texts and symbols of Ruby.
fn is_ruby_text(tag: Option<&Tag>) -> bool {
    tag.is_some_and(|it| it.handle() == "!" && ["ruby/string", "ruby/sym", "ruby/symbol"].contains(&it.suffix()))
}

fn binary(text: &str) -> Result<Value, NoValue> {
    let digits: String = text.chars().take_while(|it| *it != '=').filter(|it| is_base64(*it)).collect();
    let bytes = Base64Unpadded::decode_vec(&digits).map_err(|_| NoValue("!!binary is not base64"))?;
    let text = String::from_utf8(bytes).map_err(|_| NoValue("!!binary is no text, and JSON has nothing else"))?;
    Ok(Value::Text(text))
}

fn is_base64(it: char) -> bool {
    it.is_ascii_alphanumeric() || it == '+' || it == '/'
}
