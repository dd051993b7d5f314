// The component in Node.js: it gives the same answers as in other hosts, any number of times and after a trap, and its
// wrapper can't be misused.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { absentRecord, Failed, NEVER, newRecord, NO_SECRET, open, Refused, type TokenRecord } from './index.js';
import { outcomes, type Vectors } from './vectors.js';

const tokens = await open();
const file = new URL('../../../tests/vectors/tokens.json', import.meta.url);
const vectors: Vectors = JSON.parse(await readFile(file, 'utf8'));
const { token, digest } = tokens.issue('my_app', randomBytes(40));
const credential = Buffer.from(token);
const good = newRecord('my_app', digest);
const tooMuch = Buffer.alloc(40_000);

test('every shared vector passes', () => {
  let count = 0;
  for (const { name, expected, actual } of outcomes(tokens, vectors)) {
    assert.deepEqual(actual, expected, name);
    count += 1;
  }
  assert.equal(count, vectors.issue.length + vectors.lookup_key.length + vectors.authorize.length);
  assert.ok(count > 300, `only ${count} vectors`);
});

test('one instance answers 10,000 times', () => {
  for (let call = 0; call < 10_000; call++) {
    assert.deepEqual(tokens.authorize(credential, good, '', 0n), { apiId: 'my_app', secret: 'current', ends: NEVER });
    assert.throws(() => tokens.authorize(credential, absentRecord('my_app'), '', 0n), refused('unknown'));
  }
});

test('a trapped instance is replaced', () => {
  for (let round = 0; round < 3; round++) {
    assert.throws(() => tokens.authorize(tooMuch, good, '', 0n), Failed);
    assert.throws(() => tokens.authorize(tooMuch.subarray(0, 1000), good, '', 0n), refused('malformed'));
  }
});

test('a permission of any length is answered', () => {
  assert.throws(() => tokens.authorize(credential, good, 'p'.repeat(1_000_000), 0n), refused('forbidden'));
  assert.throws(() => tokens.authorize(credential, good, '\u{1f511}'.repeat(100_000), 0n), refused('forbidden'));
  assert.throws(() => tokens.authorize(credential, good, `${'p'.repeat(4095)}\u00e9`, 0n), refused('forbidden'));
  assert.equal(tokens.authorize(credential, good, 'p'.repeat(4096), 0n).apiId, 'my_app');
});

test('a record has the fields of the contract and no others', () => {
  const { ends: _, ...unending } = good;
  for (const [record, complaint] of [
    [{ ...good, expiresAt: 1n }, /unknown field: expiresAt/],
    [{ ...unending, end: 1n }, /no field ends/],
    [unending, /no field ends/],
    [{ ...good, current: { ...good.current, expiresAt: 1n } }, /current has an unknown field: expiresAt/],
    [{ ...good, former: { digest } }, /former has no field ends/],
    [{ ...good, former: undefined }, /former is not an object/],
    [Object.create(good), /no field apiId/],
    [undefined, /not an object/],
    [token, /not an object/],
    [{ ...good, status: 'enabled' }, /no status: enabled/],
    [{ ...good, status: true }, /no status: true/],
    [{ ...good, ends: 1 }, /ends is not a bigint/],
    [{ ...good, ends: -1n }, /ends is not a bigint/],
    [{ ...good, ends: NEVER + 1n }, /ends is not a bigint/],
    [{ ...good, grants: ['**'] }, /grants is not a well-formed string/],
    [{ ...good, grants: '\ud800' }, /grants is not a well-formed string/],
    [{ ...good, current: { digest: digest.toString(), ends: NEVER } }, /current.digest is not a Uint8Array/],
  ] as [TokenRecord, RegExp][]) {
    assert.throws(() => tokens.authorize(credential, record, '', 0n), { name: 'TypeError', message: complaint });
  }
});

test('arguments of a wrong type throw a TypeError', () => {
  const ask = (...args: unknown[]) => (tokens.authorize as (...args: unknown[]) => void).apply(tokens, args);
  assert.throws(() => ask(token, good, '', 0n), { name: 'TypeError', message: /credential is not a Uint8Array/ });
  assert.throws(() => ask(credential, good, undefined, 0n), { name: 'TypeError', message: /permission is not/ });
  assert.throws(() => ask(credential, good, '', 0), { name: 'TypeError', message: /now is not a bigint/ });
  for (const now of [-1n, 2n ** 64n]) {
    assert.throws(() => ask(credential, good, '', now), { name: 'TypeError', message: /now is not a bigint/ });
  }
});

