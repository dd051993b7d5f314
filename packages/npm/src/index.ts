// The package's front door: open the component. Reads no file, so that it needs no permission to.

import { bytes } from '../component/core.js';
import { Tokens } from './tokens.js';

export * from './tokens.js';

/** The component that this package carries. */
export async function open(): Promise<Tokens> {
  return new Tokens(await WebAssembly.compile(bytes));
}
