// The component in Node.js: it answers as everywhere, for ever, and after a trap.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { Failed, NOBODY, Refused, open } from './index.js';
import { outcomes, type Vectors } from './vectors.js';

const tokens = await open();
const file = new URL('../../../tests/vectors/tokens.json', import.meta.url);
const vectors: Vectors = JSON.parse(await readFile(file, 'utf8'));
const request = { method: 'GET', path: '/' };
const nothing = { apiId: NOBODY, digest: new Uint8Array(32) };

test('every shared vector gets its answer', () => {
  let count = 0;
  for (const { name, expected, actual } of outcomes(tokens, vectors)) {
    assert.deepEqual(actual, expected, name);
    count += 1;
  }
  assert.equal(count, vectors.issue.length + vectors.identify.length + vectors.verify.length);
  assert.ok(count > 100, `only ${count} vectors`);
});

test('one instance answers 10,000 times', () => {
  const { token, digest } = tokens.issue('my_app', randomBytes(40));
  for (let call = 0; call < 10_000; call++) {
    const presented = tokens.identify(token);
    assert.equal(tokens.verify(presented, { digest, status: 'active' }, request, 0n).apiId, 'my_app');
    assert.throws(() => tokens.verify(presented, undefined, request, 0n), refused('unknown'));
  }
});

test('a trapped instance is replaced', () => {
  // Its memory takes either of the two, and not both: the first is left behind in it.
  const known = { digest: new Uint8Array(20_000), status: 'active' } as const;
  for (let round = 0; round < 3; round++) {
    assert.throws(() => tokens.verify(nothing, known, { method: 'GET', path: 'p'.repeat(20_000) }, 0n), Failed);
    assert.throws(() => tokens.verify(nothing, known, request, 0n), refused('malformed'));
  }
});

test('so is one that was handed what is in no contract', () => {
  const known = { digest: new Uint8Array(20_000), status: 'sleeping' as 'active' };
  for (let round = 0; round < 3; round++) {
    assert.throws(() => tokens.verify(nothing, known, request, 0n), Failed);
    assert.throws(() => tokens.verify(nothing, { ...known, status: 'active' }, request, 0n), refused('malformed'));
  }
});

function refused(reason: string) {
  return (error: unknown) => error instanceof Refused && error.reason === reason;
}
