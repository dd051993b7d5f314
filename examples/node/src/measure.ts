// How long a decision takes in a JavaScript host, in microseconds: the medians of 21 rounds.

import type { Tokens } from './tokens.js';

const CALLS = 5_000;

export interface Times {
  /** `identify` and `verify`: the whole of a decision. */
  both: number;
  verify: number;
}

export function measure(tokens: Tokens): Times {
  const entropy = Uint8Array.from({ length: 40 }, (_, i) => i); // nobody's secret
  const { token, digest } = tokens.issue('my_app', entropy);
  const known = { digest, status: 'active' } as const;
  const request = { method: 'GET', path: '/v1/lookup/port' };
  const presented = tokens.identify(token);
  return {
    both: median(() => tokens.verify(tokens.identify(token), known, request, 0n)),
    verify: median(() => tokens.verify(presented, known, request, 0n)),
  };
}

function median(call: () => unknown): number {
  const rounds = Array.from({ length: 21 }, () => {
    const start = performance.now();
    for (let i = 0; i < CALLS; i++) call();
    return ((performance.now() - start) * 1000) / CALLS;
  });
  return rounds.sort((a, b) => a - b)[10]!;
}
