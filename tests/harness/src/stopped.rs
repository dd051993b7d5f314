//! A process that is stopped for a while: it hears nothing, and its connections stay open.

use rustix::process::{Pid, Signal, kill_process};

/// A process that is stopped until this is dropped.
pub struct Stopped(Pid);

impl Stopped {
    pub fn process(id: u32) -> Self {
        let process = Pid::from_raw(id.cast_signed()).unwrap();
        kill_process(process, Signal::STOP).unwrap();
        Self(process)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        let _ = kill_process(self.0, Signal::CONT); // fails if it was killed meanwhile
    }
}
