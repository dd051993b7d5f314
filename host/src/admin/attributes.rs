//! The attributes of a token: everything that its administrator sets, except its secret.

use crate::model::{Grants, Labels, StoredToken};

/// The attributes of a new token: everything except its secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// When it ends, in seconds since the epoch; none: never.
    pub ends_at: Option<i64>,
    /// What it may do.
    pub grants: Grants,
    /// What it is for.
    pub description: String,
    /// The labels that select it.
    pub labels: Labels,
}

/// Changes to attributes; none: the attribute stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Update {
    /// When it ends; an inner none: never.
    pub ends_at: Option<Option<i64>>,
    /// What it may do.
    pub grants: Option<Grants>,
    /// What it is for.
    pub description: Option<String>,
    /// The labels that select it.
    pub labels: Option<Labels>,
}

impl Update {
    /// Changes the attributes of `token`.
    pub(super) fn apply(&self, token: &mut StoredToken) {
        let Self { ends_at, grants, description, labels } = self.clone();
        if let Some(ends_at) = ends_at {
            token.ends_at = ends_at;
            if let Some(former) = &mut token.former {
                former.ends_at = former.ends_at.min(ends_at.unwrap_or(i64::MAX));
            }
        }
        token.grants = grants.unwrap_or(std::mem::take(&mut token.grants));
        token.description = description.unwrap_or(std::mem::take(&mut token.description));
        token.labels = labels.unwrap_or(std::mem::take(&mut token.labels));
    }
}
