// A demo server: issues one token, keeps its digest in memory, and protects one route.

import { randomBytes } from 'node:crypto';
import express from 'express';
import { newRecord, open } from 'jerakia-auth';
import { protect } from 'jerakia-auth/express';

const tokens = await open();
const { token, digest } = tokens.issue('my_app', randomBytes(40));
const stored = new Map([['my_app', newRecord('my_app', digest)]]);

const app = express();
const protection = protect(
  tokens,
  (key) => stored.get(key),
  () => 'greeting:read',
);
app.get('/greeting', protection, (_, res) => {
  res.json({ greeting: `Hello, ${res.locals.apiId}` });
});

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', (error) => {
  if (error) throw error;
  console.log(`curl -i -H 'X-Authentication: ${token}' http://127.0.0.1:${server.address().port}/greeting`);
});
