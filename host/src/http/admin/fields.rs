//! The fields of a token in requests, with the words of the command line.

use super::answer::Failure;
use super::body::{Fields, FromBody, TEXT};
use crate::admin::{Attributes, Update};
use crate::model::{ApiId, Description, Expiry, ExpiryPolicy, Grants, Label, Labels};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A new token.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"api_id": "my_app", "expires": "90d", "grants": ["lookup:apache/**"], "labels": {"team": "web"}}))]
pub(super) struct NewToken {
    /// The name of the application: 1 to 64 of the characters `A-Z a-z 0-9 _ . @ -`, of which
    /// the first is a letter, a digit or `_`.
    #[schema(pattern = "^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}$")]
    api_id: String,
    /// When it ends: a length of time such as `90d`, a time such as `2027-01-31T00:00:00Z`,
    /// or `never`, which is not null. Left out: `server.default_expiry`.
    #[serde(default)]
    #[schema(nullable = false)]
    expires: Option<String>,
    /// What it may do, as patterns over permissions: at most 4096 bytes. None: everything but
    /// the administration of tokens.
    #[serde(default)]
    grants: Vec<String>,
    /// What it is for: one line of at most 1024 bytes.
    #[serde(default)]
    description: String,
    /// At most 32 keys and values.
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

/// Changes to a token. Fields that are left out stay.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"expires": "30d", "grants": ["lookup:apache/*"], "description": "The shop", "labels": {}}))]
pub(super) struct Patch {
    /// When it ends: as of a new token.
    #[serde(default)]
    #[schema(nullable = false)]
    expires: Option<String>,
    /// All of its grants.
    #[serde(default)]
    #[schema(nullable = false)]
    grants: Option<Vec<String>>,
    /// What it is for.
    #[serde(default)]
    #[schema(nullable = false)]
    description: Option<String>,
    /// All of its labels.
    #[serde(default)]
    #[schema(nullable = false)]
    labels: Option<BTreeMap<String, String>>,
}

/// What an end is called where it has another type.
const END: &str = "a length of time such as 90d, a time, or never";

impl FromBody for NewToken {
    const FIELDS: &'static [&'static str] = &["api_id", "expires", "grants", "description", "labels"];

    fn from_body(fields: &mut Fields) -> Result<Self, Failure> {
        Ok(Self {
            api_id: fields.text("api_id", TEXT)?.ok_or_else(|| Failure::bad("api_id", "it is missing"))?,
            expires: fields.text("expires", END)?,
            grants: fields.texts("grants")?.unwrap_or_default(),
            description: fields.text("description", TEXT)?.unwrap_or_default(),
            labels: fields.named_texts("labels")?.unwrap_or_default(),
        })
    }
}

impl FromBody for Patch {
    const FIELDS: &'static [&'static str] = &["expires", "grants", "description", "labels"];

    fn from_body(fields: &mut Fields) -> Result<Self, Failure> {
        Ok(Self {
            expires: fields.text("expires", END)?,
            grants: fields.texts("grants")?,
            description: fields.text("description", TEXT)?,
            labels: fields.named_texts("labels")?,
        })
    }
}

impl NewToken {
    /// The API ID and the attributes of a token that is created at `now`.
    pub(super) fn read(self, policy: &ExpiryPolicy, now: i64) -> Result<(ApiId, Attributes), Failure> {
        let Self { api_id, expires, grants: patterns, description: text, labels: pairs } = self;
        let api_id = api_id.parse().map_err(|it| Failure::bad("api_id", it))?;
        let asked = expires.map(|it| expiry(&it)).transpose()?;
        let ends_at = policy.of_new(asked, now).map_err(|it| Failure::bad("expires", it))?;
        let (grants, labels) = (grants(&patterns)?, labels(&pairs)?);
        Ok((api_id, Attributes { ends_at, grants, description: description(&text)?, labels }))
    }
}

impl Patch {
    /// The update at `now`.
    pub(super) fn read(self, policy: &ExpiryPolicy, now: i64) -> Result<Update, Failure> {
        let ends_at = |it: String| policy.of(expiry(&it)?, now).map_err(|it| Failure::bad("expires", it));
        let update = Update {
            ends_at: self.expires.map(ends_at).transpose()?,
            grants: self.grants.map(|it| grants(&it)).transpose()?,
            description: self.description.map(|it| description(&it)).transpose()?,
            labels: self.labels.map(|it| labels(&it)).transpose()?,
        };
        if update == Update::default() {
            return Err(Failure::bad("body", "nothing is to change: use expires, grants, description or labels"));
        }
        Ok(update)
    }
}

fn expiry(text: &str) -> Result<Expiry, Failure> {
    text.parse().map_err(|it| Failure::bad("expires", it))
}

fn grants(patterns: &[String]) -> Result<Grants, Failure> {
    Grants::of(patterns).map_err(|it| Failure::bad("grants", it))
}

fn labels(pairs: &BTreeMap<String, String>) -> Result<Labels, Failure> {
    let labels: Result<Vec<_>, _> = pairs.iter().map(|(key, value)| Label::new(key, value)).collect();
    labels.and_then(Labels::of).map_err(|it| Failure::bad("labels", it))
}

fn description(text: &str) -> Result<String, Failure> {
    text.parse().map(|it: Description| it.into()).map_err(|it| Failure::bad("description", it))
}
