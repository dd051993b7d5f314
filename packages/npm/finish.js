// Patches jco's output to run where programs can't read files or the environment, as in Deno without flags.

import { readFile, writeFile } from 'node:fs/promises';

const component = new URL('component/', import.meta.url);

// The core module as JavaScript, which every runtime except Workers can import.
const bytes = await readFile(new URL('jerakia-auth.core.wasm', component));
await write(
  'core.js',
  `const text = '${bytes.toString('base64')}';
export const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
`,
);
await write('core.d.ts', 'export declare const bytes: Uint8Array<ArrayBuffer>;\n');

let bindings = await readFile(new URL('jerakia-auth.js', component), 'utf8');
// On each call the bindings ask the environment whether to log the arguments, which include tokens.
replace(/const _debugLog = \(\.\.\.args\) => \{[^}]*JCO_DEBUG[^}]*\}[^}]*\};/, 'const _debugLog = () => {};');
// `Tokens` always passes the module in, so reading it from a file isn't needed, and bundlers for Workers fail on this import.
replace(/await import\('node:fs\/promises'\)/, 'undefined');
await write('jerakia-auth.js', bindings);

function replace(what, by) {
  if (!what.test(bindings)) throw new Error(`nothing matches ${what}: check the output of this version of jco`);
  bindings = bindings.replace(what, by);
}

async function write(name, text) {
  await writeFile(new URL(name, component), text);
}
