// Runs the shared vectors, each through the component as a host would ask it.

import { Refused, type KnownToken, type Presented, type Tokens } from './tokens.js';

type Hex = string;
type Seen = { api_id: string; digest: Hex };
type Stored = { digest: Hex; status: KnownToken['status']; expires_at: string | null } | null;
type Case<Arguments, Answer> = { name: string } & Arguments & (Answer | { refusal: string });

export interface Vectors {
  issue: Case<{ api_id: string; entropy: Hex }, { token: string; digest: Hex }>[];
  identify: { name: string; credential: string; presented: Seen }[];
  verify: Case<
    { presented: Seen; known: Stored; request: { method: string; path: string }; now: string },
    { grant: { api_id: string } }
  >[];
}

export interface Outcome {
  name: string;
  expected: object;
  actual: object;
}

/** One outcome a case. Nothing is compared here: that is for the test to do. */
export function* outcomes(tokens: Tokens, vectors: Vectors): Generator<Outcome> {
  for (const { name, api_id, entropy, ...expected } of vectors.issue) {
    const actual = answer(() => {
      const { token, digest } = tokens.issue(api_id, bytes(entropy));
      return { token, digest: hex(digest) };
    });
    yield { name: `issue: ${name}`, expected, actual };
  }
  for (const { name, credential, ...expected } of vectors.identify) {
    const found = tokens.identify(credential);
    const presented = { api_id: found.apiId, digest: hex(found.digest) };
    yield { name: `identify: ${name}`, expected, actual: { presented } };
  }
  for (const { name, presented, known, request, now, ...expected } of vectors.verify) {
    const actual = answer(() => {
      const { apiId } = tokens.verify(asPresented(presented), asKnown(known), request, BigInt(now));
      return { grant: { api_id: apiId } };
    });
    yield { name: `verify: ${name}`, expected, actual };
  }
}

function answer(question: () => object): object {
  try {
    return question();
  } catch (error) {
    if (error instanceof Refused) return { refusal: error.reason };
    throw error;
  }
}

function asPresented(seen: Seen): Presented {
  return { apiId: seen.api_id, digest: bytes(seen.digest) };
}

function asKnown(stored: Stored): KnownToken | undefined {
  if (!stored) return undefined;
  const { digest, status, expires_at } = stored;
  return { digest: bytes(digest), status, ...(expires_at !== null && { expiresAt: BigInt(expires_at) }) };
}

// Without Buffer, which a browser doesn't have.

function bytes(text: Hex): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function hex(digest: Uint8Array): Hex {
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
