// The record of a token, as a host stores it. It must have exactly the fields of the contract: a misspelt or missing
// field could mean that a token never ends.

import type { Secret, Status, TokenRecord } from '../component/interfaces/jerakia-auth-decision.js';

export type { Secret, Status, TokenRecord };

/** The end of a period that never ends. All times are seconds since 1970-01-01 UTC. */
export const NEVER = 2n ** 64n - 1n;

/** The last second of the year 9999. Later times are mistakes, most likely milliseconds. */
const LAST_SECOND = 253_402_300_799n;

/** No secret: no credential matches it. Each use yields a digest of its own, so that writing to one changes no other. */
export const NO_SECRET: Readonly<Secret> = Object.freeze({
  get digest() {
    return new Uint8Array(32);
  },
  ends: NEVER,
});

/** The record of a newly issued token: active, without end, with empty grants. */
export function newRecord(apiId: string, digest: Uint8Array): TokenRecord {
  return { apiId, status: 'active', current: { digest, ends: NEVER }, former: { ...NO_SECRET }, ends: NEVER, grants: '' };
}

/** The record to pass if there is none. `apiId` is the lookup key. */
export function absentRecord(apiId: string): TokenRecord {
  return { ...newRecord(apiId, NO_SECRET.digest), status: 'absent' };
}

/** Copies `record`, or throws a TypeError that says what is wrong with it. */
export function checkedRecord(record: TokenRecord): TokenRecord {
  const fields = ['apiId', 'status', 'current', 'former', 'ends', 'grants'] as const;
  // Each field is read once, so that a getter can't return another value after the check.
  const { apiId, status, current, former, ends, grants } = exactly<TokenRecord>('the record', record, fields);
  if (!['active', 'disabled', 'absent'].includes(status)) throw new TypeError(`no status: ${String(status)}`);
  return {
    apiId: checkedText('apiId', apiId),
    status,
    current: checkedSecret('current', current),
    former: checkedSecret('former', former),
    ends: checkedEnd('ends', ends),
    grants: checkedText('grants', grants),
  };
}

function checkedSecret(name: string, secret: Secret): Secret {
  const { digest, ends } = exactly<Secret>(name, secret, ['digest', 'ends']);
  return { digest: checkedBytes(`${name}.digest`, digest), ends: checkedEnd(`${name}.ends`, ends) };
}

/** Copies the bytes: arrays whose memory is gone, and objects that only claim to be arrays, would make the component trap. */
export function checkedBytes(name: string, value: Uint8Array): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new TypeError(`${name} is not a Uint8Array`);
  try {
    return new Uint8Array(value);
  } catch (cause) {
    throw new TypeError(`${name} can't be read: it is detached, or not really a Uint8Array`, { cause });
  }
}

/** Refuses lone surrogates: they have no UTF-8, and would reach the component as another character. */
export function checkedText(name: string, value: string): string {
  if (typeof value !== 'string' || /\p{Surrogate}/u.test(value)) throw new TypeError(`${name} is not a well-formed string`);
  return value;
}

/** Refuses numbers beyond 64 bits: the bindings would keep the low 64, so -1n would mean never. */
export function checkedSeconds(name: string, value: bigint): bigint {
  if (typeof value !== 'bigint' || value < 0n || value > NEVER) throw new TypeError(`${name} is not a bigint of 64 bits`);
  if (value > LAST_SECOND) throw new TypeError(`${name} is after the year 9999: give it in seconds, not in milliseconds`);
  return value;
}

function checkedEnd(name: string, value: bigint): bigint {
  return value === NEVER ? value : checkedSeconds(name, value);
}

/** Checks that an object has these own fields and no others. */
function exactly<T extends object>(name: string, value: T, fields: readonly (keyof T & string)[]): T {
  if (typeof value !== 'object' || value === null) throw new TypeError(`${name} is not an object`);
  for (const field of fields) {
    if (!Object.hasOwn(value, field)) throw new TypeError(`${name} has no field ${field}`);
  }
  for (const field of Object.keys(value)) {
    if (!fields.includes(field as keyof T & string)) throw new TypeError(`${name} has an unknown field: ${field}`);
  }
  return value;
}
