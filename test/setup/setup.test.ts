import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { adapterTests } from '../../src/cli/setup/adapter-tests.mjs';
import { initialBytes, initialFiles } from '../../src/cli/setup/bundle-size.mjs';
import { modulesAreCurrent } from '../../src/cli/setup/ensure.mjs';
import { debianMirrors } from '../../src/cli/setup/lavapipe.mjs';
import { takeAdapter } from '../../src/cli/setup/options.mjs';
import { adapterEnvironment, parseAdapter, swiftShaderManifest } from '../../src/cli/setup/paths.mjs';
import { countReport, countResults, failedNames } from '../../src/cli/setup/vitest-report.mjs';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'studio-setup-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('adapterTests', () => {
  it('are those whose imports lead to an adapter, by whatever way', () => {
    const files = {
      'test/setup/adapter.ts': '',
      'test/ops/harness.ts': "import { openTestDevice } from '../setup/adapter.ts';",
      'src/cli/adapter.ts': '',
      'src/rl/session.ts': "export { openNodeDevice } from '../cli/adapter.ts';",
      'test/ops/b.test.ts': "import {\n  testGpu,\n} from './harness.ts';",
      'test/ops/a.test.ts': "const { open } = await import('../../src/rl/session.ts');",
      'test/ops/pure.test.ts': "import { gone } from './gone.ts';\nimport 'vitest';",
      'test/rl/c.test.ts': "import '../setup/adapter.ts';",
      'test/rl/more.ts': "import '../setup/adapter.ts';",
    };
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    expect(adapterTests(folder, ['test/ops', 'test/rl'])).toEqual([
      'test/ops/a.test.ts',
      'test/ops/b.test.ts',
      'test/rl/c.test.ts',
    ]);
  });
});

describe('modulesAreCurrent', () => {
  const write = (path: string, packages: object) => {
    mkdirSync(join(folder, 'node_modules'), { recursive: true });
    writeFileSync(join(folder, path), JSON.stringify({ packages }));
  };
  const locked = {
    '': {},
    'node_modules/a': { version: '1.0.0' },
    'node_modules/b': { version: '2.0.0', optional: true },
  };

  it('misses everything in a bare clone', () => {
    writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ packages: locked }));
    expect(modulesAreCurrent(folder)).toBe(false);
  });

  it.each([
    ['all there', { 'node_modules/a': { version: '1.0.0' }, 'node_modules/b': { version: '2.0.0' } }, true],
    ['an optional one absent', { 'node_modules/a': { version: '1.0.0' } }, true],
    ['an old version', { 'node_modules/a': { version: '0.9.0' } }, false],
    [
      'an optional one of another version',
      { 'node_modules/a': { version: '1.0.0' }, 'node_modules/b': { version: '1.9.0' } },
      false,
    ],
    ['one absent', { 'node_modules/b': { version: '2.0.0' } }, false],
  ])('with %s', (_, installed, current) => {
    write('package-lock.json', locked);
    write('node_modules/.package-lock.json', installed);
    expect(modulesAreCurrent(folder)).toBe(current);
  });
});

describe('the counts of a test run', () => {
  const file = (status: string, tests: number) => ({
    status,
    assertionResults: Array.from({ length: tests }),
  });
  const report = (total: number, passed: number, ...testResults: ReturnType<typeof file>[]) => ({
    numTotalTests: total,
    numPassedTests: passed,
    testResults,
  });

  it('takes a skipped test for a failed one', () => {
    expect(countResults(report(5, 3, file('passed', 5)), true)).toEqual({ passed: 3, failed: 2 });
  });

  it('counts a file that did not load', () => {
    expect(countResults(report(2, 2, file('passed', 2), file('failed', 0)), false)).toEqual({
      passed: 2,
      failed: 1,
    });
  });

  it('counts an error outside of any test', () => {
    expect(countResults(report(2, 2, file('passed', 2)), false)).toEqual({ passed: 2, failed: 1 });
  });

  it('counts a run that left no report, even one that claims success', () => {
    expect(countReport(join(folder, 'none.json'), true)).toEqual({ passed: 0, failed: 1 });
  });
});

