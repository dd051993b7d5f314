//! Builds data from JSON as Jerakia's parser reads it: with comments, and integers of any
//! size.

use super::flaw::{Entries, Node, worse};
use super::reading::{Seed, TooMuch};
use super::scalar;
use super::value::Value;
use struson::reader::{JsonReader as _, JsonStreamReader, ReaderError, ReaderSettings, ValueType};

/// Why a text is not read.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It is not JSON.
    #[error("{0}")]
    Syntax(#[from] ReaderError),
    /// It exceeds a limit.
    #[error("{0}")]
    TooMuch(#[from] TooMuch),
    /// Its root is neither a map nor null.
    #[error("it must be a map of keys to values")]
    NoMap,
}

/// Reads `text`: a map, or nothing. Its lines are counted on from `lines_before`.
///
/// # Errors
/// See [`Refused`].
pub fn read(text: &[u8], lines_before: usize, seed: Seed<'_>) -> Result<Entries, Refused> {
    if text.is_empty() {
        return Ok(Entries::default());
    }
    let settings = ReaderSettings {
        allow_comments: true,
        track_path: false,
        max_nesting_depth: None,       // `Seed` bounds it
        restrict_number_values: false, // any size
        ..ReaderSettings::default()
    };
    let mut json = Json { reader: JsonStreamReader::new_custom(text, settings), lines_before };
    let entries = match json.reader.peek()? {
        ValueType::Object => json.entries(seed)?,
        ValueType::Null => {
            json.reader.next_null()?;
            Entries::default()
        }
        _ => return Err(Refused::NoMap),
    };
    json.reader.consume_trailing_whitespace()?;
    Ok(entries)
}

struct Json<'t> {
    reader: JsonStreamReader<&'t [u8]>,
    lines_before: usize,
}

impl Json<'_> {
    fn node(&mut self, seed: Seed<'_>) -> Result<Node, Refused> {
        seed.take::<TooMuch>(size_of::<Value>())?;
        Ok(match self.reader.peek()? {
            ValueType::Object => self.entries(seed)?.into_node(),
            ValueType::Array => self.list(seed)?,
            ValueType::String => {
                let text = self.reader.next_string()?;
                seed.text::<TooMuch>(text.len())?;
                Node { value: Value::Text(text), flaw: None }
            }
            ValueType::Number => {
                let text = self.reader.next_number_as_string()?;
                number(&text, self.line())
            }
            ValueType::Boolean => Node { value: Value::Bool(self.reader.next_bool()?), flaw: None },
            ValueType::Null => {
                self.reader.next_null()?;
                Node::default()
            }
        })
    }

    fn list(&mut self, seed: Seed<'_>) -> Result<Node, Refused> {
        let inner = seed.inner::<TooMuch>()?;
        seed.text::<TooMuch>(0)?;
        let (mut items, mut flaw) = (Vec::new(), None);
        self.reader.begin_array()?;
        while self.reader.has_next()? {
            let item = self.node(inner)?;
            flaw = worse(flaw, item.flaw);
            items.push(item.value);
        }
        self.reader.end_array()?;
        items.shrink_to_fit();
        Ok(Node { value: Value::List(items), flaw })
    }

    fn entries(&mut self, seed: Seed<'_>) -> Result<Entries, Refused> {
        let inner = seed.inner::<TooMuch>()?;
        seed.take_map::<TooMuch>()?;
        let mut entries = Entries::default();
        self.reader.begin_object()?;
        while self.reader.has_next()? {
            let line = self.line();
            let name = self.reader.next_name_owned()?;
            inner.text::<TooMuch>(name.len())?;
            let key = Node { value: Value::Text(name), flaw: None };
            let value = self.node(inner)?;
            entries.put(key, value, inner, line)?;
        }
        self.reader.end_object()?;
        Ok(entries)
    }

    /// The reader's current line in the joined text.
    fn line(&self) -> usize {
        let line = self.reader.current_position(false).line_pos.map_or(0, |it| it.line);
        self.lines_before.saturating_add(usize::try_from(line).unwrap_or(usize::MAX)).saturating_add(1)
    }
}

fn number(text: &str, line: usize) -> Node {
    if !text.contains(['.', 'e', 'E']) {
        return Node::scalar(line, scalar::decimal(text));
    }
    match scalar::finite(text.parse().unwrap_or(f64::INFINITY)) {
        Ok(value) => Node { value, flaw: None },
        Err(scalar::NoValue(why)) => Node::flawed(line, why),
    }
}
