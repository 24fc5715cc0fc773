import { describe, expect, it } from 'vitest';
import { exportParts, USUAL_PARTS } from '../../src/cli/export-parts.ts';

const NOTHING = exportParts('none');

describe('the option --export', () => {
  it.each([
    ['handoff', { ...NOTHING, handoff: true }],
    ['handoff=clips', { ...NOTHING, handoff: true, clips: true }],
    ['merged=bf16, adapter', { ...NOTHING, merged: 'bf16', adapter: true }],
    ['merged,metrics', { ...NOTHING, merged: 'f32', metrics: true }],
    ['all', { ...USUAL_PARTS, handoff: true }],
    ['all,merged=bf16', { ...USUAL_PARTS, handoff: true, merged: 'bf16' }],
  ])('takes %s', (list, parts) => {
    expect(exportParts(list)).toEqual(parts);
  });

  it.each([
    ['bundle', '"bundle"'],
    ['', '""'],
    [undefined, 'nothing'],
    ['merged=f16', '"merged=f16"'],
  ])('names what there is when it meets %s', (list, found) => {
    expect(() => exportParts(list)).toThrow(`--export names ${found}; expected some of merged, merged=f32,`);
  });
});
