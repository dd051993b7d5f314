// Tokens to try, made by the same component that is in the composition.

import { randomBytes } from 'node:crypto';
import { issuing } from '../build/tokens/jerakia-auth.js';

/** A new token, and the entry of JERAKIA_TOKENS that lets it in. */
export function issue(apiId) {
  const { token, digest } = issuing.issue(apiId, randomBytes(40));
  return { token, entry: `${apiId}=${Buffer.from(digest).toString('hex')}` };
}
