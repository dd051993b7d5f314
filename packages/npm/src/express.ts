// Express middleware: only requests with a good token reach the routes behind it.

import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { absentRecord, Refused, type TokenRecord, type Tokens } from './tokens.js';

/** Looks up the record stored under a key. */
export type Find = (key: string) => TokenRecord | undefined | Promise<TokenRecord | undefined>;

/** The permission that a request needs, in the service's own words; '' accepts any good token. */
export type Permission = (req: Request) => string;

/** The longest header that is read, in bytes. A token has at most 145. */
const MAX_CREDENTIAL_LEN = 512;

/**
 * Decides on every request with `tokens`. A request that was answered meanwhile, as by a time-out, goes no further. No
 * failure rejects the middleware's promise, since Express 4 doesn't handle that: it would end the process.
 */
export function protect(tokens: Tokens, find: Find, permission: Permission): RequestHandler {
  const decide = async (req: Request): Promise<string> => {
    const presented = credential(req);
    const key = tokens.lookupKey(presented);
    const stored = (await find(key)) ?? absentRecord(key);
    const now = BigInt(Math.floor(Date.now() / 1000));
    return tokens.authorize(presented, stored, permission(req), now).apiId;
  };
  return async (req, res, next) => {
    try {
      delete res.locals.apiId;
      res.locals.apiId = await decide(req);
    } catch (error) {
      return refuse(res, error, next);
    }
    if (!res.headersSent) next();
  };
}

/** The client's credential, byte for byte; empty if it is missing or ambiguous. */
function credential(req: Request): Uint8Array {
  const own = req.headersDistinct['x-authentication'];
  const [value = '', ...more] = own ?? req.headersDistinct.authorization ?? [];
  if (value.length > MAX_CREDENTIAL_LEN) throw new Refused('malformed');
  const text = more.length > 0 ? '' : own ? value : (/^bearer +(.*)$/i.exec(value)?.[1] ?? '');
  return Buffer.from(text, 'latin1'); // Node.js decodes headers as latin1
}

/** Answers, or passes on why that failed. An error reaches no route. */
function refuse(res: Response, error: unknown, next: NextFunction): void {
  try {
    if (error instanceof Refused) unauthorized(res, error.reason);
    else unavailable(res, error);
  } catch (failure) {
    next(new Error("a refusal can't be answered", { cause: failure }));
  }
}

/** The answer to every bad credential, always the same. `refused` is for an access log. */
function unauthorized(res: Response, reason: Refused['reason']): void {
  res.locals.refused = reason;
  if (reason === 'forbidden') return answer(res, 403, 'forbidden');
  answer(res, 401, 'unauthorized', { 'WWW-Authenticate': 'Bearer realm="jerakia"' });
}

/** Without a decision, access is refused. */
function unavailable(res: Response, error: unknown): void {
  console.error(error);
  answer(res, 503, 'unavailable', { 'Retry-After': '1' });
}

function answer(res: Response, status: number, message: string, headers: Record<string, string> = {}): void {
  if (res.headersSent) return;
  res.status(status).set(headers).json({ status: 'failed', message });
}
