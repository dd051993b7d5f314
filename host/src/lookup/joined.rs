//! The text of a data file, with its fragments: one document.

use std::borrow::Cow;

/// What some editors begin UTF-8 with.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// What a document is read from, in order.
#[derive(Debug, Default)]
pub struct Joined {
    parts: Vec<Part>,
}

/// A file.
#[derive(Debug)]
struct Part {
    /// Below the document root.
    name: String,
    text: Vec<u8>,
}

impl Joined {
    /// Adds a file, without its byte order mark: within the joined text it would be part of a key.
    pub fn push(&mut self, name: String, mut text: Vec<u8>) {
        if text.starts_with(BYTE_ORDER_MARK) {
            text.drain(..BYTE_ORDER_MARK.len());
        }
        self.parts.push(Part { name, text });
    }

    /// The text of each file, and the number of lines before it in the joined text.
    pub fn texts(&self) -> impl Iterator<Item = (&[u8], usize)> {
        self.parts.iter().scan(0, |lines, part| {
            let before = *lines;
            *lines += part.lines();
            Some((part.text.as_slice(), before))
        })
    }

    /// The joined text. Each file begins a line.
    pub fn text(&self) -> Cow<'_, [u8]> {
        if let [one] = self.parts.as_slice() {
            return Cow::Borrowed(&one.text);
        }
        let mut joined = Vec::with_capacity(self.parts.iter().map(|it| it.text.len() + 1).sum());
        for part in &self.parts {
            joined.extend_from_slice(&part.text);
            if !ends_a_line(&part.text) {
                joined.push(b'\n');
            }
        }
        Cow::Owned(joined)
    }

    /// The place of a line of the joined text, as errors name it.
    pub fn place(&self, line: usize) -> String {
        let (mut before, mut line) = (String::new(), line);
        if self.parts.len() > 1 {
            let mut parts = self.parts.iter().peekable();
            while let Some(part) = parts.next() {
                let lines = part.lines();
                if line <= lines || parts.peek().is_none() {
                    before = format!("in {}, ", part.name);
                    break;
                }
                line -= lines;
            }
        }
        format!("{before}line {line}")
    }
}

impl Part {
    /// Its number of lines in the joined text.
    fn lines(&self) -> usize {
        self.text.iter().filter(|it| **it == b'\n').count() + usize::from(!ends_a_line(&self.text))
    }
}

fn ends_a_line(text: &[u8]) -> bool {
    text.is_empty() || text.ends_with(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_joined_text_is_found_in_its_file() {
        let mut joined = Joined::default();
        joined.push("a.yaml".into(), b"1\n2".to_vec());
        assert_eq!((joined.text().as_ref(), joined.place(2).as_str()), (b"1\n2".as_slice(), "line 2"));
        joined.push("a.d/empty.yaml".into(), Vec::new());
        joined.push("a.d/b.yaml".into(), b"3\n".to_vec());
        assert_eq!(joined.text().as_ref(), b"1\n2\n3\n");
        let places = [1, 2, 3, 9].map(|it| joined.place(it));
        assert_eq!(
            places,
            ["in a.yaml, line 1", "in a.yaml, line 2", "in a.d/b.yaml, line 1", "in a.d/b.yaml, line 7"]
        );
    }
}
