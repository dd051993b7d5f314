//! A wasi:http service that greets everyone who reaches it. It knows nothing about tokens:
//! the middleware decides who reaches it.

#![no_std]
#![cfg(target_arch = "wasm32")]

extern crate alloc;

use exports::wasi::http::incoming_handler::Guest;
use wasi::http::types::{Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam};

wit_bindgen::generate!({
    path: ["../../../wit", "../wit"],
    world: "jerakia:wasi-http-example/greeter",
    generate_all,
});

struct Greeter;
export!(Greeter);

impl Guest for Greeter {
    fn handle(_: IncomingRequest, out: ResponseOutparam) {
        let headers = Fields::new();
        let _ = headers.append("content-type", b"application/json");
        let response = OutgoingResponse::new(headers);
        let body = response.body();
        ResponseOutparam::set(out, Ok(response));
        // Errors mean that the client is gone.
        if let Ok(body) = body {
            if let Ok(stream) = body.write() {
                let _ = stream.blocking_write_and_flush(br#"{"greeting":"Hello"}"#);
            }
            let _ = OutgoingBody::finish(body, None);
        }
    }
}

#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
