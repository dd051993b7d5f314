// The middleware over real HTTP: which requests it grants, which it refuses, and with what answers.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { request as send } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { after, before, test, type TestContext } from 'node:test';
import type express5 from 'express';
import { protect } from './express.js';
import { NEVER, newRecord, NOBODY, open, type TokenRecord } from './index.js';

// `npm test` runs this file with each version of Express.
const express = createRequire(import.meta.url)(process.env.EXPRESS ?? 'express') as typeof express5;
const tokens = await open();
const stored = new Map<string, TokenRecord>();
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
const find = async (key: string) => (looked.push(key), stored.get(key));
app.use('/v1', protect(tokens, find, (req) => `http:${req.method}:${req.originalUrl.split('?', 1)[0]}`));
app.get(/^\/v1\//, (_, res) => void res.json({ you: res.locals.apiId }));
const server = app.listen(0, '127.0.0.1');

before(() => once(server, 'listening'));
after(() => server.close());

test('a good token in either header is granted', async () => {
  for (const headers of [
    { 'X-Authentication': good },
    { Authorization: `Bearer ${good}` },
    { authorization: `bEARER  ${good}` },
    { 'X-Authentication': good, Authorization: `Bearer ${other}` },
  ]) {
    const { status, body } = await get(headers);
    assert.deepEqual({ status, body }, { status: 200, body: '{"you":"my_app"}' });
  }
  assert.equal((await get({ 'X-Authentication': good }, `/v1/${'p'.repeat(4000)}?${'q'.repeat(5000)}`)).status, 200);
});

test('all refusals are the same', async () => {
  const spoilt = add('disabled', { status: 'disabled' });
  const late = add('expired', { ends: 1n });
  const refusals: Record<string, Headers> = {
    missing: {},
    empty: { 'X-Authentication': '' },
    malformed: { 'X-Authentication': `${good}0` },
    'two fields': { 'X-Authentication': `${good}:x` },
    'not UTF-8': { 'X-Authentication': `caf\u00e9:${good.split(':')[1]}` },
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

test('a former secret is good until its grace is over', async () => {
  const former = tokens.issue('rotated', randomBytes(40));
  const soon = BigInt(Math.floor(Date.now() / 1000) + 60);
  const current = add('rotated', { former: { digest: former.digest, ends: soon } });
  for (const token of [current, former.token]) assert.equal((await get({ 'X-Authentication': token })).status, 200);
  const retired = add('rotated', { former: { digest: former.digest, ends: 1n } });
  assert.equal((await get({ 'X-Authentication': retired })).status, 200);
  assert.equal((await get({ 'X-Authentication': former.token })).status, 401);
});

test('a good token reaches what its grants permit, and 403 elsewhere', async () => {
  const limited = { 'X-Authentication': add('limited', { grants: 'http:GET:/v1/lookup/*' }) };
  assert.equal((await get(limited, '/v1/lookup/port')).status, 200);
  for (const path of ['/v1/lookup/a/b', '/v1/other', `/v1/lookup/${'p'.repeat(5000)}`]) {
    const { status, headers, body } = await get(limited, path);
    assert.deepEqual({ status, body }, { status: 403, body: '{"status":"failed","message":"forbidden"}' });
    assert.equal(headers['www-authenticate'], undefined);
  }
  // Without the right secret the answer is 401, and reveals nothing about grants.
  assert.equal((await get({ 'X-Authentication': `limited:${'0'.repeat(80)}` }, '/v1/other')).status, 401);
});

test('the log gets the reason of a refusal', async () => {
  const token = add('locked', { status: 'disabled' });
  const limited = add('limited', { grants: 'nothing' });
  for (const [presented, reason] of [
    [good, undefined],
    [`${good}0`, 'malformed'],
    [unknown, 'unknown'],
    [other, 'wrong'],
    [token, 'disabled'],
    [limited, 'forbidden'],
  ] as const) {
    const answered = once(log, 'answered');
    await get({ 'X-Authentication': presented });
    assert.deepEqual(await answered, [reason]);
  }
});

test('a credential without an API ID is looked up like any other', async () => {
  looked = [];
  for (const presented of ['x'.repeat(512), unknown, 'my_app:0']) await get({ 'X-Authentication': presented });
  assert.deepEqual(looked, [NOBODY, 'nobody', 'my_app']);
});

test('an absent record has the same shape as any other', async (t: TestContext) => {
  const authorize = t.mock.method(tokens, 'authorize');
  await get({ 'X-Authentication': unknown });
  await get({ 'X-Authentication': good });
  const [absent, there] = authorize.mock.calls.map((it) => it.arguments[1]);
  assert.deepEqual(absent, { ...newRecord('nobody', new Uint8Array(32)), status: 'absent' });
  assert.deepEqual(Object.keys(absent!), Object.keys(there!));
});

test('the permission contains the path exactly as sent', async (t: TestContext) => {
  const authorize = t.mock.method(tokens, 'authorize');
  await get({ 'X-Authentication': good }, '/v1/lookup/p%6Frt?namespace=a');
  assert.equal(authorize.mock.calls[0]?.arguments[2], 'http:GET:/v1/lookup/p%6Frt');
});

test('a token that ends in the future is good', async () => {
  const ending = add('ending', { ends: BigInt(Math.floor(Date.now() / 1000) + 60) });
  assert.equal((await get({ 'X-Authentication': ending })).status, 200);
});

test('a failed decision is answered 503, and the next one succeeds', async (t: TestContext) => {
  const logged = t.mock.method(console, 'error', () => {});
  const traps = add('traps', { former: { digest: new Uint8Array(100_000), ends: NEVER } });
  const unreadable = add('unreadable', { status: 'sleeping' as 'active' });
  const misspelt = add('misspelt', { expiresAt: 1n } as Partial<TokenRecord>);
  const unfound = tokens.issue('unfound', randomBytes(40)).token;
  t.mock.method(stored, 'get', new Proxy(stored.get, { apply: lookUpButUnfound }));
  for (const token of [traps, unreadable, misspelt, unfound]) {
    const { status, headers, body } = await get({ 'X-Authentication': token });
    assert.equal(status, 503);
    assert.equal(headers['retry-after'], '1');
    assert.equal(body, '{"status":"failed","message":"unavailable"}');
    assert.equal((await get({ 'X-Authentication': good })).status, 200);
  }
  assert.equal(logged.mock.callCount(), 4);
});

test('a request that was answered while its record was sought goes no further', async (t: TestContext) => {
  const logged = t.mock.method(console, 'error', () => {});
  const reached: unknown[] = [];
  const seeking = new EventEmitter();
  const late = express();
  late.use((_, res, next) => {
    res.locals.apiId = 'stale';
    seeking.once('sought', () => res.status(504).end());
    next();
  });
  const slowly = async (key: string) => {
    seeking.emit('sought');
    if (key === 'unfound') throw new Error('the store is gone');
    return stored.get(key);
  };
  const middleware = protect(tokens, slowly, () => '');
  late.use(async (req, res, next) => {
    // Express 4 ignores the promise, so a rejection would end the process.
    const done = Promise.resolve(middleware(req, res, next) as unknown);
    seeking.emit('decided', await done.then(() => res.locals, String));
  });
  late.use((_, res) => void reached.push(res.locals.apiId));
  const server = late.listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  for (const [token, outcome] of [
    [other, { refused: 'wrong' }],
    [unknown, { refused: 'unknown' }],
    [tokens.issue('unfound', randomBytes(40)).token, {}],
    [good, { apiId: 'my_app' }],
  ] as const) {
    const decided = once(seeking, 'decided');
    assert.equal((await get({ 'X-Authentication': token }, '/', server)).status, 504);
    assert.deepEqual({ ...(await decided)[0] }, outcome);
  }
  assert.deepEqual(reached, []);
  assert.equal(logged.mock.callCount(), 1);
});

test('an answer that fails reaches the error handler, not the route', async (t: TestContext) => {
  t.mock.method(console, 'error', () => {
    throw 'route'; // to Express, `next('route')` is not an error
  });
  const broken = express();
  broken.use(protect(tokens, () => Promise.reject(), () => ''));
  broken.use((_, res) => void res.end('reached'));
  broken.use(((_error, _req, res, _next) => void res.status(500).end('failed')) as express5.ErrorRequestHandler);
  const server = broken.listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { status, body } = await get({ 'X-Authentication': good }, '/', server);
  assert.deepEqual({ status, body }, { status: 500, body: 'failed' });
});

type Headers = Record<string, string | string[]>;

/** Stores a new token of `apiId`, with some fields of its record replaced. */
function add(apiId: string, unusual: Partial<TokenRecord> = {}): string {
  const { token, digest } = tokens.issue(apiId, randomBytes(40));
  stored.set(apiId, { ...newRecord(apiId, digest), ...unusual });
  return token;
}

function lookUpButUnfound(find: typeof stored.get, self: typeof stored, [apiId]: [string]) {
  if (apiId === 'unfound') throw new Error('the store is gone');
  return find.call(self, apiId);
}

/** Uses Node's own client, since `fetch` can't send a header twice. */
async function get(headers: Headers, path = '/v1/lookup/port', from = server) {
  const { port } = from.address() as AddressInfo;
  const [response] = await once(send({ port, path, headers, host: '127.0.0.1' }).end(), 'response');
  response.setEncoding('utf8');
  let body = '';
  for await (const part of response) body += part;
  const { date, ...rest } = response.headers;
  return { status: response.statusCode, headers: rest, body };
}
