// Runs the vectors in Node.js, Deno and Bun.

import { check } from './check.js';

const runtime = globalThis.Deno ? 'Deno' : globalThis.Bun ? 'Bun' : 'Node.js';
console.log(`${runtime}: ${await check()} vectors passed`);
