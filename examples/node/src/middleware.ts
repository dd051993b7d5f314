// Express middleware: a route behind it is reached with a good token only.

import type { Request, RequestHandler, Response } from 'express';
import { type KnownToken, Refused, type Tokens } from './tokens.js';

type Find = (apiId: string) => KnownToken | undefined | Promise<KnownToken | undefined>;

/** The record in the place of one that is not there. No text is known that has this digest. */
const NOBODYS: KnownToken = { digest: new Uint8Array(32), status: 'disabled' };

/** Asks `tokens` about every request. `find` looks up what is stored of an API ID. */
export function protect(tokens: Tokens, find: Find): RequestHandler {
  return async (req, res, next) => {
    let known: KnownToken | undefined;
    try {
      const presented = tokens.identify(credential(req));
      known = await find(presented.apiId);
      const request = { method: req.method, path: req.originalUrl.split('?', 1)[0]! };
      const now = BigInt(Math.floor(Date.now() / 1000));
      // Passing a record on takes time, by which an API ID that is there could be told from one that isn't: so there is
      // always one.
      res.locals.apiId = tokens.verify(presented, known ?? NOBODYS, request, now).apiId;
    } catch (error) {
      if (!(error instanceof Refused)) return unavailable(res, error);
      return refuse(res, !known && error.reason === 'wrong' ? 'unknown' : error.reason);
    }
    next();
  };
}

/** What the client presents; '' (no token) where that is missing or ambiguous. */
function credential(req: Request): string {
  const own = req.headersDistinct['x-authentication'];
  const [value = '', ...more] = own ?? req.headersDistinct.authorization ?? [];
  if (more.length > 0) return '';
  if (value.length > 512) throw new Refused('malformed');
  return own ? value : (/^bearer +(.*)$/i.exec(value)?.[1] ?? '');
}

/** The one answer to every credential that is not good. `refused` is for an access log. */
function refuse(res: Response, reason: Refused['reason']): void {
  res.locals.refused = reason;
  res.status(401).set('WWW-Authenticate', 'Bearer realm="jerakia"').json({ status: 'failed', message: 'unauthorized' });
}

/** Nobody could decide, so nobody gets in. */
function unavailable(res: Response, error: unknown): void {
  console.error(error);
  res.status(503).set('Retry-After', '1').json({ status: 'failed', message: 'unavailable' });
}
