// Runs the shared vectors through the installed package.

import { open } from 'jerakia-auth';
import vectors from './tokens.json' with { type: 'json' };
import { outcomes } from './vectors.js';

/** Returns how many vectors passed, or throws. */
export async function check() {
  let count = 0;
  for (const { name, expected, actual } of outcomes(await open(), vectors)) {
    const [wanted, got] = [expected, actual].map((it) => JSON.stringify(it));
    if (got !== wanted) throw new Error(`${name}: ${got} instead of ${wanted}`);
    count += 1;
  }
  if (count < 300) throw new Error(`only ${count} vectors`);
  return count;
}
