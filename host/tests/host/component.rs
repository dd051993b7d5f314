//! The component that is embedded, and that other hosts get: small, and without
//! reach.

use jerakia_host::sandbox::{component, engine, portable_component};
use wasmtime::component::{Component, types::ComponentItem};

#[test]
fn it_imports_nothing() {
    let engine = engine().unwrap();
    let portable = Component::new(&engine, portable_component()).unwrap();
    for (form, it) in [("portable", portable), ("native", component(&engine).unwrap())] {
        let imports: Vec<String> = it.component_type().imports(&engine).map(|(name, _)| name.to_owned()).collect();
        assert_eq!(imports, [""; 0], "{form}");
    }
}

#[test]
fn it_exports_the_three_functions_and_nothing_else() {
    let engine = engine().unwrap();
    let portable = Component::new(&engine, portable_component()).unwrap();
    let ty = portable.component_type();
    let exports: Vec<_> = ty.exports(&engine).collect();
    let [("jerakia:auth/tokens@0.1.0", tokens)] = &exports[..] else { panic!("{exports:?}") };
    let ComponentItem::ComponentInstance(tokens) = &tokens.ty else { panic!("{tokens:?}") };
    let mut functions: Vec<&str> = tokens
        .exports(&engine)
        .filter(|(_, it)| matches!(it.ty, ComponentItem::ComponentFunc(_)))
        .map(|(name, _)| name)
        .collect();
    functions.sort_unstable();
    assert_eq!(functions, ["identify", "issue", "verify"]);
}

#[test]
fn it_weighs_at_most_32_kib() {
    assert!(portable_component().len() <= 32 << 10, "{} bytes", portable_component().len());
}
