// Checks the pasted text with the component and shows the result. Sends nothing.

import { absentRecord, Refused, Tokens } from './jerakia-auth/lib/tokens.js';

const [field, clear, result, verdict, details, apiId, digest] =
  ['token', 'clear', 'result', 'verdict', 'details', 'api-id', 'digest'].map((id) => document.getElementById(id));

/** The longest credential that servers accept, in bytes. */
const MAX_CREDENTIAL_LEN = 512;

export const tokens = await load();
field.addEventListener('input', check);
clear.addEventListener('click', () => (empty(), field.focus()));
// Going back to the page must not show the token again.
addEventListener('pagehide', empty);
empty();
field.disabled = false;

async function load() {
  try {
    const file = new URL('jerakia-auth/component/jerakia-auth.core.wasm', import.meta.url);
    return new Tokens(await WebAssembly.compileStreaming(fetch(file)));
  } catch (error) {
    show('bad', "The component can't be loaded, so the page can't check tokens. Reload it to try again.");
    throw error;
  }
}

function empty() {
  field.value = '';
  check();
}

async function check() {
  const text = field.value;
  clear.disabled = text === '';
  if (text === '') return show('empty', 'Nothing to check yet.');
  const credential = new TextEncoder().encode(text);
  const named = credential.length > MAX_CREDENTIAL_LEN ? undefined : apiIdOf(credential);
  if (named) {
    const stored = new Uint8Array(await crypto.subtle.digest('SHA-256', credential));
    // The text may have changed in the meantime.
    return field.value === text && show('good', `A token of ${named}.`, named, stored);
  }
  show('bad', text === text.trim() ? 'Not a token.' : 'Not a token: there is white space around it.');
}

/** The API ID of a well-formed token. Without a record the component calls it unknown, and other text malformed. */
function apiIdOf(credential) {
  const key = tokens.lookupKey(credential);
  try {
    tokens.authorize(credential, absentRecord(key), '', 0n);
  } catch (error) {
    if (error instanceof Refused) return error.reason === 'unknown' ? key : undefined;
    throw error;
  }
}

function show(kind, message, named, stored) {
  result.className = kind;
  verdict.textContent = message;
  details.hidden = !named;
  apiId.textContent = named ?? '';
  digest.textContent = Array.from(stored ?? [], (byte) => byte.toString(16).padStart(2, '0')).join('');
}
