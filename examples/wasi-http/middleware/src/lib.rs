//! A wasi:http middleware that passes requests with a good token on to the service behind it
//! and refuses all others. The token component decides.

#![no_std] // with Debian's compiler, std would have to be built from source
#![cfg(target_arch = "wasm32")]

extern crate alloc;

mod credential;
mod refusal;
mod store;

use alloc::{format, string::String};
use exports::wasi::http::incoming_handler::Guest;
use jerakia::auth::decision;
use refusal::Refusal;
use wasi::clocks::wall_clock;
use wasi::http::incoming_handler as next;
use wasi::http::types::{IncomingRequest, Method, ResponseOutparam};

wit_bindgen::generate!({
    path: ["../../../wit", "../wit"],
    world: "jerakia:wasi-http-example/middleware",
    generate_all,
});

/// The longest permission that the token component grants, in bytes. It has 32 KiB of memory
/// for arguments, and traps when they don't fit.
const MAX_PERMISSION_LEN: usize = 4096;

struct Middleware;
export!(Middleware);

impl Guest for Middleware {
    fn handle(request: IncomingRequest, response: ResponseOutparam) {
        match decide(&request) {
            // A wasi:http request can't be changed: the service doesn't learn the API ID, and
            // can see the token.
            Ok(decision::Grant { .. }) => next::handle(request, response),
            Err(refusal) => refusal.answer(response),
        }
    }
}

fn decide(request: &IncomingRequest) -> Result<decision::Grant, Refusal> {
    let permission = permission(request)?;
    let credential = credential::presented(&request.headers());
    let key = decision::lookup_key(&credential);
    let found = store::find(&key).map_err(|store::Unreadable| Refusal::Unavailable)?;
    let stored = found.unwrap_or_else(|| store::absent(&key));
    let now = wall_clock::now().seconds;
    decision::authorize(&credential, &stored, &permission, now).map_err(|reason| match reason {
        decision::Refusal::Forbidden => Refusal::Forbidden,
        _ => Refusal::Unauthorized,
    })
}

/// The permission that the request needs, such as `http:GET:/greeting`, with the path as sent.
fn permission(request: &IncomingRequest) -> Result<String, Refusal> {
    let mut path = request.path_with_query().unwrap_or_default();
    path.truncate(path.find('?').unwrap_or(path.len()));
    let permission = format!("http:{}:{path}", word(request.method()));
    if permission.len() > MAX_PERMISSION_LEN { Err(Refusal::TooLong) } else { Ok(permission) }
}

fn word(method: Method) -> String {
    let known = match method {
        Method::Get => "GET",
        Method::Head => "HEAD",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
        Method::Connect => "CONNECT",
        Method::Options => "OPTIONS",
        Method::Trace => "TRACE",
        Method::Patch => "PATCH",
        Method::Other(other) => return other,
    };
    known.into()
}

// A host may reuse an instance for ever, so memory must be freed.
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
