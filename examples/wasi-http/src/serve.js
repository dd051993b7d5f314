// Serves the composed component with jco or wasmtime.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const file = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
export const COMPOSED = file('build/composed.wasm');

export const RUNTIMES = {
  jco: {
    // Given port 0, jco doesn't print the port that it got.
    command: async (scratch, port) => [
      process.execPath,
      file('node_modules/@bytecodealliance/jco/src/jco.js'),
      ...['serve', COMPOSED, '--host', '127.0.0.1', '--port', String(port || (await freePort())), '--jco-dir', scratch],
    ],
    ready: /^Server listening @ 127\.0\.0\.1:(\d+)/,
  },
  wasmtime: {
    // Without --env, wasmtime passes on no environment.
    command: async (_, port) => [
      'wasmtime',
      ...['serve', '-S', 'cli', '--env', 'JERAKIA_TOKENS', '--addr', `127.0.0.1:${port}`, COMPOSED],
    ],
    ready: /^Serving HTTP on http:\/\/127\.0\.0\.1:(\d+)/,
    missing: () =>
      spawnSync('wasmtime', ['--version']).error &&
      'wasmtime is not installed: see https://wasmtime.dev, or cargo install wasmtime-cli',
  },
};

// Without a handler, a signal ends this process without its 'exit' event and leaves servers running.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));

/**
 * Serves the component with the records `tokens`, in the form of JERAKIA_TOKENS. Resolves once it
 * listens.
 */
export async function serve(runtime, tokens, port = 0) {
  const scratch = await mkdtemp(join(tmpdir(), 'jerakia-wasi-http-'));
  const [program, ...args] = await runtime.command(scratch, port);
  const server = spawn(program, args, {
    env: { ...process.env, JERAKIA_TOKENS: tokens },
    stdio: ['ignore', 'inherit', 'pipe'],
    detached: true, // a group of its own, because jco starts the server as its child
  });
  const ended = once(server, 'close');
  const kill = () => {
    try {
      process.kill(-server.pid, 'SIGTERM');
    } catch {
      // The server has already ended.
    }
    rmSync(scratch, { recursive: true, force: true });
  };
  process.once('exit', kill);
  const stop = async () => {
    process.off('exit', kill);
    kill();
    await ended;
  };

  const said = [];
  const listening = new Promise((resolve, reject) => {
    createInterface(server.stderr).on('line', (line) => {
      const [, port] = runtime.ready.exec(line) ?? [];
      if (port) return resolve(Number(port));
      console.error(line);
      said.push(line);
    });
    ended.then(([code]) => reject(new Error(`${program} ended with ${code}`)), reject);
  });
  try {
    return { port: await listening, said, stop };
  } catch (error) {
    process.off('exit', kill);
    kill();
    throw error;
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
