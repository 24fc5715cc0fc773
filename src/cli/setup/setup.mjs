// @ts-check
// `npm run setup`: everything that the other commands install on demand, now.
import { ensureAll } from './ensure.mjs';

process.exitCode = ensureAll({ trainers: true }).length === 0 ? 0 : 1;
