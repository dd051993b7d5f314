// The package's front door in Node.js: open the component, protect a route.

import { readFile } from 'node:fs/promises';
import { Tokens } from './tokens.js';

export { type Find, type Permission, protect } from './middleware.js';
export * from './tokens.js';

/** The component, from the file beside this package. */
export async function open(): Promise<Tokens> {
  const file = new URL('../component/jerakia-auth.core.wasm', import.meta.url);
  return new Tokens(await WebAssembly.compile(await readFile(file)));
}
