// Serves the page's files on this machine. Any static file server can do that.

import { readFile, readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

const SITE = new URL('site/', import.meta.url);
const TYPES = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

/** A server of the files in site/ and of `more`, which maps paths to file URLs. */
export async function server(more = {}) {
  // Only these files can be requested, whatever the path.
  const names = (await readdir(SITE, { recursive: true })).filter((name) => extname(name) in TYPES);
  const files = new Map([
    ['/', new URL('index.html', SITE)],
    ...names.map((name) => [`/${name}`, new URL(name, SITE)]),
    ...Object.entries(more),
  ]);
  return createServer(async ({ url }, response) => {
    const file = files.get(url);
    if (!file) return response.writeHead(404).end();
    const headers = { 'Content-Type': TYPES[extname(file.pathname)], 'Cache-Control': 'no-store' };
    response.writeHead(200, headers).end(await readFile(file));
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const running = await server();
  running.listen(Number(process.env.PORT ?? 3001), '127.0.0.1', () => {
    console.log(`http://127.0.0.1:${running.address().port}/`);
  });
}
