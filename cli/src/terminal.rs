//! Prints to standard output and standard error. The log has a descriptor of its own.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, OFlags, fcntl_getfl, fstat};
use serde::Serialize;
use serde::ser::{SerializeSeq as _, Serializer as _};
use std::fs;
use std::io::{self, BufWriter, ErrorKind, IsTerminal as _, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt as _;

/// Prints lines on standard output. Ignores a reader that has gone away (`| head`).
pub fn print_lines<L: AsRef<str>>(lines: impl IntoIterator<Item = L>) -> anyhow::Result<()> {
    forgive(write_lines(lines))
}

/// Prints data: escaped on a terminal, unchanged to a program, which may store it.
pub fn print_data(text: &str) -> anyhow::Result<()> {
    if io::stdout().is_terminal() { print_lines([escaped_lines(text)]) } else { print_lines([text]) }
}

/// Streams what `write` writes to standard output. Like [`print_lines`], it forgives a reader
/// that has gone away.
pub fn print(write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    let written = write(&mut out).and_then(|()| Ok(out.flush()?));
    match written {
        Err(error) if error.downcast_ref().is_some_and(is_broken_pipe) => Ok(()),
        other => other,
    }
}

/// Writes a JSON array of elements as they are read, so that a list of any length needs the same
/// memory.
pub fn write_json_list<T: Serialize, E: Into<anyhow::Error>>(
    elements: impl IntoIterator<Item = Result<T, E>>,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let mut json = serde_json::Serializer::pretty(&mut *out);
    let mut list = json.serialize_seq(None).map_err(io::Error::from)?;
    for element in elements {
        list.serialize_element(&element.map_err(Into::into)?).map_err(io::Error::from)?;
    }
    list.end().map_err(io::Error::from)?;
    Ok(writeln!(out)?)
}

/// Prints lines that must not be lost: a reader that has gone away, or a closed standard
/// output, is an error.
pub fn print_unforgiving<L: AsRef<str>>(lines: impl IntoIterator<Item = L>) -> io::Result<()> {
    if is_closed(io::stdout()) {
        return Err(io::Error::other("standard output is closed"));
    }
    write_lines(lines)
}

fn write_lines<L: AsRef<str>>(lines: impl IntoIterator<Item = L>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for line in lines {
        out.write_all(line.as_ref().as_bytes())?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// Whether a standard descriptor was closed when the program started. Rust's runtime then
/// opens /dev/null in its place, for reading and writing. A redirection to /dev/null opens
/// it for writing only.
fn is_closed(descriptor: impl AsFd) -> bool {
    let null = fs::metadata("/dev/null").map(|it| it.rdev());
    let same = fstat(&descriptor).is_ok_and(|it| {
        FileType::from_raw_mode(it.st_mode) == FileType::CharacterDevice && null.is_ok_and(|null| null == it.st_rdev)
    });
    same && fcntl_getfl(&descriptor).is_ok_and(|it| it.contains(OFlags::RDWR))
}

/// Prints bytes on standard output.
pub fn print_bytes(bytes: &[u8]) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    forgive(out.write_all(bytes).and_then(|()| out.flush()))
}

fn forgive(printed: io::Result<()>) -> anyhow::Result<()> {
    match printed {
        Err(error) if is_broken_pipe(&error) => Ok(()),
        other => Ok(other?),
    }
}

fn is_broken_pipe(error: &io::Error) -> bool {
    error.kind() == ErrorKind::BrokenPipe
}

/// Prints a line on standard error with one write, and ignores failures. Waits at most one
/// second for a full pipe, whose reader may never come back.
pub fn note(line: &str) {
    let mut stderr = io::stderr();
    let max_wait = Timespec { tv_sec: 1, tv_nsec: 0 };
    let full = matches!(poll(&mut [PollFd::new(&stderr, PollFlags::OUT)], Some(&max_wait)), Ok(0));
    if !full {
        drop(stderr.write_all(format!("{line}\n").as_bytes()));
    }
}

/// Escapes all characters that could move the cursor, change colours or reverse the writing
/// direction: `text` may come from a database that was edited by hand.
pub fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        if is_plain(c) {
            out.push(c);
        } else {
            out.extend(c.escape_unicode());
        }
        out
    })
}

/// Like [`escaped`], but keeps line breaks.
pub fn escaped_lines(text: &str) -> String {
    text.lines().map(escaped).collect::<Vec<_>>().join("\n")
}

/// Whether terminals only display `c`.
pub fn is_plain(c: char) -> bool {
    !c.is_control() && !is_format(c)
}

/// The invisible and direction-changing characters of Unicode that terminals act on: most of
/// general category Cf.
fn is_format(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn characters_that_terminals_act_on_are_escaped() {
        assert_eq!(escaped("my_app"), "my_app");
        assert_eq!(escaped("é 日本"), "é 日本");
        assert_eq!(escaped("\u{1b}[31mred\r\n"), "\\u{1b}[31mred\\u{d}\\u{a}");
        assert_eq!(escaped("a\u{202e}b\u{9b}"), "a\\u{202e}b\\u{9b}");
        for invisible in ['\u{180e}', '\u{fff9}', '\u{fffb}', '\u{e0000}', '\u{e0041}', '\u{e007f}'] {
            assert_eq!(escaped(&format!("a{invisible}")), format!("a{}", invisible.escape_unicode()));
        }
    }
}
