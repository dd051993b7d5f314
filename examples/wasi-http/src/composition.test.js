// What was plugged into what.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { componentWit } from '@bytecodealliance/jco';
import { COMPOSED } from './serve.js';

const composed = await readFile(COMPOSED);
const world = /^world root \{\n(.*?)^\}/ms.exec(await componentWit(composed))?.[1] ?? '';
const named = (keyword) => [...world.matchAll(new RegExp(`^ *${keyword} (\\S+?)@[\\d.]+;`, 'gm'))].map(([, name]) => name);

test('the composition asks its host for WASI and for nothing else', () => {
  assert.deepEqual(named('import').sort(), [
    'wasi:cli/environment',
    'wasi:clocks/wall-clock',
    'wasi:http/types',
    'wasi:io/error',
    'wasi:io/streams',
  ]);
});

test('it is a service, as the one behind the middleware is', () => {
  assert.deepEqual(named('export'), ['wasi:http/incoming-handler']);
});

test('the token component is in it byte for byte', async () => {
  const tokens = await readFile(new URL('../../../dist/jerakia-auth.wasm', import.meta.url));
  assert.ok(tokens.length > 0 && composed.includes(tokens));
});
