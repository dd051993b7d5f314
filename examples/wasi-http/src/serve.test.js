// The composed component over real HTTP, in each installed host: which requests it grants,
// which it refuses, and with what answers.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { RUNTIMES, serve } from './serve.js';
import { issue } from './tokens.js';

const GREETING = '{"greeting":"Hello"}';
const good = issue('good');
const other = issue('good');
const [unknown, disabled, expired, ending, limited] = ['unknown', 'disabled', 'expired', 'ending', 'limited'].map(issue);
const vectors = JSON.parse(await readFile(new URL('../../../tests/vectors/tokens.json', import.meta.url), 'utf8'));
// One record per API ID, from the first vector that issues a token for it.
const issued = new Map(vectors.issue.filter((it) => it.token).reverse().map((it) => [it.api_id, it.digest]));
const entries = [
  good.entry,
  `${disabled.entry};disabled`,
  `${expired.entry};until=${seconds() - 1}`,
  `${ending.entry};until=${seconds() + 3600}`,
  `${limited.entry};grant=http:HEAD:/**;grant=http:GET:/v1/lookup/*`,
  ...[...issued].map(([apiId, digest]) => `${apiId}=${digest}`),
];

for (const [name, runtime] of Object.entries(RUNTIMES)) {
  describe(name, { skip: runtime.missing?.() }, () => {
    let server;
    before(async () => (server = await serve(runtime, entries.join(','))));
    after(() => server?.stop());
    const get = (headers, path) => send(server.port, headers, path);

    test('a good token in either header reaches the service', async () => {
      for (const headers of [
        { 'X-Authentication': good.token },
        { 'x-authentication': ending.token },
        { Authorization: `Bearer ${good.token}` },
        { authorization: `bEARER  ${good.token}` },
        { 'X-Authentication': good.token, Authorization: `Bearer ${other.token}` },
      ]) {
        const { status, body } = await get(headers);
        assert.deepEqual({ status, body }, { status: 200, body: GREETING });
      }
    });

    test('all refusals are the same, byte for byte', async () => {
      const refusals = {
        'no token': {},
        empty: { 'X-Authentication': '' },
        malformed: { 'X-Authentication': `${good.token}0` },
        'two fields': { 'X-Authentication': `${good.token}:x` },
        'not UTF-8': { 'X-Authentication': `caf\u00e9${good.token.slice(4)}` },
        oversized: { 'X-Authentication': 'x'.repeat(513) },
        'oversized, with a good token in it': { Authorization: `Bearer ${' '.repeat(512)}${good.token}` },
        'sent twice': { 'X-Authentication': [good.token, good.token] },
        'Authorization sent twice': { Authorization: [`Bearer ${good.token}`, `Bearer ${good.token}`] },
        'another scheme': { Authorization: `Token ${good.token}` },
        'no scheme': { Authorization: good.token },
        'Authorization behind X-Authentication': {
          'X-Authentication': other.token,
          Authorization: `Bearer ${good.token}`,
        },
        wrong: { 'X-Authentication': other.token },
        unknown: { 'X-Authentication': unknown.token },
        disabled: { 'X-Authentication': disabled.token },
        expired: { 'X-Authentication': expired.token },
      };
      const first = await get({});
      assert.equal(first.status, 401);
      assert.equal(first.headers['www-authenticate'], 'Bearer realm="jerakia"');
      assert.equal(first.body, '{"status":"failed","message":"unauthorized"}');
      for (const [why, headers] of Object.entries(refusals)) {
        assert.deepEqual(await get(headers), first, why);
      }
    });

    test('every shared vector that fits a header gets the right answer', async () => {
      const counts = { 200: 0, 401: 0 };
      for (const { name, credential } of [...presented('issue'), ...presented('authorize')]) {
        const { status } = await get({ 'X-Authentication': credential.toString('latin1') });
        // Only the token whose digest is stored is granted.
        const [, apiId] = /^([\w.@-]+):[0-9a-f]{80}$/.exec(credential.toString()) ?? [];
        const digest = createHash('sha256').update(credential).digest('hex');
        assert.equal(status, apiId && issued.get(apiId) === digest ? 200 : 401, name);
        counts[status]++;
      }
      assert.ok(counts[200] >= 15 && counts[401] >= 35, JSON.stringify(counts));
    });

    test('a good token reaches what its grants permit, and 403 elsewhere', async () => {
      const headers = { 'X-Authentication': limited.token };
      assert.equal((await get(headers, '/v1/lookup/port?namespace=a')).status, 200);
      for (const path of ['/', '/v1/lookup/a/b', '/v1/lookup/a:b']) {
        const { status, body } = await get(headers, path);
        assert.deepEqual({ status, body }, { status: 403, body: '{"status":"failed","message":"forbidden"}' });
      }
      assert.equal((await send(server.port, headers, '/v1/lookup/port', 'POST')).status, 403);
    });

    test('a path that is too long for a permission is refused, and nothing traps', async () => {
      const asked = { 'X-Authentication': good.token };
      assert.equal((await get(asked, `/${'p'.repeat(4086)}?${'q'.repeat(4096)}`)).status, 200);
      assert.equal((await get(asked, `/${'p'.repeat(4087)}`)).status, 414);
      assert.equal((await get(asked, `/${'p'.repeat(12_000)}`)).status, 414);
      assert.equal((await get(asked)).status, 200);
    });

    test('other methods are answered alike', async () => {
      for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'PROPFIND']) {
        assert.equal((await send(server.port, { 'X-Authentication': good.token }, '/', method)).status, 200, method);
        assert.equal((await send(server.port, {}, '/', method)).status, 401, method);
      }
    });

    test('concurrent requests get the right answers', async () => {
      const answers = Array.from({ length: 200 }, async (_, i) => {
        const { status } = await get(i % 2 ? { 'X-Authentication': good.token } : {});
        assert.equal(status, i % 2 ? 200 : 401);
      });
      await Promise.all(answers);
    });

    test('the host logs no errors', () => assert.deepEqual(server.said, []));

    test('when the records cannot be parsed the answer is 503, even for a good token', async () => {
      const broken = [
        'nonsense',
        good.entry, // a duplicate
        `${other.entry};enabled`,
        `${ending.entry};until=`,
        'short=00',
        `multibyte=${'\u00e9'.repeat(32)}`,
        `${ending.entry};grant=`,
      ];
      for (const entry of broken) {
        const server = await serve(runtime, `${good.entry},${entry}`);
        const { status, headers, body } = await send(server.port, { 'X-Authentication': good.token });
        await server.stop();
        assert.equal(status, 503, entry);
        assert.equal(headers['retry-after'], '1');
        assert.equal(body, '{"status":"failed","message":"unavailable"}');
      }
    });
  });
}

