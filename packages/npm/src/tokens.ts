// The token component as a typed object, for any JavaScript host.

import { instantiate, type Root } from '../component/jerakia-auth.js';
import type { Grant, Refusal } from '../component/interfaces/jerakia-auth-decision.js';
import type { IssueRefusal, Issued } from '../component/interfaces/jerakia-auth-issuing.js';
import { checkedBytes, checkedRecord, checkedSeconds, checkedText, type TokenRecord } from './record.js';

export type { Grant, IssueRefusal, Issued, Refusal };
export { absentRecord, newRecord, NEVER, NO_SECRET, type Secret, type Status, type TokenRecord } from './record.js';

/** The lookup key of credentials without an API ID. No token has it. */
export const NOBODY = '-nobody-';

/** The longest permission that can be granted, in bytes. */
const MAX_PERMISSION_LEN = 4096;

/** The component refused. The reason is for logs, never for clients. */
export class Refused extends Error {
  readonly reason: Refusal | IssueRefusal;

  constructor(reason: Refusal | IssueRefusal) {
    super(`refused: ${reason}`);
    this.name = 'Refused';
    this.reason = reason;
  }
}

/** The component gave no answer: it trapped. */
export class Failed extends Error {
  constructor(cause: unknown) {
    super('the token component failed', { cause });
    this.name = 'Failed';
  }
}

/**
 * The functions of the contract. A refusal is thrown, so that a caller can't mistake it for a grant. Arguments outside
 * the contract throw a TypeError.
 */
export class Tokens {
  readonly #core: WebAssembly.Module;
  #instance: Root;

  /** `core` is the compiled `component/jerakia-auth.core.wasm`. */
  constructor(core: WebAssembly.Module) {
    this.#core = core;
    this.#instance = fresh(core);
  }

  /** Issues a token from 40 random bytes. */
  issue(apiId: string, entropy: Uint8Array): Issued {
    checkedText('apiId', apiId);
    const random = checkedBytes('entropy', entropy);
    return this.#ask(({ issuing }) => issuing.issue(apiId, random));
  }

  /** The key under which to look up the record. It is only what the client claims. */
  lookupKey(credential: Uint8Array): string {
    const presented = checkedBytes('credential', credential);
    return this.#ask(({ decision }) => decision.lookupKey(presented));
  }

  /**
   * Decides on a credential. `stored` is the record under its lookup key, or `absentRecord(key)`. `permission` is what the
   * request needs, or '' to ask only whether the credential is good. `now` is in seconds since 1970-01-01 UTC.
   */
  authorize(credential: Uint8Array, stored: TokenRecord, permission: string, now: bigint): Grant {
    const presented = checkedBytes('credential', credential);
    checkedText('permission', permission);
    checkedSeconds('now', now);
    const record = checkedRecord(stored);
    // Longer permissions are forbidden anyway. Cut, so that no client can exhaust the component's memory.
    const bounded = permission.slice(0, MAX_PERMISSION_LEN + 1);
    return this.#ask(({ decision }) => decision.authorize(presented, record, bounded, now));
  }

  #ask<T>(question: (component: Root) => T): T {
    try {
      return question(this.#instance);
    } catch (thrown) {
      if (thrown instanceof Error && 'payload' in thrown) throw new Refused(thrown.payload as Refusal | IssueRefusal);
      // A trap leaves the instance's memory in an unknown state, so replace the instance.
      this.#instance = fresh(this.#core);
      throw new Failed(thrown);
    }
  }
}

/** A fresh instance. With a compiled module, `instantiate` is synchronous. */
function fresh(core: WebAssembly.Module): Root {
  const start = (module: WebAssembly.Module) => new WebAssembly.Instance(module);
  return instantiate((): WebAssembly.Module => core, {}, start);
}
