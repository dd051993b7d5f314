// Tests what the composition imports, exports and contains.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { componentWit } from '@bytecodealliance/jco';
import { COMPOSED } from './serve.js';

const composed = await readFile(COMPOSED);
const world = /^world root \{\n(.*?)^\}/ms.exec(await componentWit(composed))?.[1] ?? '';
const named = (keyword) => [...world.matchAll(new RegExp(`^ *${keyword} (\\S+?)@[\\d.]+;`, 'gm'))].map(([, name]) => name);

test('the composition imports only WASI', () => {
  assert.deepEqual(named('import').sort(), [
    'wasi:cli/environment',
    'wasi:clocks/wall-clock',
    'wasi:http/types',
    'wasi:io/error',
    'wasi:io/streams',
  ]);
});

test('it exports the same handler as the service alone', () => {
  assert.deepEqual(named('export'), ['wasi:http/incoming-handler']);
});

test('it contains the token component byte for byte', async () => {
  const tokens = await readFile(new URL('../../../dist/jerakia-auth.wasm', import.meta.url));
  assert.ok(tokens.length > 0 && composed.includes(tokens));
});