test('the demo prints a command that works', async (t) => {
  const demo = fileURLToPath(new URL('demo.js', import.meta.url));
  const child = spawn(process.execPath, [demo], { env: { ...process.env, PORT: '0' }, stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill());
  const [line] = await once(createInterface(child.stdout), 'line');
  const [, token, url] = /^curl -i -H 'X-Authentication: (.*)' (.*)$/.exec(line) ?? [];
  const answer = await fetch(url, { headers: { 'X-Authentication': token } });
  assert.deepEqual({ status: answer.status, body: await answer.text() }, { status: 200, body: GREETING });
  assert.equal((await fetch(url)).status, 401);
});

function seconds() {
  return Math.floor(Date.now() / 1000);
}

/** The credentials of a list of vectors that fit a header and arrive unchanged. */
function presented(list) {
  const credential = (it) => (list === 'issue' ? Buffer.from(it.token ?? '') : Buffer.from(it.credential, 'hex'));
  const isHeader = (text) => !/[\0-\x08\x0a-\x1f\x7f]/.test(text) && !/^[\s]|[\s]$/.test(text) && text.length <= 8192;
  return vectors[list]
    .map((it) => ({ name: it.name, credential: credential(it) }))
    .filter((it) => it.credential.length > 0 && isHeader(it.credential.toString('latin1')));
}

/** Uses Node's own client, since `fetch` can't send a header twice. */
async function send(port, headers, path = '/v1/lookup/port', method = 'GET') {
  const [response] = await once(request({ port, path, method, headers, host: '127.0.0.1' }).end(), 'response');
  response.setEncoding('utf8');
  let body = '';
  for await (const part of response) body += part;
  const { date, ...rest } = response.headers;
  return { status: response.statusCode, headers: rest, body };
}
