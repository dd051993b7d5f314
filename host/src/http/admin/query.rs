//! Queries of lists. Unknown and duplicate parameters are errors: a misspelt filter would list
//! everything.

use super::answer::Failure;

/// The most entries of a page, and the default.
const MAX_LIMIT: usize = 1_000;
const DEFAULT_LIMIT: usize = 100;

/// A query's names and values.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a query that may have the parameters `known`.
    pub(super) fn parse(text: Option<String>, known: &[&str]) -> Result<Self, Failure> {
        let text = text.unwrap_or_default();
        let pairs: Vec<_> = form_urlencoded::parse(text.as_bytes()).into_owned().collect();
        match pairs.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            Some((name, _)) => {
                Err(Failure::BadRequest(format!("no such parameter {name:?}: use {}", known.join(", "))))
            }
            None => Ok(Self(pairs)),
        }
    }

    /// All values of a parameter.
    pub(super) fn all<'a>(&'a self, name: &'static str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(it, _)| it == name).map(|(_, value)| value.as_str())
    }

    /// The value of a parameter that may occur once.
    pub(super) fn one(&self, name: &'static str) -> Result<Option<&str>, Failure> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(Failure::bad(name, "it occurs twice")),
            (value, None) => Ok(value),
        }
    }

    /// The same, parsed.
    pub(super) fn parsed<T>(&self, name: &'static str) -> Result<Option<T>, Failure>
    where
        T: std::str::FromStr<Err: std::fmt::Display>,
    {
        self.one(name)?.map(|it| it.parse().map_err(|error| Failure::bad(name, error))).transpose()
    }

    /// The cursor of a page, which `read` reads; none: the first page.
    pub(super) fn cursor<T>(
        &self,
        read: impl FnOnce(&str) -> Result<Option<T>, Failure>,
    ) -> Result<Option<T>, Failure> {
        let Some(text) = self.one("cursor")? else { return Ok(None) };
        read(text)?.map(Some).ok_or_else(|| Failure::bad("cursor", "use `next` of the page before"))
    }

    /// How many entries a page may have.
    pub(super) fn limit(&self) -> Result<usize, Failure> {
        let range = || Failure::bad("limit", format!("use 1 to {MAX_LIMIT}"));
        let Some(text) = self.one("limit")? else { return Ok(DEFAULT_LIMIT) };
        text.parse().ok().filter(|it| (1..=MAX_LIMIT).contains(it)).ok_or_else(range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Query, Failure> {
        Query::parse(Some(text.into()), &["a", "limit"])
    }

    #[test]
    fn parameters_are_known_and_occur_once() {
        let query = parse("a=1%20&a=2&limit=7").unwrap();
        assert_eq!(query.all("a").collect::<Vec<_>>(), ["1 ", "2"]);
        assert_eq!(query.one("a").unwrap_err().to_string(), "a: it occurs twice");
        assert_eq!(query.limit().unwrap(), 7);
        assert_eq!(parse("b").err().unwrap().to_string(), "no such parameter \"b\": use a, limit");
    }

    #[test]
    fn a_page_has_1_to_1000_entries() {
        assert_eq!(parse("").unwrap().limit().unwrap(), DEFAULT_LIMIT);
        for (text, accepted) in [("0", false), ("1", true), ("1000", true), ("1001", false), ("-1", false), ("", false)]
        {
            assert_eq!(parse(&format!("limit={text}")).unwrap().limit().is_ok(), accepted, "{text}");
        }
    }
}
