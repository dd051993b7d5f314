// The entry point for Workers, which can't compile bytes: there, importing a .wasm file yields a compiled module.

import core from 'jerakia-auth/core.wasm';
import { Tokens } from './tokens.js';

export * from './tokens.js';

/** Opens the component in this package. */
export async function open(): Promise<Tokens> {
  return new Tokens(core);
}
