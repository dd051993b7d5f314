// Issues test tokens with the same component that is in the composition.

import { randomBytes } from 'node:crypto';
import { issuing } from '../build/tokens/jerakia-auth.js';

/** Issues a token; returns it and its entry for JERAKIA_TOKENS. */
export function issue(apiId) {
  const { token, digest } = issuing.issue(apiId, randomBytes(40));
  return { token, entry: `${apiId}=${Buffer.from(digest).toString('hex')}` };
}
