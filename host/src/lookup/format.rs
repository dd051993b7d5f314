//! The formats of files: YAML and JSON, parsed within bounds.

use super::bounds::{Bounds, Reading};
use super::error::{Cause, SyntaxError, because};
use super::flaw::Entries;
use super::joined::Joined;
use super::reading::Seed;
use super::{json, yaml};
use serde::de::DeserializeOwned;
use serde_saphyr::{Budget, DuplicateKeyPolicy, Options};
use std::sync::Arc;
use struson::reader::ReaderError;

/// How deep lists and maps may be nested.
pub const MAX_DEPTH: usize = 64;

/// The most memory that one parsed file may take, in bytes.
pub const MAX_MEMORY: usize = 128 << 20;

/// The format of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileFormat {
    #[default]
    Yaml,
    Json,
}

impl FileFormat {
    /// The file extension.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Yaml => "yaml",
            Self::Json => "json",
        }
    }

    /// Parses data. Also returns the memory that the result takes, in bytes.
    pub fn entries(self, joined: &Joined) -> Result<(Entries, usize), Cause> {
        let reading = Reading::new(Bounds { max_memory: MAX_MEMORY, max_depth: MAX_DEPTH, exact: false });
        let entries = match self {
            Self::Json => json_entries(joined, reading.seed()),
            Self::Yaml => yaml_entries(joined, &reading),
        };
        Ok((entries?, reading.taken()))
    }

    /// Parses a YAML file of settings.
    pub fn settings<T: DeserializeOwned>(joined: &Joined) -> Result<T, Cause> {
        serde_saphyr::from_slice_with_options(&joined.text(), settings_options()).map_err(settings_error)
    }
}

/// Each file is a map. Joins the maps in order.
fn json_entries(joined: &Joined, seed: Seed<'_>) -> Result<Entries, Cause> {
    let mut all = Entries::default();
    for (text, lines) in joined.texts() {
        let entries = json::read(text, lines, seed).map_err(|it| json_error(joined, lines, it))?;
        all.add(entries, seed).map_err(|it| because(it.to_string()))?;
    }
    Ok(all)
}

fn json_error(joined: &Joined, lines: usize, refused: json::Refused) -> Cause {
    let json::Refused::Syntax(ReaderError::SyntaxError(error)) = &refused else {
        return because(format!("{}: {refused}", joined.place(lines + 1)));
    };
    let at = error.location.line_pos.as_ref();
    let (line, column) = at.map_or((0, 0), |it| (it.line, it.column));
    let place = joined.place(lines.saturating_add(usize::try_from(line).unwrap_or(usize::MAX)).saturating_add(1));
    let text = format!("{place} column {}: not JSON: {}", column + 1, json::in_words(error.kind));
    Arc::new(SyntaxError { text, error: Box::new(refused) })
}

fn yaml_entries(joined: &Joined, reading: &Reading) -> Result<Entries, Cause> {
    let whole = joined.text();
    let text = std::str::from_utf8(&whole).map_err(|it| {
        let line = whole.iter().take(it.valid_up_to()).filter(|it| **it == b'\n').count() + 1;
        because(format!("{}: it is not UTF-8", joined.place(line)))
    })?;
    yaml::read(text, reading).map_err(|refused| match refused {
        yaml::Refused::Syntax(error) => {
            let (line, column) = (error.marker().line(), error.marker().col() + 1);
            let text = format!("{} column {column}: {}", joined.place(line), error.info());
            Arc::new(SyntaxError { text, error: Box::new(error) })
        }
        yaml::Refused::TooMuch { line, error } => because(format!("{}: {error}", joined.place(line))),
        yaml::Refused::NoMap { line } => because(format!("{}: it must be a map of keys to values", joined.place(line))),
    })
}

/// An error with its place in the file.
fn settings_error(error: serde_saphyr::Error) -> Cause {
    let place = error.location().map(|it| format!("line {} column {}: ", it.line(), it.column()));
    let text = error.without_snippet().to_string();
    // Some errors name their place themselves.
    let text = if text.contains("line ") { text } else { place.unwrap_or_default() + &text };
    Arc::new(SyntaxError { text, error: Box::new(error) })
}

/// The parser's options for policies, which people write.
fn settings_options() -> Options {
    const MAX_NODES: usize = 100_000;
    let mut budget = Budget::default();
    budget.max_depth = MAX_DEPTH;
    budget.max_events = 2 * MAX_NODES;
    budget.max_nodes = MAX_NODES;
    // An anchor may be used any number of times: the nodes that aliases unfold to are bounded below.
    budget.enforce_alias_anchor_ratio = false;
    budget.max_anchors = MAX_NODES;
    budget.max_aliases = MAX_NODES;
    let mut options = Options::default();
    options.budget = Some(budget);
    options.alias_limits.max_total_replayed_events = MAX_NODES;
    options.duplicate_keys = DuplicateKeyPolicy::LastWins; // as Jerakia 3's parser does
    options.with_snippet = false;
    options
}
