// Tests the page in headless Chromium: all vectors, what users see, and that nothing leaves it.

import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { executablePath, launch } from './chromium.js';
import { server } from './serve.js';

const vectors = JSON.parse(await readFile(new URL('../../tests/vectors/tokens.json', import.meta.url), 'utf8'));
const { token, api_id, digest } = vectors.issue.find((it) => it.token);
const screenshots = fileURLToPath(new URL('screenshots/', import.meta.url));

const skip = !executablePath && !process.env.CI && 'Chromium is not installed: apt-get install chromium';

describe('the page', { skip }, () => {
  let browser, site, origin, context, page;
  const requests = [];
  const complaints = [];

  before(async () => {
    assert.ok(executablePath, 'Chromium is not installed: apt-get install chromium');
    const lib = (name) => new URL(`../../packages/npm/lib/${name}`, import.meta.url);
    site = await server({ '/jerakia-auth/lib/vectors.js': lib('vectors.js') });
    await once(site.listen(0, '127.0.0.1'), 'listening');
    origin = `http://127.0.0.1:${site.address().port}`;
    browser = await launch();
    context = await browser.newContext({ viewport: { width: 900, height: 760 } });
    context.setDefaultTimeout(10_000);
    page = await context.newPage();
    page.on('request', (request) => requests.push(request.url()));
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.goto(origin);
    await verdict('Nothing to check yet.');
  });

  after(async () => {
    await browser?.close();
    site?.close();
  });

  test('loads only its own files', () => {
    assert.ok(requests.some((url) => url.endsWith('.wasm')));
    for (const url of requests) assert.equal(new URL(url).origin, origin);
  });

  test('shows the API ID and the digest of a token', async () => {
    const before = requests.length;
    await page.getByLabel('Token').pressSequentially(token);
    await verdict(`A token of ${api_id}.`);
    assert.equal(await page.getByRole('definition').first().innerText(), api_id);
    assert.equal(await page.getByRole('definition').last().innerText(), digest);
    assert.equal(requests.length, before, 'typing sent something');
    await picture('token');
  });

  test('shows that other text is not a token', async () => {
    const before = requests.length;
    for (const [text, expected] of [
      [token.slice(0, -1), 'Not a token.'],
      [`${token}:x`, 'Not a token.'],
      [`${token}\n`, 'Not a token: there is white space around it.'],
      ['<img src=x onerror=alert(1)>', 'Not a token.'],
      ['x'.repeat(100_000), 'Not a token.'],
    ]) {
      await page.getByLabel('Token').fill(text);
      await verdict(expected);
      assert.equal(await page.getByRole('definition').first().isVisible(), false);
    }
    await page.getByLabel('Token').fill(token.toUpperCase());
    await verdict('Not a token.');
    assert.equal(requests.length, before, 'typing sent something');
    await picture('not-a-token');
  });

  test('works with a screen reader and without a mouse', async () => {
    const result = page.getByRole('region', { name: 'Result' });
    assert.equal(await result.getAttribute('aria-live'), 'polite');
    await page.getByLabel('Token').fill(token);
    await page.getByLabel('Token').press('Shift+Tab');
    await page.keyboard.press('Enter');
    await verdict('Nothing to check yet.');
    assert.equal(await page.getByLabel('Token').inputValue(), '');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'token');
  });

  test('stores nothing', async () => {
    const field = page.getByLabel('Token');
    assert.equal(await field.getAttribute('autocomplete'), 'off');
    assert.equal(await field.getAttribute('spellcheck'), 'false');
    assert.equal(await field.getAttribute('name'), null);
    await field.fill(token);
    await page.evaluate(() => dispatchEvent(new PageTransitionEvent('pagehide')));
    assert.equal(await field.inputValue(), '');
    await field.fill(token);
    await page.goto('about:blank');
    await page.goBack();
    await verdict('Nothing to check yet.');
    assert.equal(await field.inputValue(), '');
    assert.deepEqual(await context.storageState({ indexedDB: true }), { cookies: [], origins: [] });
  });

  test('passes every shared vector', async () => {
    const outcomes = await page.evaluate(async (vectors) => {
      const { tokens } = await import('/page.js');
      const { outcomes } = await import('/jerakia-auth/lib/vectors.js');
      return [...outcomes(tokens, vectors)];
    }, vectors);
    for (const { name, expected, actual } of outcomes) assert.deepEqual(actual, expected, name);
    assert.equal(outcomes.length, vectors.issue.length + vectors.lookup_key.length + vectors.authorize.length);
    assert.ok(outcomes.length > 300, `only ${outcomes.length} vectors`);
  });

  test('logs no errors', () => assert.deepEqual(complaints, []));

  test('cannot send a token elsewhere', async (t) => {
    let received = 0;
    const elsewhere = await server();
    elsewhere.on('request', () => received++);
    t.after(() => elsewhere.close());
    await once(elsewhere.listen(0, '127.0.0.1'), 'listening');
    const directive = await page.evaluate(async (target) => {
      const refusal = new Promise((resolve) => {
        document.addEventListener('securitypolicyviolation', (it) => resolve(it.effectiveDirective), { once: true });
      });
      const sent = fetch(target, { mode: 'no-cors' }).then(() => 'sent');
      return Promise.any([refusal, sent]);
    }, `http://127.0.0.1:${elsewhere.address().port}/`);
    assert.equal(directive, 'connect-src');
    assert.equal(received, 0);
  });

  async function verdict(text) {
    await page.getByText(text, { exact: true }).waitFor();
  }

  /** Saves a screenshot of the page, and checks that its result is legible. */
  async function picture(name) {
    await mkdir(screenshots, { recursive: true });
    await page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true });
    for (const part of await page.locator('#verdict, dd:visible').all()) {
      const inked = await ink(await part.screenshot());
      assert.ok(inked > 0.01 && inked < 0.5, `${inked} of ${await part.innerText()} is ink`);
    }
  }

  /** The share of pixels that clearly differ from the most frequent colour. */
  async function ink(png) {
    const canvas = await context.newPage(); // the tested page's policy allows no data: URLs
    const share = await canvas.evaluate(async (base64) => {
      const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${base64}`)).blob());
      const drawing = new OffscreenCanvas(image.width, image.height).getContext('2d');
      drawing.drawImage(image, 0, 0);
      const { data } = drawing.getImageData(0, 0, image.width, image.height);
      const pixels = Array.from({ length: data.length / 4 }, (_, i) => data.slice(4 * i, 4 * i + 3));
      const counts = Map.groupBy(pixels, String);
      const [ground] = [...counts.values()].sort((a, b) => b.length - a.length)[0];
      const stands = (pixel) => Math.max(...pixel.map((value, i) => Math.abs(value - ground[i]))) > 80;
      return pixels.filter(stands).length / pixels.length;
    }, png.toString('base64'));
    await canvas.close();
    return share;
  }
});
