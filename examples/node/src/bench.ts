// Prints how long a decision takes in Node.js: one row of a table.

import { open } from './index.js';
import { measure } from './measure.js';

const { both, verify } = measure(await open());
console.log(`| Node.js ${process.versions.node}, jco | ${both.toFixed(1)} us | ${verify.toFixed(1)} us |`);
