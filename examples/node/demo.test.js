// Runs the command that the demo prints.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

test('the demo prints a command that works', async (t) => {
  const demo = fileURLToPath(new URL('demo.js', import.meta.url));
  const child = spawn(process.execPath, [demo], { env: { ...process.env, PORT: '0' }, stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill());
  const [line] = await once(createInterface(child.stdout), 'line');
  const [, token, url] = /^curl -i -H 'X-Authentication: (.*)' (.*)$/.exec(line) ?? [];
  const answer = await fetch(url, { headers: { 'X-Authentication': token } });
  assert.deepEqual(await answer.json(), { greeting: 'Hello, my_app' });
  assert.equal((await fetch(url)).status, 401);
});
