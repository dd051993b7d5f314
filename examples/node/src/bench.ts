// How long a decision takes in Node.js: one line, the median of 21 rounds.

import { randomBytes } from 'node:crypto';
import { open } from './index.js';

const CALLS = 5_000;
const tokens = await open();
const { token, digest } = tokens.issue('my_app', randomBytes(40));
const known = { digest, status: 'active' } as const;
const request = { method: 'GET', path: '/v1/lookup/port' };
const presented = tokens.identify(token);

const both = median(() => tokens.verify(tokens.identify(token), known, request, 0n));
const verify = median(() => tokens.verify(presented, known, request, 0n));
console.log(`node ${process.versions.node}: identify+verify ${both} us, verify ${verify} us`);

function median(call: () => unknown): string {
  const rounds = Array.from({ length: 21 }, () => {
    const start = performance.now();
    for (let i = 0; i < CALLS; i++) call();
    return ((performance.now() - start) * 1000) / CALLS;
  });
  return rounds.sort((a, b) => a - b)[10]!.toFixed(1);
}
