import { describe, expect, it } from 'vitest';
import { kernelsOf } from '../../src/gpu/index.ts';
import { PipelineCache } from '../../src/gpu/pipelines.ts';
import { composeShader, readSource, shaderNames } from '../../src/gpu/shaders.ts';
import { testGpu } from '../ops/harness.ts';

const fill = kernelsOf('accumulate', ['count', 'value'])('fill', { writes: ['out'] });

/** A folder in which one file is changed. */
const withFile = (changed: string, change: (text: string) => string) => (name: string) =>
  name === changed ? change(readSource(name)) : readSource(name);

async function messageOf(readFile: (name: string) => string): Promise<string> {
  const { device } = await testGpu();
  const cache = new PipelineCache(device, (name, defines) => composeShader(name, defines, readFile));
  const failure = await cache.get(fill, { defines: { SPEED: 3, FAST: true, Number: 'f32' } }).then(
    () => 'compiled',
    (error: Error) => error.message,
  );
  return failure;
}

describe('a shader that does not compile', () => {
  it('is reported by its own file, line and text', async () => {
    const lines = readSource('accumulate').split('\n');
    const line = lines.findIndex((text) => text.includes('u.value'));
    const broken = lines
      .map((text, i) => (i === line ? text.replace('u.value', 'u.valeu') : text))
      .join('\n');
    const message = await messageOf(withFile('accumulate', () => broken));
    expect(message).toContain(`shaders/accumulate.wgsl:${line + 1}:`);
    expect(message).toContain('u.valeu');
    expect(message).toMatch(/^accumulate\.fill SPEED=3 FAST=true Number=f32 does not compile:/);
  });

  it('is reported by the included file where the mistake is there', async () => {
    const lines = readSource('lib/grid').split('\n');
    const line = lines.findIndex((text) => text.includes('return'));
    const message = await messageOf(
      withFile('lib/grid', (text) => text.replace('return ', 'return 1.5f + ')),
    );
    expect(message).toContain(`shaders/lib/grid.wgsl:${line + 1}:`);
    expect(message).toContain('return 1.5f');
  });

  it('is reported by the header where a definition is at fault', async () => {
    const { device } = await testGpu();
    const cache = new PipelineCache(device);
    await expect(cache.get(fill, { defines: { GOOD: 1, Bad: 'no_such_type' } })).rejects.toThrow(
      /header of accumulate:2:/,
    );
  });

  it('is reported by name where the file is missing', async () => {
    const missing = { ...fill, shader: 'no_such' };
    const { pipelines } = await testGpu();
    await expect(pipelines.get(missing)).rejects.toThrow('shaders/no_such.wgsl does not exist.');
  });
});

describe('composition', () => {
  it('puts header, file and includes in order, each include once, and maps every line back', () => {
    for (const name of shaderNames()) {
      const { code, origin } = composeShader(name, { EXTRA: 1 });
      const seen = new Set<string>();
      code.split('\n').forEach((text, index) => {
        const { file, line } = origin(index + 1);
        expect(seen.has(`${file}:${line}`)).toBe(false);
        seen.add(`${file}:${line}`);
        if (!file.startsWith('shaders/')) return;
        const source = readSource(file.slice('shaders/'.length, -'.wgsl'.length));
        expect(source.split('\n')[line - 1]).toBe(text);
      });
      const own = readSource(name).split('\n');
      const directives = own.flatMap((text, at) => (/^(enable|diagnostic)\b/.test(text) ? [at + 1] : []));
      directives.forEach((line, at) => {
        expect(origin(at + 1)).toEqual({ file: `shaders/${name}.wgsl`, line });
      });
      const top = code.match(/^(enable|diagnostic)\b.*;$/gm)?.length ?? 0;
      expect(origin(top + 1)).toEqual({ file: `header of ${name}`, line: 1 });
      expect(origin(top + 2)).toEqual({ file: `shaders/${name}.wgsl`, line: 1 });
    }
  });

  it('turns definitions into constants and aliases', () => {
    const { code } = composeShader('accumulate', { COUNT: 7, ON: false, Word: 'u32' });
    expect(code.split('\n').slice(0, 3)).toEqual([
      'const COUNT: u32 = 7u;',
      'const ON: bool = false;',
      'alias Word = u32;',
    ]);
  });

  it('puts what a shader enables before the header', () => {
    const { code } = composeShader('matmul/workgroup-f16', { SIDES: 1 });
    expect(code).toMatch(/^enable f16;\nconst SIDES/);
  });

  it('lists every entry file and no library', () => {
    expect(shaderNames()).toContain('accumulate');
    expect(shaderNames().some((name) => name.startsWith('lib/'))).toBe(false);
  });
});
