// The package's entry point: opens the component. It reads no file, so it needs no permission.

import { bytes } from '../component/core.js';
import { Tokens } from './tokens.js';

export * from './tokens.js';

/** Opens the component in this package. */
export async function open(): Promise<Tokens> {
  return new Tokens(await WebAssembly.compile(bytes));
}
