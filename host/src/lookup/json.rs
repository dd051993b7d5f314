//! Builds data from JSON as Jerakia's parser reads it: with comments, and integers of any
//! size.

use super::bounds::TooMuch;
use super::flaw::{Entries, Node, worse};
use super::reading::Seed;
use super::scalar;
use super::value::Value;
use struson::reader::{JsonReader as _, JsonStreamReader, ReaderError, ReaderSettings, SyntaxErrorKind, ValueType};

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
    let settings = ReaderSettings {
        allow_comments: true,
        track_path: false,
        max_nesting_depth: None,       // `Seed` bounds it
        restrict_number_values: false, // any size
        ..ReaderSettings::default()
    };
    let mut json = Json { reader: JsonStreamReader::new_custom(text, settings), lines_before };
    let root = match json.reader.peek() {
        // Nothing but white space and comments.
        Err(ReaderError::SyntaxError(it)) if it.kind == SyntaxErrorKind::IncompleteDocument => {
            return Ok(Entries::default());
        }
        root => root?,
    };
    let entries = match root {
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

/// What is wrong with a text that is not JSON.
pub fn in_words(kind: SyntaxErrorKind) -> &'static str {
    use SyntaxErrorKind as Kind;
    match kind {
        Kind::CommentsNotEnabled | Kind::IncompleteComment => "a / begins no comment: write // or /* */",
        Kind::BlockCommentNotClosed => "a comment has no end: write */",
        Kind::InvalidLiteral | Kind::TrailingDataAfterLiteral => "a word that is not one of true, false and null",
        Kind::UnexpectedClosingBracket => "a closing bracket that nothing has opened, or where a value must be",
        Kind::UnexpectedComma => "a comma where a key or a value must be",
        Kind::MissingComma => "a comma is missing",
        Kind::TrailingCommaNotEnabled => "a comma before a closing bracket",
        Kind::UnexpectedColon => "a colon where none can be",
        Kind::MissingColon => "a colon is missing after a key",
        Kind::MalformedNumber | Kind::TrailingDataAfterNumber => "a number that is not written as JSON writes them",
        Kind::ExpectingMemberNameOrObjectEnd => "here must be a key in double quotes, or the closing bracket",
        Kind::NotEscapedControlCharacter => "a control character in a text: write it as an escape such as \\n",
        Kind::UnknownEscapeSequence | Kind::MalformedEscapeSequence => "an escape sequence that does not exist",
        Kind::UnpairedSurrogatePairEscapeSequence => "half of a surrogate pair: the other \\u escape is missing",
        Kind::IncompleteDocument => "the text ends too early",
        Kind::TrailingData => "more text after the map",
        _ => "a character that begins no value", // MalformedJson, and what later versions add
    }
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
