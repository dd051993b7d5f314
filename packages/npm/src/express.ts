// Express middleware: only requests with a good token reach the routes behind it.

import type { Request, RequestHandler, Response } from 'express';
import { absentRecord, Refused, type TokenRecord, type Tokens } from './tokens.js';

/** Looks up the record stored under a key. */
export type Find = (key: string) => TokenRecord | undefined | Promise<TokenRecord | undefined>;

/** The permission that a request needs, in the service's own words; '' accepts any good token. */
export type Permission = (req: Request) => string;

/** The longest header that is read, in bytes. A token has at most 145. */
const MAX_CREDENTIAL_LEN = 512;

/** Decides on every request with `tokens`. */
export function protect(tokens: Tokens, find: Find, permission: Permission): RequestHandler {
  return async (req, res, next) => {
    try {
      const presented = credential(req);
      const key = tokens.lookupKey(presented);
      const stored = (await find(key)) ?? absentRecord(key);
      const now = BigInt(Math.floor(Date.now() / 1000));
      res.locals.apiId = tokens.authorize(presented, stored, permission(req), now).apiId;
    } catch (error) {
      return error instanceof Refused ? refuse(res, error.reason) : unavailable(res, error);
    }
    next();
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

/** The answer to every bad credential, always the same. `refused` is for an access log. */
function refuse(res: Response, reason: Refused['reason']): void {
  res.locals.refused = reason;
  if (reason === 'forbidden') return answer(res, 403, 'forbidden');
  answer(res.set('WWW-Authenticate', 'Bearer realm="jerakia"'), 401, 'unauthorized');
}

/** Without a decision, access is refused. */
function unavailable(res: Response, error: unknown): void {
  console.error(error);
  answer(res.set('Retry-After', '1'), 503, 'unavailable');
}

function answer(res: Response, status: number, message: string): void {
  res.status(status).json({ status: 'failed', message });
}
