/**
 * npm run make-checkpoint -- --out DIR [--seed S] [--empty]
 *
 * A checkpoint with the names, shapes and types of the published 0.5B model and random weights (2.75 GB): for trying out
 * loading, memory and export at real size without the real model. With --empty only the header is written and the file is
 * as long as it should be; what is not written reads as zeros.
 */
import { parseArgs } from 'node:util';
import { makeCheckpoint } from './real-size/write.ts';

const { values } = parseArgs({
  options: { out: { type: 'string' }, seed: { type: 'string', default: '1' }, empty: { type: 'boolean' } },
});
if (!values.out) throw new Error('make-checkpoint: --out DIR is missing.');
const bytes = await makeCheckpoint(values.out, { seed: Number(values.seed), empty: values.empty === true });
console.error(`${values.out}: ${bytes} bytes of weights${values.empty ? ', all zero' : ''}`);
