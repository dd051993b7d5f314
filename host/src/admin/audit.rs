//! The audit trail: one entry per act, chained by SHA-256, so that edits are found.

use super::Actor;
use crate::model::StoredToken;
use jiff::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

/// SHA-256 over an entry and the hash of the one before it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AuditHash(pub [u8; 32]);

impl AuditHash {
    /// The hash that the first entry follows.
    pub const START: Self = Self([0; 32]);
}

impl std::fmt::Display for AuditHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::fmt::Debug for AuditHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

impl std::str::FromStr for AuditHash {
    type Err = BadAuditHash;

    fn from_str(text: &str) -> Result<Self, BadAuditHash> {
        let mut bytes = [0; 32];
        match base16ct::mixed::decode(text, &mut bytes) {
            Ok(decoded) if decoded.len() == 32 => Ok(Self(bytes)),
            _ => Err(BadAuditHash(text.into())),
        }
    }
}

/// A text that is not an [`AuditHash`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the hash of an audit entry: it has 64 hexadecimal digits")]
pub struct BadAuditHash(pub String);

impl Serialize for AuditHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The contents of a new entry: see [`AuditEntry`].
pub(crate) struct NewAuditEntry<'a> {
    pub at: i64,
    pub actor: &'a Actor,
    pub act: &'a str,
    pub api_id: &'a str,
    pub changed: String,
    pub outcome: &'a str,
    pub request_id: Option<&'a str>,
}

impl<'a> NewAuditEntry<'a> {
    /// That `removed` entries were removed from the trail.
    pub(crate) fn of_prune(removed: i64, actor: &'a Actor, at: i64) -> Self {
        let changed = format!(r#"{{"entries":[{removed},0]}}"#);
        Self { at, actor, act: "prune audit", api_id: "", changed, outcome: "done", request_id: None }
    }
}

/// An entry of the trail. It never has a secret or a digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its number. They have no gaps.
    pub number: i64,
    /// When it was performed, in seconds since the epoch.
    pub at: i64,
    /// Who performed it.
    pub actor: String,
    /// What was done, as [`Change::name`](super::Change::name) says.
    pub act: String,
    /// The API ID of the token.
    pub api_id: String,
    /// What changed: a JSON object of names, each with the value before and after.
    pub changed: String,
    /// `done`, or why nothing was done.
    pub outcome: String,
    /// The ID of the HTTP request; empty for a command.
    pub request_id: String,
    /// SHA-256 over all of the above and the hash of the entry before.
    pub hash: AuditHash,
}

impl AuditEntry {
    /// The entry for `new`, after the entry with this number and hash.
    pub(crate) fn after((number, previous): (i64, AuditHash), new: NewAuditEntry<'_>) -> Self {
        let NewAuditEntry { at, actor, act, api_id, changed, outcome, request_id } = new;
        let entry = Self {
            number: number.saturating_add(1),
            at,
            actor: actor.to_string(),
            act: act.into(),
            api_id: api_id.into(),
            changed,
            outcome: outcome.into(),
            request_id: request_id.unwrap_or_default().into(),
            hash: previous,
        };
        Self { hash: entry.hash_after(previous), ..entry }
    }

    /// The entry's hash after an entry with the hash `previous`. Each field is hashed with its
    /// length, so that different entries are different input.
    pub(crate) fn hash_after(&self, previous: AuditHash) -> AuditHash {
        let mut hash = Sha256::new();
        hash.update(b"jerakia audit 1");
        hash.update(previous.0);
        hash.update(self.number.to_be_bytes());
        hash.update(self.at.to_be_bytes());
        for text in [&self.actor, &self.act, &self.api_id, &self.changed, &self.outcome, &self.request_id] {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        }
        AuditHash(hash.finalize().into())
    }
}

/// An entry in JSON.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub(crate) struct Shown<'a> {
    /// Its number. They have no gaps.
    number: i64,
    /// When it was performed.
    at: Option<Timestamp>,
    /// Who performed it.
    actor: &'a str,
    /// What was done.
    act: &'a str,
    /// The API ID of the token; empty if the act is not about one token.
    api_id: &'a str,
    /// What changed: names, each with the value before and after.
    #[schema(value_type = Option<Object>)]
    changed: Value,
    /// `done`, or why nothing was done.
    outcome: &'a str,
    /// The ID of the HTTP request; null for a command.
    request_id: Option<&'a str>,
    /// SHA-256 over all of the above and the hash of the entry before.
    #[schema(value_type = String)]
    hash: AuditHash,
}

impl Serialize for AuditEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { number, actor, act, api_id, outcome, hash, .. } = self;
        Shown {
            number: *number,
            at: Timestamp::from_second(self.at).ok(),
            actor,
            act,
            api_id,
            changed: serde_json::from_str(&self.changed).unwrap_or(Value::Null),
            outcome,
            request_id: (!self.request_id.is_empty()).then_some(&self.request_id),
            hash: *hash,
        }
        .serialize(serializer)
    }
}

/// What differs between a token before and after an act, as a JSON object.
pub(crate) fn changed(before: Option<&StoredToken>, after: Option<&StoredToken>) -> String {
    let (before, after) = (before.map(fields).unwrap_or_default(), after.map(fields).unwrap_or_default());
    let mut changed = Map::new();
    for name in before.keys().chain(after.keys()) {
        let [old, new] = [&before, &after].map(|it| it.get(name).cloned().unwrap_or(Value::Null));
        if old != new && !changed.contains_key(name) {
            changed.insert(name.clone(), json!([old, new]));
        }
    }
    Value::Object(changed).to_string()
}

/// The fields of a token that an entry may show.
fn fields(token: &StoredToken) -> Map<String, Value> {
    let time = |at: i64| Timestamp::from_second(at).map_or_else(|_| json!(at), |it| json!(it));
    let former = token.former.as_ref().map(|it| time(it.ended_at.unwrap_or(it.ends_at)));
    let all = [
        ("active", json!(token.active)),
        ("description", json!(token.description)),
        ("expires_at", json!(token.ends_at.map(time))),
        ("grants", json!(token.grants)),
        ("imported", json!(matches!(token.secret.hash, crate::model::SecretHash::Bcrypt(_)))),
        ("labels", json!(token.labels)),
        ("former_ends_at", json!(former)),
        ("secret", json!(token.secret.number)),
    ];
    all.into_iter().map(|(name, value)| (name.into(), value)).collect()
}
