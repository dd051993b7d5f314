//! Link settings of the component. Natively there is nothing to set.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ARCH").as_deref() == Ok("wasm32") {
        // 8 KiB are plenty for a decision, and a small memory is quick to reset.
        println!("cargo::rustc-link-arg=-zstack-size=8192");
    }
}
