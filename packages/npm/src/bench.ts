// Prints how long a decision takes in Node.js: one row of a table.

import { open } from './index.js';
import { measure } from './measure.js';

console.log(`| Node.js ${process.versions.node}, jco | ${measure(await open()).toFixed(1)} us |`);
