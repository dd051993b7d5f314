//! How files are written: YAML or JSON, parsed within bounds.

use super::error::{Cause, SyntaxError};
use super::reading::{Reading, Rules};
use super::value::Value;
use serde::de::{DeserializeOwned, DeserializeSeed as _};
use serde_saphyr::{Budget, DuplicateKeyPolicy, Options};
use std::sync::Arc;

/// How deep lists and maps may be nested.
pub const MAX_DEPTH: usize = 64;

/// The most memory that what is parsed from one file may take, in bytes.
pub const MAX_MEMORY: usize = 128 << 20;

/// How many nodes the aliases of a YAML file may unfold to, in all.
const MAX_ALIAS_NODES: usize = 250_000;

/// How many bytes of text the parser may keep to unfold aliases with.
const MAX_ALIAS_TEXT: usize = 16 << 20;

/// How a file is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    #[default]
    Yaml,
    Json,
}

impl Format {
    /// How names of such files end.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Yaml => "yaml",
            Self::Json => "json",
        }
    }

    /// Parses a file of data; answers the memory that it takes as well, in bytes.
    pub fn value(self, text: &[u8]) -> Result<(Value, usize), Cause> {
        let reading = Reading::new(Rules { max_memory: MAX_MEMORY, max_depth: MAX_DEPTH, exact: false });
        let value = match self {
            Self::Json => {
                let mut json = serde_json::Deserializer::from_slice(text);
                reading.seed().deserialize(&mut json).and_then(|it| json.end().map(|()| it)).map_err(json_error)
            }
            Self::Yaml => serde_saphyr::with_deserializer_from_slice_with_options(text, data_options(), |yaml| {
                reading.seed().deserialize(yaml)
            })
            .map_err(yaml_error),
        };
        Ok((value?, reading.taken()))
    }

    /// Parses a file of settings.
    pub fn settings<T: DeserializeOwned>(self, text: &[u8]) -> Result<T, Cause> {
        match self {
            Self::Json => serde_json::from_slice(text).map_err(json_error),
            Self::Yaml => serde_saphyr::from_slice_with_options(text, settings_options()).map_err(yaml_error),
        }
    }
}

fn json_error(error: serde_json::Error) -> Cause {
    Arc::new(error)
}

/// With its place in the file.
fn yaml_error(error: serde_saphyr::Error) -> Cause {
    let place = error.location().map(|it| format!("line {} column {}: ", it.line(), it.column()));
    let text = error.without_snippet().to_string();
    // Some errors name their place themselves.
    let text = if text.contains("line ") { text } else { place.unwrap_or_default() + &text };
    Arc::new(SyntaxError { text, error })
}

/// For data. How large it may become is up to [`Reading`], but for what the parser itself
/// keeps.
fn data_options() -> Options {
    options(8_000_000, 4_000_000)
}

/// For policies and schemas, which people write.
fn settings_options() -> Options {
    options(200_000, 100_000)
}

/// The last of two equal keys is taken, as Jerakia 3's parser does.
fn options(max_events: usize, max_nodes: usize) -> Options {
    let mut budget = Budget::default();
    budget.max_depth = MAX_DEPTH;
    budget.max_events = max_events;
    budget.max_nodes = max_nodes;
    // A file may use one anchor as often as it likes: what aliases unfold to is bounded below.
    budget.enforce_alias_anchor_ratio = false;
    budget.max_anchors = max_nodes;
    budget.max_aliases = max_nodes;
    budget.max_recorded_anchor_events = MAX_ALIAS_NODES;
    budget.max_recorded_anchor_bytes = MAX_ALIAS_TEXT;
    let mut options = Options::default();
    options.budget = Some(budget);
    options.alias_limits.max_total_replayed_events = MAX_ALIAS_NODES;
    options.duplicate_keys = DuplicateKeyPolicy::LastWins;
    options.with_snippet = false;
    options
}
