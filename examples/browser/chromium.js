// Finds and launches the browser for the tests.

import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from 'playwright-core';

const FLAGS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The path of the browser; undefined if there is none. */
export const executablePath = installed(['chromium', 'chromium-browser', 'google-chrome']);

export function launch() {
  // Chromium's own sandbox doesn't work for root.
  return chromium.launch({ executablePath, args: FLAGS, chromiumSandbox: process.getuid() !== 0 });
}

/** The first of these programs on the PATH. */
function installed(names) {
  const paths = process.env.PATH.split(delimiter).flatMap((folder) => names.map((name) => join(folder, name)));
  return paths.find((path) => {
    try {
      return accessSync(path, constants.X_OK) === undefined;
    } catch {
      return false;
    }
  });
}
