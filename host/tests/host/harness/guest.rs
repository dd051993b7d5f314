//! Hand-written guests: see `guest.wat`.

use jerakia_host::sandbox::Sandbox;
use wasmtime::Engine;
use wasmtime::component::Component;

/// The guest in `guest.wat`, with other code in some of its places.
#[derive(Clone)]
pub struct Guest(String);

/// The places in the guest, and their default contents.
const PLACES: [(&str, &str); 6] =
    [("import", ""), ("pages", "1"), ("realloc", ""), ("issue", ""), ("authorize", ""), ("more", "")];

impl Guest {
    /// A guest that behaves.
    pub fn obliging() -> Self {
        Self(include_str!("guest.wat").into())
    }

    /// Puts `code` into a place. In a function it runs before the default answer.
    pub fn with(self, place: &str, code: &str) -> Self {
        let mark = format!("{{{place}}}");
        assert!(self.0.contains(&mark), "no place named {place} left");
        Self(self.0.replace(&mark, code))
    }

    pub fn compile(&self, engine: &Engine) -> wasmtime::Result<Component> {
        let text = PLACES.iter().fold(self.0.clone(), |it, (place, code)| it.replace(&format!("{{{place}}}"), code));
        Component::new(engine, text)
    }

    /// A sandbox for this guest.
    pub fn sandbox(&self, engine: &Engine) -> Sandbox {
        Sandbox::of(engine, &self.compile(engine).expect("a valid component")).expect("one that fits")
    }
}
