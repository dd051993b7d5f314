//! `//` in a path of the lookup API is one `/`, as it is for Jerakia 3: clients join a
//! configured address and a path.

use axum::http::Uri;
use axum::http::uri::PathAndQuery;

/// `uri` with single slashes; none if it has no others, or is not of the lookup API. Paths below
/// `/v1/authorize` stay as they are: they can name another service's paths.
pub(super) fn single(uri: &Uri) -> Option<Uri> {
    if !uri.path().contains("//") {
        return None;
    }
    let mut path = String::with_capacity(uri.path().len());
    path.extend(
        uri.path()
            .chars()
            .scan('\0', |last, it| {
                let repeated = (*last, it) == ('/', '/');
                *last = it;
                Some((!repeated).then_some(it))
            })
            .flatten(),
    );
    if !["/v1/lookup/", "/v1/scope/"].iter().any(|it| path.starts_with(it)) && path != "/v1/lookup" {
        return None;
    }
    if let Some(query) = uri.query() {
        path = path + "?" + query;
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(path).ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_the_lookup_api_change() {
        let single = |text: &str| single(&text.parse().unwrap()).map(|it| it.to_string());
        for (from, to) in [
            ("//v1/lookup/port?namespace=a//b", "/v1/lookup/port?namespace=a//b"),
            ("/v1//lookup//port", "/v1/lookup/port"),
            ("//v1/lookup", "/v1/lookup"),
            ("/v1/scope///r/i//uuid", "/v1/scope/r/i/uuid"),
        ] {
            assert_eq!(single(from).as_deref(), Some(to), "{from}");
        }
        for same in
            ["/v1/lookup/port?namespace=a//b", "/v1/authorize//x", "//v1/authorize", "//livez", "/v1//lookups", "/"]
        {
            assert_eq!(single(same), None, "{same}");
        }
    }
}
