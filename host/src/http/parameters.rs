//! The query of a lookup, with Jerakia 3's names.

use crate::lookup::{Key, LookupError, LookupType, Map, Merge, Request, Value};
use crate::scope::ScopeId;
use std::borrow::Cow;

/// What a client asks for.
pub(super) struct Parameters {
    /// The lookup, except for its scope.
    pub(super) request: Request,
    /// Where the scope is from.
    pub(super) scope: ScopeSource,
}

/// Where the scope is from.
#[derive(Debug, PartialEq)]
pub(super) enum ScopeSource {
    /// The request's own metadata.
    Metadata,
    /// What was stored on the server.
    Server(ScopeId),
    /// Nowhere.
    None,
}

/// The namespace that a query asks for: the last parameter of that name, as
/// [`Parameters::read`] takes it.
pub(super) fn namespace(query: &str) -> Option<Cow<'_, str>> {
    form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "namespace").last().map(|(_, value)| value)
}

impl Parameters {
    /// Reads a query. If a parameter occurs twice, the last one counts, as in Jerakia 3. Unknown
    /// parameters are ignored, and so are those without a value, which Ruby's clients send for
    /// nil.
    ///
    /// # Errors
    /// When a parameter has a bad value.
    pub(super) fn read(key: Option<String>, query: &str) -> Result<Self, LookupError> {
        let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let last = |name: &str| pairs.iter().rev().find(|(it, _)| it == name).map(|(_, value)| value.as_str());
        let Some(namespace) = last("namespace") else {
            return Err(bad("Must include parameter namespace in request"));
        };
        let last = |name: &str| last(name).filter(|it| !it.is_empty());
        let metadata: Map = pairs.iter().filter_map(metadata).collect();
        let request = Request {
            key,
            policy: last("policy").unwrap_or("default").into(),
            lookup_type: match last("lookup_type") {
                None | Some("first") => LookupType::First,
                Some("cascade") => LookupType::Cascade,
                Some(_) => return Err(bad("Parameter lookup_type must be first or cascade")),
            },
            merge: match last("merge") {
                Some("hash") => Merge::Hash,
                Some("deep_hash") => Merge::DeepHash,
                _ => Merge::Array, // Hiera sends `none`
            },
            use_schema: last("use_schema") != Some("false"),
            metadata,
            ..Request::new(None, namespace)
        };
        let scope = match last("scope") {
            None | Some("metadata") => ScopeSource::Metadata,
            Some("none") => ScopeSource::None,
            Some("server") => match (last("scope_realm"), last("scope_identifier")) {
                (Some(realm), Some(identifier)) => {
                    ScopeSource::Server(ScopeId::new(realm, identifier).map_err(|it| bad(&it.to_string()))?)
                }
                _ => return Err(bad("scope=server needs parameters scope_realm and scope_identifier")),
            },
            Some(other @ ("yaml" | "puppetdb")) => {
                return Err(bad(&format!(
                    "scope={other} is not supported: send the values as parameters metadata_<key>, or store them with \
                     PUT /v1/scope/<realm>/<identifier> and send scope=server"
                )));
            }
            Some(_) => return Err(bad("Parameter scope must be metadata, server or none")),
        };
        Ok(Self { request, scope })
    }
}

fn metadata((name, value): &(String, String)) -> Option<(Key, Value)> {
    Some((Key::Text(name.strip_prefix("metadata_")?.into()), Value::Text(value.clone())))
}

fn bad(message: &str) -> LookupError {
    LookupError::BadRequest(message.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lookup::levels;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_namespace_that_is_permitted_is_the_one_that_is_read(
            query in "((namespace|n%61mespace|names|)(=|)[a/%2Ff&+]{0,6}&){0,4}"
        ) {
            match (namespace(&query), Parameters::read(None, &query)) {
                (None, read) => prop_assert!(read.is_err()),
                (Some(named), read) => {
                    let named: Vec<_> = levels(&named).map(str::to_owned).collect();
                    prop_assert_eq!(named, read.map_err(|it| TestCaseError::fail(it.to_string()))?.request.namespace);
                }
            }
        }
    }
}
