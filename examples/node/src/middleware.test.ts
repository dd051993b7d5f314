// The middleware over real HTTP: who gets in, who doesn't, and what each is told.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { after, before, test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import express from 'express';
import { type KnownToken, NOBODY, open, protect } from './index.js';

const tokens = await open();
const stored = new Map<string, KnownToken>();
const good = add('my_app');
const other = tokens.issue('my_app', randomBytes(40)).token;
const unknown = tokens.issue('nobody', randomBytes(40)).token;

let looked: string[] = [];
const log = new EventEmitter();
const app = express();
app.use((_, res, next) => {
  res.on('finish', () => log.emit('answered', res.locals.refused));
  next();
});
app.use('/v1', protect(tokens, async (apiId) => (looked.push(apiId), stored.get(apiId))));
app.get('/v1/{*path}', (_, res) => void res.json({ you: res.locals.apiId }));
const server = app.listen(0, '127.0.0.1');

before(() => once(server, 'listening'));
after(() => server.close());

test('a good token gets in, in either header', async () => {
  for (const headers of [
    { 'X-Authentication': good },
    { Authorization: `Bearer ${good}` },
    { authorization: `bEARER  ${good}` },
    { 'X-Authentication': good, Authorization: `Bearer ${other}` },
  ]) {
    const { status, body } = await get(headers);
    assert.deepEqual({ status, body }, { status: 200, body: '{"you":"my_app"}' });
  }
  assert.equal((await get({ 'X-Authentication': good }, `/v1/${'p'.repeat(10_000)}?q`)).status, 200);
});

test('all refusals are the same', async () => {
  const spoilt = add('disabled', { status: 'disabled' });
  const late = add('expired', { expiresAt: 1n });
  const refusals: Record<string, Headers> = {
    missing: {},
    empty: { 'X-Authentication': '' },
    malformed: { 'X-Authentication': `${good}0` },
    'two fields': { 'X-Authentication': `${good}:x` },
    'not ASCII': { 'X-Authentication': `caf\u00e9:${good.split(':')[1]}` },
    oversized: { 'X-Authentication': 'x'.repeat(513) },
    'oversized, with a good token in it': { Authorization: `Bearer ${' '.repeat(512)}${good}` },
    'sent twice': { 'X-Authentication': [good, good] },
    'Authorization sent twice': { Authorization: [`Bearer ${good}`, `Bearer ${good}`] },
    'another scheme': { Authorization: `Token ${good}` },
    'no scheme': { Authorization: good },
    'Authorization behind X-Authentication': { 'X-Authentication': other, Authorization: `Bearer ${good}` },
    'Authorization behind an empty X-Authentication': { 'X-Authentication': '', Authorization: `Bearer ${good}` },
    wrong: { 'X-Authentication': other },
    unknown: { 'X-Authentication': unknown },
    disabled: { 'X-Authentication': spoilt },
    expired: { 'X-Authentication': late },
  };
  const first = await get({});
  assert.equal(first.status, 401);
  assert.equal(first.headers['www-authenticate'], 'Bearer realm="jerakia"');
  assert.equal(first.body, '{"status":"failed","message":"unauthorized"}');
  for (const [name, headers] of Object.entries(refusals)) {
    assert.deepEqual(await get(headers), first, name);
  }
});

test('the log is told why', async () => {
  const token = add('locked', { status: 'disabled' });
  for (const [presented, reason] of [
    [good, undefined],
    [`${good}0`, 'malformed'],
    [unknown, 'unknown'],
    [other, 'wrong'],
    [token, 'disabled'],
  ] as const) {
    const answered = once(log, 'answered');
    await get({ 'X-Authentication': presented });
    assert.deepEqual(await answered, [reason]);
  }
});

test('what is no token is looked up like one that names nobody', async () => {
  looked = [];
  await get({ 'X-Authentication': 'x'.repeat(512) });
  await get({ 'X-Authentication': unknown });
  assert.deepEqual(looked, [NOBODY, 'nobody']);
});

test('the component is told method and path as they were sent', async (t: TestContext) => {
  const verify = t.mock.method(tokens, 'verify');
  await get({ 'X-Authentication': good }, '/v1/lookup/p%6Frt?namespace=a');
  assert.deepEqual(verify.mock.calls[0]?.arguments[2], { method: 'GET', path: '/v1/lookup/p%6Frt' });
});

test('a token that ends in the future is good', async () => {
  const ending = add('ending', { expiresAt: BigInt(Math.floor(Date.now() / 1000) + 60) });
  assert.equal((await get({ 'X-Authentication': ending })).status, 200);
});

test('when nobody can decide the answer is 503, and then all is well again', async (t: TestContext) => {
  const logged = t.mock.method(console, 'error', () => {});
  const traps = add('traps', { digest: new Uint8Array(100_000) });
  const unreadable = add('unreadable', { status: 'sleeping' as 'active' });
  const unfound = tokens.issue('unfound', randomBytes(40)).token;
  t.mock.method(stored, 'get', new Proxy(stored.get, { apply: lookUpButUnfound }));
  for (const token of [traps, unreadable, unfound]) {
    const { status, headers, body } = await get({ 'X-Authentication': token });
    assert.equal(status, 503);
    assert.equal(headers['retry-after'], '1');
    assert.equal(body, '{"status":"failed","message":"unavailable"}');
    assert.equal((await get({ 'X-Authentication': good })).status, 200);
  }
  assert.equal(logged.mock.callCount(), 3);
});

test('the demo prints a command that works', async (t: TestContext) => {
  const demo = fileURLToPath(new URL('demo.js', import.meta.url));
  const child = spawn(process.execPath, [demo], { env: { ...process.env, PORT: '0' }, stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill());
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const [, token, url] = /^curl -i -H 'X-Authentication: (.*)' (.*)$/.exec(line) ?? [];
  const answer = await fetch(url!, { headers: { 'X-Authentication': token! } });
  assert.deepEqual(await answer.json(), { greeting: 'Hello, my_app' });
  assert.equal((await fetch(url!)).status, 401);
});

type Headers = Record<string, string | string[]>;

/** Stores a new token of `apiId`, with whatever about it is unusual. */
function add(apiId: string, unusual: Partial<KnownToken> = {}): string {
  const { token, digest } = tokens.issue(apiId, randomBytes(40));
  stored.set(apiId, { digest, status: 'active', ...unusual });
  return token;
}

function lookUpButUnfound(find: typeof stored.get, self: typeof stored, [apiId]: [string]) {
  if (apiId === 'unfound') throw new Error('the store is gone');
  return find.call(self, apiId);
}

/** Node's own client, because `fetch` would not send a header twice. */
async function get(headers: Headers, path = '/v1/lookup/port') {
  const { port } = server.address() as AddressInfo;
  const [response] = await once(send({ port, path, headers, host: '127.0.0.1' }).end(), 'response');
  response.setEncoding('utf8');
  let body = '';
  for await (const part of response) body += part;
  const { date, ...rest } = response.headers;
  return { status: response.statusCode, headers: rest, body };
}
