//! Logs a server's panics. Rust's default message goes to standard error, which can block
//! the thread, and can quote what a client sent.

use std::panic::{PanicHookInfo, set_hook};

/// Replaces the process's panic hook.
pub(super) fn log_them() {
    set_hook(Box::new(log));
}

fn log(panic: &PanicHookInfo<'_>) {
    // A literal is part of the program; a formatted message can contain anything.
    let message = panic.payload().downcast_ref::<&str>().copied().unwrap_or("(not logged: it may quote a client)");
    let at = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(at, message, "a bug: a thread panicked");
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{catch_unwind, take_hook};
    use std::sync::{Arc, Mutex};

    #[test]
    fn a_panic_is_logged_with_its_location_and_only_a_literal_message() {
        let log = Arc::new(Mutex::new(Vec::new()));
        let writer = log.clone();
        let lines = tracing_subscriber::fmt().with_ansi(false).with_writer(move || Shared(writer.clone())).finish();
        tracing::subscriber::with_default(lines, || {
            log_them();
            let secret = std::env::args().count();
            drop((catch_unwind(|| panic!("a literal")), catch_unwind(|| panic!("quoting {secret}"))));
            drop(take_hook());
        });
        let log = String::from_utf8(log.lock().unwrap().clone()).unwrap();
        assert!(log.contains("panics.rs:") && log.contains("a literal") && !log.contains("quoting"), "{log}");
        assert_eq!(log.lines().count(), 2);
    }

    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
}
