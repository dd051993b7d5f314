// Correct use compiles in TypeScript; mistakes with records don't.

import type { RequestHandler } from 'express';
import { newRecord, open, Refused, type Grant } from 'jerakia-auth';
import core from 'jerakia-auth/core.wasm';
import { protect } from 'jerakia-auth/express';
import { Tokens } from 'jerakia-auth/tokens';

const tokens: Tokens = await open();
const { token, digest } = tokens.issue('my_app', new Uint8Array(40));
const stored = newRecord('my_app', digest);
const grant: Grant = tokens.authorize(new TextEncoder().encode(token), stored, '', 0n);
const reason: string = new Refused('wrong').reason;
const handler: RequestHandler = protect(new Tokens(core), () => stored, (req) => `http:${req.method}`);
// @ts-expect-error: there is no such field
tokens.authorize(new Uint8Array(), { ...stored, expiresAt: 1n }, '', 0n);
// @ts-expect-error: seconds are a bigint
tokens.authorize(new Uint8Array(), stored, '', Date.now());
export { grant, handler, reason };
