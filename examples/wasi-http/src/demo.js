// A demo server: issues one token, and serves the composed component.

import { RUNTIMES, serve } from './serve.js';
import { issue } from './tokens.js';

const { token, entry } = issue('my_app');
const { port } = await serve(RUNTIMES.jco, entry, Number(process.env.PORT ?? 3002));
console.log(`curl -i -H 'X-Authentication: ${token}' http://127.0.0.1:${port}/greeting`);
