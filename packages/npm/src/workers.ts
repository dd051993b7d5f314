// The same in Workers, which compile no bytes: there, importing a .wasm file answers a compiled module.

import core from 'jerakia-auth/core.wasm';
import { Tokens } from './tokens.js';

export * from './tokens.js';

/** The component that this package carries. */
export async function open(): Promise<Tokens> {
  return new Tokens(core);
}
