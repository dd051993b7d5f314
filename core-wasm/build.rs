//! The component's linker settings. A native build needs none.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ARCH").as_deref() == Ok("wasm32") {
        // A decision needs less than 8 KiB of stack, and a small memory is quick to reset.
        println!("cargo::rustc-link-arg=-zstack-size=8192");
        if std::env::var_os("CARGO_FEATURE_SMALL_MEMORY").is_some() {
            // Pages of one byte: the memory ends where its contents do.
            println!("cargo::rustc-link-arg=--page-size=1");
        }
    }
}
