//! Answers: the documents that a lookup found, shown without copying them.

use super::document::Document;
use super::error::{LookupError, because};
use super::filter::{Budget, FilterError};
use super::merge::Merge;
use super::policy::{Lookup, Policy};
use super::schema::{Rule, Rules};
use super::value::{Key, Map};
use super::view::{Entries, View, entries};
use indexmap::map::Entry;
use std::mem::replace;
use std::path::PathBuf;
use std::sync::Arc;

/// The answer to a lookup.
pub struct Answer {
    /// None asks for all keys.
    pub(super) key: Option<Key>,
    /// Whether the client asked for a cascade, and how to merge it.
    pub(super) cascade: bool,
    pub(super) merge: Merge,
    /// The schema of the namespace.
    pub(super) rules: Rules,
    /// The values that output filters insert.
    pub(super) scope: Map,
    /// The file of the policy, for errors.
    pub(super) policy: PathBuf,
    /// The steps to the answer, in order.
    pub(super) steps: Vec<Step>,
}

/// A step to the answer.
pub(super) enum Step {
    /// A document was found: the most specific comes first.
    Found(Arc<Document>),
    /// The lookup with this number filters everything found so far.
    Filtered(Arc<Policy>, usize),
}

impl Answer {
    /// Whether no further document can change the answer.
    pub(super) fn is_complete(&self) -> Result<bool, LookupError> {
        let Some(key) = &self.key else { return Ok(false) };
        let cascade = self.treatment(key)?.is_some();
        let is_set = |step: &Step| matches!(step, Step::Found(it) if it.map().get(key).is_some_and(|it| !View::Value(it).is_null()));
        Ok(!cascade && self.steps.iter().any(is_set))
    }

    /// Whether the key was found. Its value can be null.
    #[must_use]
    pub fn found(&self) -> bool {
        if self.is_filtered() { matches!(self.evaluate(), Ok(Some(_))) } else { !self.steps.is_empty() }
    }

    /// Its value, or a map of all keys; null when it is not found.
    #[must_use]
    pub fn payload(&self) -> View<'_> {
        self.evaluate().ok().flatten().unwrap_or(View::NULL)
    }

    /// Checks that the payload can be made. Call it once, before answering.
    ///
    /// # Errors
    /// When a schema's rule or a filter can't be followed.
    pub(super) fn check(&self) -> Result<(), LookupError> {
        if self.is_filtered() || (self.key.is_none() && self.rules.exist()) {
            self.evaluate()?;
        }
        Ok(())
    }

    fn is_filtered(&self) -> bool {
        self.steps.iter().any(|it| matches!(it, Step::Filtered(..)))
    }

    fn evaluate(&self) -> Result<Option<View<'_>>, LookupError> {
        let (mut found, mut budget) = (Entries::new(), Budget::default());
        for step in &self.steps {
            match step {
                Step::Found(document) => self.add(&mut found, document)?,
                Step::Filtered(policy, lookup) => {
                    if let Some(lookup) = policy.lookups.get(*lookup) {
                        found = self.filtered(found, lookup, &mut budget)?;
                    }
                }
            }
        }
        match (&self.key, found.is_empty()) {
            (_, true) => Ok(None),
            (Some(key), false) => Ok(found.swap_remove(key)),
            (None, false) => Ok(Some(View::Map(Box::new(found)))),
        }
    }

    fn add<'a>(&'a self, found: &mut Entries<'a>, document: &'a Document) -> Result<(), LookupError> {
        match &self.key {
            None => entries(document.map()).try_for_each(|(key, view)| self.add_one(found, key, view)),
            Some(key) => match document.map().get(key) {
                Some(value) => self.add_one(found, key, View::Value(value)),
                None => Ok(()),
            },
        }
    }

    fn add_one<'a>(&self, found: &mut Entries<'a>, key: &'a Key, view: View<'a>) -> Result<(), LookupError> {
        let merge = self.treatment(key)?;
        match (found.entry(key), merge) {
            (Entry::Vacant(it), None) => drop(it.insert(view)),
            (Entry::Vacant(it), Some(merge)) => drop(it.insert(merge.add(None, view))),
            (Entry::Occupied(mut it), None) if it.get().is_null() => drop(it.insert(view)),
            (Entry::Occupied(_), None) => {}
            (Entry::Occupied(mut it), Some(merge)) => {
                let specific = replace(it.get_mut(), View::NULL);
                it.insert(merge.add(Some(specific), view));
            }
        }
        Ok(())
    }

    /// How the values of `key` are merged; none: the most specific one counts.
    fn treatment(&self, key: &Key) -> Result<Option<Merge>, LookupError> {
        let rule = if let Key::Text(key) = key { self.rules.rule(key)? } else { Rule::default() };
        Ok((self.cascade || rule.cascade).then(|| rule.merge.unwrap_or(self.merge)))
    }

    fn filtered<'a>(
        &self,
        found: Entries<'a>,
        lookup: &Lookup,
        budget: &mut Budget,
    ) -> Result<Entries<'a>, LookupError> {
        let failed = |key: &Key, error: FilterError| {
            let cause = because(format!("lookup {:?}, output filters, key {key}: {error}", lookup.name));
            LookupError::File { path: self.policy.clone(), cause }
        };
        let filtered = found.into_iter().map(|(key, view)| {
            let all = lookup.output_filters.iter().try_fold(Some(view), |view, filter| match view {
                Some(view) => filter.apply(view, &self.scope, budget),
                None => Ok(None),
            });
            Ok(all.map_err(|error| failed(key, error))?.map(|view| (key, view)))
        });
        filtered.filter_map(Result::transpose).collect()
    }
}
