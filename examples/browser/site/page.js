// Asks the component what the pasted text is, and shows the answer. Sends nothing.

import { NOBODY, Tokens } from './jerakia-auth/lib/tokens.js';

const [field, clear, result, verdict, details, apiId, digest] =
  ['token', 'clear', 'result', 'verdict', 'details', 'api-id', 'digest'].map((id) => document.getElementById(id));

/** No header may be longer, so nothing longer is a token that could be sent. */
const LONGEST = 512;

export const tokens = await load();
field.addEventListener('input', check);
clear.addEventListener('click', () => (empty(), field.focus()));
// A page that is gone back to must not show the token again.
addEventListener('pagehide', empty);
empty();
field.disabled = false;

async function load() {
  try {
    const file = new URL('jerakia-auth/component/jerakia-auth.core.wasm', import.meta.url);
    return new Tokens(await WebAssembly.compileStreaming(fetch(file)));
  } catch (error) {
    show('bad', 'The component could not be loaded, so nothing can be checked.');
    throw error;
  }
}

function empty() {
  field.value = '';
  check();
}

function check() {
  const text = field.value;
  clear.disabled = text === '';
  if (text === '') return show('empty', 'Nothing to check yet.');
  const presented = text.length > LONGEST ? undefined : tokens.identify(text);
  if (presented && presented.apiId !== NOBODY) return show('good', `A token of ${presented.apiId}.`, presented);
  show('bad', text === text.trim() ? 'Not a token.' : 'Not a token: there is white space around it.');
}

function show(kind, text, presented) {
  result.className = kind;
  verdict.textContent = text;
  details.hidden = !presented;
  apiId.textContent = presented?.apiId ?? '';
  digest.textContent = Array.from(presented?.digest ?? [], (byte) => byte.toString(16).padStart(2, '0')).join('');
}
