//! Guests written by hand: see `guest.wat`.

use jerakia_host::sandbox::Sandbox;
use wasmtime::Engine;
use wasmtime::component::Component;

/// The guest of `guest.wat`, with other code in some of its places.
#[derive(Clone)]
pub struct Guest(String);

/// Its places, and what is there by itself.
const PLACES: [(&str, &str); 6] =
    [("import", ""), ("pages", "1"), ("realloc", ""), ("issue", ""), ("authorize", ""), ("more", "")];

impl Guest {
    /// The one that does what it should.
    pub fn obliging() -> Self {
        Self(include_str!("guest.wat").into())
    }

    /// Puts `code` in a place: of a function, it comes before what answers.
    pub fn with(self, place: &str, code: &str) -> Self {
        let mark = format!("{{{place}}}");
        assert!(self.0.contains(&mark), "no place named {place} left");
        Self(self.0.replace(&mark, code))
    }

    pub fn compile(&self, engine: &Engine) -> wasmtime::Result<Component> {
        let text = PLACES.iter().fold(self.0.clone(), |it, (place, code)| it.replace(&format!("{{{place}}}"), code));
        Component::new(engine, text)
    }

    /// A sandbox with it in.
    pub fn sandbox(&self, engine: &Engine) -> Sandbox {
        Sandbox::of(engine, &self.compile(engine).expect("a valid component")).expect("one that fits")
    }
}
