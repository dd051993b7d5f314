//! A progress bar for acts on many tokens: on a terminal, once they have taken a second.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::{Duration, Instant};

const SHOWN_AFTER: Duration = Duration::from_secs(1);

pub struct Progress {
    bar: ProgressBar,
    begun: Instant,
}

impl Progress {
    pub fn new(all: usize) -> Self {
        let bar = ProgressBar::with_draw_target(Some(all as u64), ProgressDrawTarget::hidden());
        let style = ProgressStyle::with_template("{bar:40} {pos} of {len} tokens");
        Self { bar: style.map(|it| bar.clone().with_style(it)).unwrap_or(bar), begun: Instant::now() }
    }

    /// Shows that `done` tokens are done.
    pub fn reached(&mut self, done: usize) {
        if self.bar.is_hidden() && self.begun.elapsed() > SHOWN_AFTER {
            // Stays hidden where standard error is not a terminal.
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.set_position(done as u64);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
