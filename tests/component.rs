//! `jerakia component`: the metadata of the carried component and of its contract.

use crate::harness::World;
use std::fs;

const A_COMMENT: &str = "/// Why a credential is refused: the first reason that applies, in this order. It";

#[test]
fn a_component_is_shown_with_its_name_version_and_commented_contract() {
    let world = World::new();
    let file = in_world(&world, "exported.wasm");
    world.done(&["component", "export", &file]);
    let shown = world.done(&["component", "inspect", &file]);
    assert_eq!(shown, world.done(&["component", "inspect"]));
    for line in ["name     jerakia-auth", "version  0.2.0", "licence  Apache-2.0", "imports  none"] {
        assert!(shown.lines().any(|it| it == line), "no line {line:?} in\n{shown}");
    }
    assert!(shown.contains(A_COMMENT), "{shown}");
    assert!(shown.contains("world auth-core {"), "{shown}");
}

#[test]
fn another_component_is_shown_as_it_is() {
    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";
    const NAMED: &[u8] = b"\0\x0e\x07versiona\x1b[31m";
    let world = World::new();
    let file = in_world(&world, "other.wasm");
    fs::write(&file, [EMPTY, NAMED].concat()).unwrap();
    let shown = world.done(&["component", "inspect", &file]);
    assert!(shown.starts_with("version  a\\u{1b}[31m\nsize     24 bytes\n"), "{shown}");
    assert!(shown.contains("\nexports  none\n") && shown.contains("world root {"), "{shown}");
    assert!(!shown.contains("jerakia:auth") && !shown.contains("///"), "{shown}");

    fs::write(&file, "not one").unwrap();
    let refused = world.run(&["component", "inspect", &file]);
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""));
    assert!(refused.stderr.contains("is not a component that can be read"), "{}", refused.stderr);
}

/// Without a section that describes its world, a core module looks like a component that imports nothing.
#[test]
fn a_core_module_is_not_shown_as_a_component() {
    const IMPORTS_A_FUNCTION: &[u8] = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x02\x0b\x01\x03env\x03run\0\0";
    let world = World::new();
    let file = in_world(&world, "core.wasm");
    fs::write(&file, IMPORTS_A_FUNCTION).unwrap();
    let refused = world.run(&["component", "inspect", &file]);
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""));
    assert!(refused.stderr.contains("it is a core module, not a component"), "{}", refused.stderr);
}

#[test]
fn the_contract_is_exported_with_its_comments() {
    let world = World::new();
    let file = in_world(&world, "contract.wasm");
    world.done(&["component", "export", "--wit", &file]);
    let bytes = fs::read(&file).unwrap();
    let wit_component::DecodedWasm::WitPackage(resolve, package) = wit_component::decode(&bytes).unwrap() else {
        panic!("not a WIT package");
    };
    assert_eq!(resolve.packages[package].name.to_string(), "jerakia:auth@0.2.0");
    let decision = &resolve.interfaces[resolve.packages[package].interfaces["decision"]];
    assert!(decision.functions["authorize"].docs.contents.as_deref().unwrap().starts_with("Decides on one request."));
}

fn in_world(world: &World, name: &str) -> String {
    world.path().join(name).to_str().unwrap().into()
}
