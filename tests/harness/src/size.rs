//! How large a test is: small in CI, large under `make torture`.

/// Whether to run at full size.
pub fn torture() -> bool {
    std::env::var_os("JERAKIA_TORTURE").is_some_and(|it| it == "1")
}

/// One of two sizes of a test.
pub fn size(small: usize, large: usize) -> usize {
    if torture() { large } else { small }
}

/// Prints a row of the table that `make torture` shows: an attack, how often it was
/// tried, and how many answers were wrong.
pub fn report(attack: &str, times: usize, wrong: usize) {
    println!("torture| {attack} | {times} | {wrong} |");
}
