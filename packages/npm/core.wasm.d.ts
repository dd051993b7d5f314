/** The core module, compiled, where importing a .wasm file answers that: in Workers. For `new Tokens(core)`. */
declare const core: WebAssembly.Module;
export default core;
