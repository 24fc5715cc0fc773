import { describe, expect, it } from 'vitest';
import { composeShader } from '../../src/gpu/shaders.ts';
import { writeOutLoops } from '../../src/gpu/written-out.ts';

const SHADER = `//! write out c < COUNT where FLAG
fn one() {
  for (var c = 0u; c < COUNT; c++) { a[c] = b[c]; }
  for (var c = 0u; c < COUNT; c++) {
    if (c > 0u) {
      a[c] += 1.0;
    }
  }
  for (var d = 0u; d < COUNT; d++) { a[d] *= 2.0; }
}`;

const lines = (text: string) => text.split('\n').map((line, at) => ({ text: line, line: at + 1 }));

describe('loops of a shader', () => {
  it('are blocks, one a turn, where they are asked for', () => {
    const written = writeOutLoops(lines(SHADER), { COUNT: 2, FLAG: true });
    expect(written.map(({ text }) => text).join('\n')).toBe(`//! write out c < COUNT where FLAG
fn one() {
  { const c = 0u; a[c] = b[c]; }
  { const c = 1u; a[c] = b[c]; }
  { const c = 0u;
    if (c > 0u) {
      a[c] += 1.0;
    }
  }
  { const c = 1u;
    if (c > 0u) {
      a[c] += 1.0;
    }
  }
  for (var d = 0u; d < COUNT; d++) { a[d] *= 2.0; }
}`);
  });

  it('keep to the lines they come from', () => {
    const written = writeOutLoops(lines(SHADER), { COUNT: 2, FLAG: true });
    expect(written.map(({ line }) => line)).toEqual([1, 2, 3, 3, 4, 5, 6, 7, 8, 4, 5, 6, 7, 8, 9, 10]);
  });

  it('stay as they are where they are not', () => {
    expect(writeOutLoops(lines(SHADER), { COUNT: 2, FLAG: false })).toEqual(lines(SHADER));
    expect(writeOutLoops(lines(SHADER), {})).toEqual(lines(SHADER));
  });

  it('need a number of turns, and an end', () => {
    expect(() => writeOutLoops(lines(SHADER), { FLAG: true })).toThrow('COUNT is no number');
    const open = SHADER.replace(/^ {2}\}$/m, '   }');
    expect(() => writeOutLoops(lines(open), { COUNT: 2, FLAG: true })).toThrow('has no closing brace');
  });

  it('leave none in the shader of attention', () => {
    const loops = (WRITTEN_OUT: boolean): number =>
      composeShader('attention', { VECS: 4, WRITTEN_OUT }).code.split('c < VECS; c++').length - 1;
    expect(loops(false)).toBeGreaterThan(0);
    expect(loops(true)).toBe(0);
  });
});
