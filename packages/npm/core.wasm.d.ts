/** The compiled core module, for `new Tokens(core)`: what importing a .wasm file yields in Workers. */
declare const core: WebAssembly.Module;
export default core;
