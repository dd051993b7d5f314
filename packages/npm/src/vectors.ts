// Runs the shared vectors through the component, as a host would call it. Imports only types, so that it also runs beside
// an installed package.

import type { Refused, Secret, Status, TokenRecord, Tokens } from './tokens.js';

type Hex = string;
type StoredSecret = { digest: Hex; ends: string };
type Stored = { api_id: string; status: Status; current: StoredSecret; former: StoredSecret; ends: string; grants: string };
type Case<Arguments, Answer> = { name: string } & Arguments & (Answer | { refusal: string });

export interface Vectors {
  issue: Case<{ api_id: string; entropy: Hex }, { token: string; digest: Hex }>[];
  lookup_key: { name: string; credential: Hex; key: string }[];
  authorize: Case<
    { credential: Hex; stored: Stored; permission: string; now: string },
    { grant: { api_id: string; secret: string; ends: string } }
  >[];
}

export interface Outcome {
  name: string;
  expected: object;
  actual: object;
}

/** The component counts on, but its wrapper takes later times for milliseconds. */
const LAST_SECOND = 253_402_300_799n;
const NEVER = 2n ** 64n - 1n;

/** Yields one outcome per case, for a test to compare. */
export function* outcomes(tokens: Tokens, vectors: Vectors): Generator<Outcome> {
  for (const { name, api_id, entropy, ...expected } of vectors.issue) {
    const actual = answer(() => {
      const { token, digest } = tokens.issue(api_id, bytes(entropy));
      return { token, digest: hex(digest) };
    });
    yield { name: `issue: ${name}`, expected, actual };
  }
  for (const { name, credential, ...expected } of vectors.lookup_key) {
    yield { name: `lookup_key: ${name}`, expected, actual: { key: tokens.lookupKey(bytes(credential)) } };
  }
  for (const { name, credential, stored, permission, now, ...expected } of vectors.authorize) {
    const record = asRecord(stored);
    const actual = answer(() => {
      const grant = tokens.authorize(bytes(credential), record, permission, BigInt(now));
      return { grant: { api_id: grant.apiId, secret: grant.secret, ends: String(grant.ends) } };
    });
    yield { name: `authorize: ${name}`, expected: isTooLate(record, BigInt(now)) ? { error: 'TypeError' } : expected, actual };
  }
}

function answer(question: () => object): object {
  try {
    return question();
  } catch (error) {
    if (error instanceof Error && error.name === 'Refused') return { refusal: (error as Refused).reason };
    if (error instanceof TypeError && error.message.includes('not in milliseconds')) return { error: 'TypeError' };
    throw error;
  }
}

function isTooLate({ ends, current, former }: TokenRecord, now: bigint): boolean {
  return now > LAST_SECOND || [ends, current.ends, former.ends].some((end) => end > LAST_SECOND && end !== NEVER);
}

function asRecord({ api_id, status, current, former, ends, grants }: Stored): TokenRecord {
  return { apiId: api_id, status, current: asSecret(current), former: asSecret(former), ends: BigInt(ends), grants };
}

function asSecret({ digest, ends }: StoredSecret): Secret {
  return { digest: bytes(digest), ends: BigInt(ends) };
}

// Without Buffer, which browsers don't have.

function bytes(text: Hex): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function hex(digest: Uint8Array): Hex {
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
