import { batchingComparison } from './cases/batching.ts';
import { blockComparison } from './cases/block.ts';
import { attentionBlock, layerBlock, mlpBlock, normBlock } from './cases/blocks.ts';
import { decodeComparison } from './cases/decode-cases.ts';
import { matmulComparisons } from './cases/matmul-cases.ts';
import { ownComparisons } from './cases/own-cases.ts';
import { DEMO, QWEN } from './cases/shapes.ts';
import type { Comparison } from './comparison.ts';

/** Everything that is compared on a device of Node's, in the order of the table; what takes longest comes last. */
export function suite(): Comparison[] {
  const blocks = [
    normBlock(DEMO, 1024),
    normBlock(QWEN, 256),
    attentionBlock(DEMO, 256),
    attentionBlock(QWEN, 128),
    mlpBlock(QWEN, 32),
    layerBlock(QWEN, 32),
  ].map((block) => blockComparison(block));
  // jax-js does not come to the end of compiling this one in minutes.
  const demoLayer = blockComparison(layerBlock(DEMO, 256), ['tfjs']);
  const decoding = [decodeComparison(QWEN, 1, 384), decodeComparison(QWEN, 8, 384)];
  return [
    batchingComparison(DEMO, 2, { prompts: 32, shortest: 8 }),
    ...ownComparisons(),
    ...matmulComparisons(),
    ...decoding,
    demoLayer,
    ...blocks,
  ];
}
