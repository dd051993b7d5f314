// Runs the vectors in workerd, with the compiled module that it imports.

import core from 'jerakia-auth/core.wasm';
import { Tokens } from 'jerakia-auth/tokens';
import { check } from './check.js';

export default {
  async test() {
    if (new Tokens(core).lookupKey(new TextEncoder().encode('my_app:00')) !== 'my_app') throw new Error('no lookup key');
    console.log(`workerd: ${await check()} vectors passed`);
  },
};
