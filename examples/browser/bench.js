// Measures a decision in the page, and prints one row of a table.

import { once } from 'node:events';
import { executablePath, launch } from './chromium.js';
import { server } from './serve.js';

if (!executablePath) {
  console.log('| Chromium: not installed | - |');
  process.exit();
}
const measure = new URL('../../packages/npm/lib/measure.js', import.meta.url);
const site = await server({ '/jerakia-auth/lib/measure.js': measure });
await once(site.listen(0, '127.0.0.1'), 'listening');
const browser = await launch();
try {
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${site.address().port}`);
  const time = await page.evaluate(async () => {
    const { tokens } = await import('/page.js');
    const { measure } = await import('/jerakia-auth/lib/measure.js');
    return measure(tokens);
  });
  console.log(`| Chromium ${browser.version()}, jco | ${time.toFixed(1)} us |`);
} finally {
  await browser.close();
  site.close();
}
