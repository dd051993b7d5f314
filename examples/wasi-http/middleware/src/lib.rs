//! A wasi:http middleware: who presents a good token reaches the service behind it,
//! who doesn't is told 401. What a good token is, the token component says.

#![no_std] // as little as possible to build where the standard library comes as source
#![cfg(target_arch = "wasm32")]

extern crate alloc;

mod credential;
mod refusal;
mod store;

use alloc::string::String;
use exports::wasi::http::incoming_handler::Guest;
use jerakia::auth::tokens;
use refusal::Refusal;
use wasi::clocks::wall_clock;
use wasi::http::incoming_handler as next;
use wasi::http::types::{IncomingRequest, Method, ResponseOutparam};

wit_bindgen::generate!({
    path: ["../../../wit", "../wit"],
    world: "jerakia:wasi-http-example/middleware",
    generate_all,
});

/// The longest path that is put before the token component, in bytes. It has 32 KiB
/// of memory, and more than fits would trap it.
const LONGEST_PATH: usize = 4096;
/// The same for a method, which may be any word.
const LONGEST_METHOD: usize = 64;

struct Middleware;
export!(Middleware);

impl Guest for Middleware {
    fn handle(request: IncomingRequest, response: ResponseOutparam) {
        match decide(&request) {
            // A request can't be changed on its way, so the service learns neither whose
            // token it was, nor is the token taken out.
            Ok(tokens::Grant { api_id: _ }) => next::handle(request, response),
            Err(refusal) => refusal.answer(response),
        }
    }
}

fn decide(request: &IncomingRequest) -> Result<tokens::Grant, Refusal> {
    let action = action(request)?;
    let presented = tokens::identify(&credential::presented(&request.headers()));
    let found = store::find(&presented.api_id).map_err(|store::Unreadable| Refusal::Unavailable)?;
    // Passing a record on takes time, by which an API ID that is there could be told from
    // one that isn't: so there is always one.
    let known = found.unwrap_or_else(store::nobodys);
    tokens::verify(&presented, Some(&known), &action, wall_clock::now().seconds).map_err(|_| Refusal::Unauthorized)
}

/// What the client wants to do, in the token component's words.
fn action(request: &IncomingRequest) -> Result<tokens::Request, Refusal> {
    let mut path = request.path_with_query().unwrap_or_default();
    path.truncate(path.find('?').unwrap_or(path.len()));
    let method = word(request.method());
    if path.len() > LONGEST_PATH || method.len() > LONGEST_METHOD {
        return Err(Refusal::TooLong);
    }
    Ok(tokens::Request { method, path })
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

// A host may keep an instance for ever, so its memory has to be given back.
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
