// Express middleware: a route behind it is reached with a good token only.

import type { Request, RequestHandler, Response } from 'express';
import { absentRecord, Refused, type TokenRecord, type Tokens } from './tokens.js';

/** Looks up what is stored under a key. */
export type Find = (key: string) => TokenRecord | undefined | Promise<TokenRecord | undefined>;

/** What a request needs, in the service's own words; '' where any good token will do. */
export type Permission = (req: Request) => string;

/** The longest header that is read, in bytes. A token has at most 145. */
const MAX_CREDENTIAL_LEN = 512;

/** Asks `tokens` about every request. */
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

/** What the client presents, byte for byte; nothing where that is missing or ambiguous. */
function credential(req: Request): Uint8Array {
  const own = req.headersDistinct['x-authentication'];
  const [value = '', ...more] = own ?? req.headersDistinct.authorization ?? [];
  if (value.length > MAX_CREDENTIAL_LEN) throw new Refused('malformed');
  const text = more.length > 0 ? '' : own ? value : (/^bearer +(.*)$/i.exec(value)?.[1] ?? '');
  return Buffer.from(text, 'latin1'); // as which Node.js has read the bytes
}

/** The one answer to every credential that is not good. `refused` is for an access log. */
function refuse(res: Response, reason: Refused['reason']): void {
  res.locals.refused = reason;
  if (reason === 'forbidden') return answer(res, 403, 'forbidden');
  answer(res.set('WWW-Authenticate', 'Bearer realm="jerakia"'), 401, 'unauthorized');
}

/** Nobody could decide, so nobody gets in. */
function unavailable(res: Response, error: unknown): void {
  console.error(error);
  answer(res.set('Retry-After', '1'), 503, 'unavailable');
}

function answer(res: Response, status: number, message: string): void {
  res.status(status).json({ status: 'failed', message });
}
