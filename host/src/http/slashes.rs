//! `//` in a path is one `/`, as for Jerakia 3.

use axum::Router;
use axum::extract::Request;
use axum::http::Uri;
use axum::http::uri::PathAndQuery;
use tower::Service as _;

/// `routes`, which are also found with more slashes than they have. Paths that are found
/// at once are not looked at.
pub fn single_slashes(routes: Router) -> Router {
    let all = routes.clone();
    routes.fallback(move |mut request: Request| {
        let mut routes = all.clone();
        async move {
            if let Some(uri) = single(request.uri()) {
                *request.uri_mut() = uri;
            }
            routes.call(request).await
        }
    })
}

/// `uri` with one slash in the place of several in its path; none if there is none.
fn single(uri: &Uri) -> Option<Uri> {
    if !uri.path().contains("//") {
        return None;
    }
    let mut path = String::with_capacity(uri.path().len());
    for character in uri.path().chars() {
        if character != '/' || !path.ends_with('/') {
            path.push(character);
        }
    }
    if let Some(query) = uri.query() {
        path.push('?');
        path.push_str(query);
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(path).ok()?);
    Uri::from_parts(parts).ok()
}
