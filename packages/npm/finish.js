// Makes what jco has written run in runtimes that let no program read files or the environment, such as Deno without flags.

import { readFile, writeFile } from 'node:fs/promises';

const component = new URL('component/', import.meta.url);

// The core module as JavaScript, which can be imported anywhere but in Workers.
const bytes = await readFile(new URL('jerakia-auth.core.wasm', component));
await write(
  'core.js',
  `const text = '${bytes.toString('base64')}';
export const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
`,
);
await write('core.d.ts', 'export declare const bytes: Uint8Array<ArrayBuffer>;\n');

let bindings = await readFile(new URL('jerakia-auth.js', component), 'utf8');
// In each call the bindings ask the environment whether to log it, which would be with a token among its arguments.
replace(/const _debugLog = \(\.\.\.args\) => \{[^}]*JCO_DEBUG[^}]*\}[^}]*\};/, 'const _debugLog = () => {};');
// They could read the module from a file; `Tokens` always hands them one. Bundlers for Workers stumble over the import.
replace(/await import\('node:fs\/promises'\)/, 'undefined');
await write('jerakia-auth.js', bindings);

function replace(what, by) {
  if (!what.test(bindings)) throw new Error(`nothing matches ${what}: see what this version of jco writes`);
  bindings = bindings.replace(what, by);
}

async function write(name, text) {
  await writeFile(new URL(name, component), text);
}