test('times in milliseconds throw a TypeError', () => {
  const last = 253_402_300_799n;
  const yesterday = BigInt(Date.now()) - 86_400_000n;
  for (const late of [yesterday, last + 1n, NEVER - 1n]) {
    for (const record of [
      { ...good, ends: late },
      { ...good, current: { digest, ends: late } },
      { ...good, former: { digest, ends: late } },
    ]) {
      assert.throws(() => tokens.authorize(credential, record, '', 0n), { name: 'TypeError', message: /ends .* in seconds/ });
    }
  }
  for (const late of [yesterday, last + 1n, NEVER]) {
    assert.throws(() => tokens.authorize(credential, good, '', late), { name: 'TypeError', message: /now .* in seconds/ });
  }
  assert.equal(tokens.authorize(credential, { ...good, ends: last }, '', last - 1n).ends, last);
  assert.throws(() => tokens.authorize(credential, { ...good, ends: last }, '', last), refused('expired'));
});

test('bytes that can\'t be read throw a TypeError', () => {
  const ask = (bytes: Uint8Array) => () => tokens.authorize(credential, newRecord('my_app', bytes), '', 0n);
  const detached = digest.slice();
  structuredClone(detached.buffer, { transfer: [detached.buffer] });
  const complaint = { name: 'TypeError', message: /current.digest can't be read/ };
  for (const bytes of [detached, Object.create(Uint8Array.prototype) as Uint8Array, new Proxy(digest, {})]) {
    assert.throws(ask(bytes), complaint);
  }
  assert.throws(() => tokens.lookupKey(detached), { name: 'TypeError', message: /credential can't be read/ });
  assert.throws(() => tokens.issue('my_app', detached), { name: 'TypeError', message: /entropy can't be read/ });
  class Longer extends Uint8Array {
    override get byteLength() {
      return 100_000;
    }
  }
  assert.equal(ask(new Longer(digest))().secret, 'current', 'only the bytes themselves count');
});

test('a status is read once', () => {
  let reads = 0;
  const wavering = Object.defineProperty({ ...good }, 'status', {
    enumerable: true,
    get: () => (reads++ === 0 ? 'disabled' : 'active'),
  });
  assert.throws(() => tokens.authorize(credential, wavering, '', 0n), refused('disabled'));
  assert.equal(reads, 1);
});

test('filling "no secret" in place makes no other record accept a token', () => {
  const careless = newRecord('my_app', tokens.issue('my_app', randomBytes(40)).digest);
  careless.former.digest.set(digest);
  absentRecord('my_app').current.digest.set(digest);
  NO_SECRET.digest.set(digest);
  assert.equal(tokens.authorize(credential, careless, '', 0n).secret, 'former');
  const successor = newRecord('my_app', tokens.issue('my_app', randomBytes(40)).digest);
  assert.throws(() => tokens.authorize(credential, successor, '', 0n), refused('wrong'));
  assert.throws(() => tokens.authorize(credential, { ...successor, former: NO_SECRET }, '', 0n), refused('wrong'));
  assert.deepEqual(absentRecord('my_app').current, { digest: new Uint8Array(32), ends: NEVER });
});

test('guesses and tokens of other applications are refused', () => {
  const renamed = Buffer.from(token.replace('my_app', 'admin'));
  assert.throws(() => tokens.authorize(renamed, good, '', 0n), refused('unknown'));
  assert.throws(() => tokens.authorize(renamed, newRecord('admin', digest), '', 0n), refused('wrong'));
  assert.throws(() => tokens.authorize(credential, newRecord('admin', digest), '', 0n), refused('unknown'));
  const guess = Buffer.from(`my_app:${'0'.repeat(80)}`);
  assert.throws(() => tokens.authorize(guess, good, '', 0n), refused('wrong'));
  assert.throws(() => tokens.authorize(guess, newRecord('my_app', NO_SECRET.digest), '', 0n), refused('wrong'));
});

function refused(reason: string) {
  return (error: unknown) => error instanceof Refused && error.reason === reason;
}
