// Measures a whole request to the composed component, and prints one row of a table for each
// program that serves it.

import { Agent, get } from 'node:http';
import { once } from 'node:events';
import { RUNTIMES, serve } from './serve.js';
import { issue } from './tokens.js';

const ROUNDS = 7;
const REQUESTS = 200;

const { token, entry } = issue('my_app');
for (const [name, runtime] of Object.entries(RUNTIMES)) {
  if (runtime.missing?.()) continue;
  const server = await serve(runtime, entry);
  const time = await microseconds(server.port);
  await server.stop();
  console.log(`| ${name} serve: a whole wasi:http request | ${time.toFixed(0)} us |`);
}

/** The time of a request, sent one after the other on one connection: the median of some rounds. */
async function microseconds(port) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const rounds = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    for (let i = 0; i < REQUESTS; i++) await request(port, agent);
    rounds.push(((performance.now() - start) * 1000) / REQUESTS);
  }
  agent.destroy();
  return rounds.sort((a, b) => a - b)[ROUNDS >> 1];
}

async function request(port, agent) {
  const [response] = await once(get({ port, agent, headers: { 'X-Authentication': token } }), 'response');
  if (response.statusCode !== 200) throw new Error(`an answer of ${response.statusCode}`);
  response.resume();
  await once(response, 'end');
}
