//! Measures several subjects side by side, in processor time, which excludes other work of the
//! machine.

use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

const ROUNDS: usize = 15;
const ROUND: Duration = Duration::from_millis(40);

/// Something to measure.
pub struct Subject<'a> {
    pub name: &'a str,
    pub run: Box<dyn FnMut() + 'a>,
}

impl<'a> Subject<'a> {
    pub fn new(name: &'a str, run: impl FnMut() + 'a) -> Self {
        Self { name, run: Box::new(run) }
    }
}

/// Runs all subjects in turn, several times, so that a change in the machine's speed affects them
/// all. Returns each one's median time per call.
pub fn medians(subjects: &mut [Subject<'_>]) -> Vec<Duration> {
    let mut times = vec![Vec::with_capacity(ROUNDS); subjects.len()];
    for _ in 0..ROUNDS {
        for (subject, times) in subjects.iter_mut().zip(&mut times) {
            times.push(time_of_a_call(&mut subject.run));
        }
    }
    times.into_iter().map(median).collect()
}

/// The middle one, or the later of the two in the middle.
pub fn median<T: PartialOrd + Copy>(mut values: Vec<T>) -> T {
    values.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    values[values.len() / 2]
}

fn time_of_a_call(run: &mut dyn FnMut()) -> Duration {
    let (start, mut calls) = (processor_time(), 0_u32);
    loop {
        for _ in 0..16 {
            run();
        }
        calls += 16;
        let elapsed = processor_time() - start;
        if elapsed >= ROUND {
            return elapsed / calls;
        }
    }
}

/// The processor time that this thread has used.
fn processor_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(now).unwrap_or_default()
}
