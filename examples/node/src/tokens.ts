// The token component as a typed object: for any JavaScript host, Node.js or not.

import { instantiate, type Root } from '../component/jerakia-auth.js';
import type {
  Grant,
  IssueRefusal,
  Issued,
  KnownToken,
  Presented,
  Refusal,
  Request,
} from '../component/interfaces/jerakia-auth-tokens.js';

export type { Grant, IssueRefusal, Issued, KnownToken, Presented, Refusal, Request };

/** Whom a credential names that is not a token. */
export const NOBODY = '-nobody-';

/** The component's answer was no. The reason is for logs, never for a client. */
export class Refused extends Error {
  readonly reason: Refusal | IssueRefusal;

  constructor(reason: Refusal | IssueRefusal) {
    super(`refused: ${reason}`);
    this.name = 'Refused';
    this.reason = reason;
  }
}

/** The component gave no answer: it trapped, or was handed what it can't read. */
export class Failed extends Error {
  constructor(cause: unknown) {
    super('the token component failed', { cause });
    this.name = 'Failed';
  }
}

/**
 * The three functions of the contract. A refusal is thrown, so that nobody takes it
 * for a grant by forgetting to look.
 */
export class Tokens {
  readonly #core: WebAssembly.Module;
  #instance: Root['tokens'];

  /** `core` is the compiled `component/jerakia-auth.core.wasm`. */
  constructor(core: WebAssembly.Module) {
    this.#core = core;
    this.#instance = fresh(core);
  }

  issue(apiId: string, entropy: Uint8Array): Issued {
    return this.#ask((tokens) => tokens.issue(apiId, entropy));
  }

  identify(credential: string): Presented {
    return this.#ask((tokens) => tokens.identify(credential));
  }

  verify(presented: Presented, known: KnownToken | undefined, request: Request, now: bigint): Grant {
    return this.#ask((tokens) => tokens.verify(presented, known, request, now));
  }

  #ask<T>(question: (tokens: Root['tokens']) => T): T {
    try {
      return question(this.#instance);
    } catch (thrown) {
      if (thrown instanceof Error && 'payload' in thrown) throw new Refused(thrown.payload as Refusal | IssueRefusal);
      // Not an answer of the contract. The instance's memory is in no known state, so
      // it is not asked again.
      this.#instance = fresh(this.#core);
      throw new Failed(thrown);
    }
  }
}

/** Handed a module that is compiled already, `instantiate` answers at once. */
function fresh(core: WebAssembly.Module): Root['tokens'] {
  const start = (module: WebAssembly.Module) => new WebAssembly.Instance(module);
  return instantiate((): WebAssembly.Module => core, {}, start).tokens;
}