describe('the names of failed tests', () => {
  const named = (files: [name: string, status: string, results: [fullName: string, status: string][]][]) => {
    const testResults = files.map(([name, status, results]) => ({
      name: join(folder, name),
      status,
      assertionResults: results.map(([fullName, status]) => ({ fullName, status })),
    }));
    const numPassedTests = files.flatMap(([, , results]) => results).filter(([, s]) => s === 'passed').length;
    const report = { numTotalTests: files.flatMap(([, , all]) => all).length, numPassedTests, testResults };
    const path = join(folder, 'report.json');
    writeFileSync(path, JSON.stringify(report));
    return failedNames(path, folder, countReport(path, false));
  };

  it('are those of tests that failed or were skipped, and of files that did not load', () => {
    const results: [string, string][] = [
      ['a run starts', 'passed'],
      ['a run goes on', 'failed'],
      ['a run ends', 'skipped'],
    ];
    expect(
      named([
        ['test/rl/run.test.ts', 'failed', results],
        ['test/rl/late.test.ts', 'failed', []],
        ['test/rl/good.test.ts', 'passed', [['all is well', 'passed']]],
      ]),
    ).toEqual([
      'test/rl/run.test.ts > a run goes on',
      'test/rl/run.test.ts > a run ends (skipped)',
      'test/rl/late.test.ts (did not load)',
    ]);
  });

  it('say when the error was in no test, and when there is no report', () => {
    expect(named([['test/a.test.ts', 'passed', [['all is well', 'passed']]]])).toEqual([
      'an error outside of any test',
    ]);
    expect(failedNames(join(folder, 'none.json'), folder, { passed: 0, failed: 1 })).toEqual([
      'the run ended without a report',
    ]);
  });

  it('are none of a run that passed', () => {
    const path = join(folder, 'none.json');
    expect(failedNames(path, folder, { passed: 3, failed: 0 })).toEqual([]);
  });
});

describe('the bundle budget', () => {
  const manifest = {
    'index.html': {
      file: 'index.js',
      isEntry: true,
      imports: ['_a.js'],
      css: ['index.css'],
      dynamicImports: ['late.ts'],
    },
    '_a.js': { file: 'a.js', imports: ['_b.js'] },
    '_b.js': { file: 'b.js', imports: ['_a.js'] },
    'late.ts': { file: 'late.js', isDynamicEntry: true },
  };

  it('counts the entry, its static imports and style sheets, not what is imported later', () => {
    expect(initialFiles(manifest).sort()).toEqual(['a.js', 'b.js', 'index.css', 'index.js']);
  });

  it('sums compressed sizes', () => {
    mkdirSync(join(folder, '.vite'));
    writeFileSync(join(folder, '.vite', 'manifest.json'), JSON.stringify(manifest));
    for (const name of ['index.html', 'index.js', 'index.css', 'a.js', 'b.js'])
      writeFileSync(join(folder, name), '');
    const empty = initialBytes(folder);
    writeFileSync(join(folder, 'a.js'), 'x'.repeat(100_000));
    expect(initialBytes(folder) - empty).toBeGreaterThan(50);
    expect(initialBytes(folder) - empty).toBeLessThan(1000);
    writeFileSync(join(folder, 'late.js'), 'y'.repeat(100_000));
    expect(initialBytes(folder) - empty).toBeLessThan(1000);
  });
});

describe('the option --adapter', () => {
  it.each([
    [['--x', '1'], null, ['--x', '1']],
    [['--adapter', 'lavapipe', '--x'], 'lavapipe', ['--x']],
    [['a', '--adapter=default', 'b'], 'default', ['a', 'b']],
    [['--adapter'], '', []],
  ])('in %j', (args, adapter, rest) => {
    expect(takeAdapter(args)).toEqual({ adapter, rest });
  });

  it('names the adapters there are when it meets another', () => {
    expect(() => parseAdapter('vulkan')).toThrow('expected one of swiftshader, lavapipe, default');
  });

  it('points the Vulkan loader at exactly one driver', () => {
    const environment = adapterEnvironment('swiftshader');
    expect(environment.VK_ICD_FILENAMES).toBe(swiftShaderManifest());
    expect(environment.VK_DRIVER_FILES).toBe(environment.VK_ICD_FILENAMES);
    expect(adapterEnvironment('default')).toEqual({});
  });
});

describe('debianMirrors', () => {
  it('reads both formats of apt sources, and neither comments nor other archives', () => {
    const text = [
      '# deb http://commented.example/debian bookworm main',
      '# http://snapshot.example/archive/debian/2025',
      'Types: deb',
      'URIs: http://one.example/debian',
      'Suites: bookworm bookworm-updates',
      'URIs: http://one.example/debian-security',
      'deb [signed-by=/k.gpg] https://two.example/mirror/debian/ bookworm main',
      'deb https://other.example/apt cloud-sdk-bookworm main',
    ].join('\n');
    expect(debianMirrors(text)).toEqual(['http://one.example/debian', 'https://two.example/mirror/debian/']);
  });
});
