//! Escapes all log lines: whatever a client sends, an event stays one line, and terminals
//! only display it.

use crate::args::LogFormat;
use crate::terminal;

/// Escapes an event that tracing has formatted, and ends it with one line feed.
pub(super) fn escaped(event: &str, format: LogFormat) -> String {
    let event = event.strip_suffix('\n').unwrap_or(event);
    let mut line = match format {
        LogFormat::Text => terminal::escaped(event),
        LogFormat::Json => json(event),
    };
    line.push('\n');
    line
}

/// Escapes the characters from U+007F on that serde_json leaves alone. They occur only inside
/// JSON strings, so `\u` escapes keep the meaning.
fn json(event: &str) -> String {
    event.chars().fold(String::with_capacity(event.len()), |mut line, c| {
        if terminal::is_plain(c) {
            line.push(c);
        } else {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| line += &format!("\\u{unit:04x}"));
        }
        line
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "a\u{1b}[31m\r\nb\u{202e}c\u{9b}d\u{7f}\u{feff}";

    #[test]
    fn an_event_is_one_line_of_text() {
        let line = escaped(&format!("INFO {HOSTILE}\n"), LogFormat::Text);
        assert_eq!(line, "INFO a\\u{1b}[31m\\u{d}\\u{a}b\\u{202e}c\\u{9b}d\\u{7f}\\u{feff}\n");
    }

    #[test]
    fn escaped_json_is_plain_and_keeps_its_meaning() {
        let event = serde_json::json!({ "message": HOSTILE }).to_string();
        let line = escaped(&(event.clone() + "\n"), LogFormat::Json);
        assert!(line.strip_suffix('\n').unwrap().chars().all(terminal::is_plain), "{line}");
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(value(&line), value(&event));
    }
}
