//! The embedded component, which other hosts use too: it is small and imports nothing.

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
fn it_exports_the_two_interfaces_and_nothing_else() {
    let engine = engine().unwrap();
    let portable = Component::new(&engine, portable_component()).unwrap();
    let mut functions = Vec::new();
    for (interface, it) in portable.component_type().exports(&engine) {
        let ComponentItem::ComponentInstance(instance) = it.ty else { panic!("{interface} is not an interface") };
        for (name, it) in instance.exports(&engine) {
            if let ComponentItem::ComponentFunc(_) = it.ty {
                functions.push(format!("{interface}#{name}"));
            }
        }
    }
    functions.sort_unstable();
    let expected = [
        "jerakia:auth/decision@0.2.0#authorize",
        "jerakia:auth/decision@0.2.0#lookup-key",
        "jerakia:auth/issuing@0.2.0#issue",
    ];
    assert_eq!(functions, expected);
}

#[test]
fn it_weighs_at_most_32_kib() {
    assert!(portable_component().len() <= 32 << 10, "{} bytes", portable_component().len());
}
