//! Answers to lookups, kept until a file that they came from changes. A kept answer is given
//! at once, by the thread that has authenticated the request: it takes no turn.

use super::reply::Format;
use crate::bounded::Bounded;
use crate::lookup::Sources;
use axum::body::Bytes;
use axum::http::uri::PathAndQuery;
use papaya::Equivalent;

/// The most memory that all kept answers may take with their sources, in bytes.
const MAX_KEPT: usize = 16 << 20;

/// The longest path and query of a lookup whose answer is kept, in bytes.
const MAX_QUESTION_LEN: usize = 2 << 10;

/// The overhead of maps and allocations per answer, in bytes: an estimate.
const OVERHEAD: usize = 512;

/// Keeps answers.
pub(super) struct Answers(Bounded<Question, KeptAnswer>);

/// Everything that an answer depends on, except for files: key, parameters and form. Two
/// spellings of the same question are two questions.
#[derive(PartialEq, Eq, Hash)]
struct Question {
    form: Form,
    text: Box<str>,
}

/// Besides its text, what a question is answered by.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Form {
    pub(super) format: Format,
    /// See [`Request::whole_levels`](crate::lookup::Request::whole_levels).
    pub(super) whole_levels: bool,
}

/// The same, borrowed. It has the same hash.
#[derive(Hash)]
struct QuestionRef<'a> {
    form: Form,
    text: &'a str,
}

struct KeptAnswer {
    body: Bytes,
    sources: Sources,
}

impl Equivalent<Question> for QuestionRef<'_> {
    fn equivalent(&self, question: &Question) -> bool {
        self.form == question.form && self.text == &*question.text
    }
}

impl Answers {
    pub(super) fn new() -> Self {
        Self(Bounded::new(MAX_KEPT))
    }

    /// The kept answer to a lookup, if its sources are unchanged.
    pub(super) fn find(&self, form: Form, question: &PathAndQuery) -> Option<Bytes> {
        let question_ref = QuestionRef { form, text: question.as_str() };
        self.0.read(&question_ref, |it| it.sources.are_unchanged().then(|| it.body.clone())).flatten()
    }

    /// Keeps the answer to a lookup, which came from `sources`.
    pub(super) fn keep(&self, form: Form, question: &PathAndQuery, body: Bytes, sources: Sources) {
        let text: Box<str> = question.as_str().into();
        if text.len() > MAX_QUESTION_LEN {
            return;
        }
        let size = OVERHEAD + text.len() + body.len() + sources.size();
        self.0.keep(Question { form, text }, KeptAnswer { body, sources }, size);
    }
}
