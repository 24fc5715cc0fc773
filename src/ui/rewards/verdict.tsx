/** What the newest check of a file says: that it cannot be used and why, or each of its tests. */
import { counted, formatBytes } from '../../math/format.ts';
import type { TestResult } from '../../sandbox/reward.ts';
import { inLabels } from '../parts/in-labels.ts';
import type { Checked, Fault } from './file-checker.ts';
import type { Language } from './own-files.ts';
import { usePythonFetch } from './sandboxes.ts';

interface VerdictProps {
  checked: Checked | undefined;
  isSettled: boolean;
  language: Language;
}

export function Verdict({ checked, isSettled, language }: VerdictProps) {
  return (
    <div className={isSettled ? '' : 'muted'} data-testid="verdict" data-settled={isSettled}>
      <p role="status" className="verdict-line" data-testid="verdict-line">
        {checked && isSettled ? verdictLine(checked) : 'Checking…'}
      </p>
      {!isSettled && language === 'py' && <PythonFetch />}
      {checked?.fault && <FaultWords fault={checked.fault} />}
      {checked && !checked.fault && checked.functions.length === 0 && (
        <p className="muted">{NO_REWARDS[language]}</p>
      )}
      {checked && !checked.fault && checked.functions.length + checked.tests.length > 0 && (
        <TestList tests={checked.tests} language={language} />
      )}
    </div>
  );
}

function verdictLine({ fault, functions, tests }: Checked): string {
  if (fault) return 'The file cannot be used yet.';
  if (functions.length === 0) return 'The file has no function that can be a reward.';
  const passed = tests.filter(({ ok }) => ok).length;
  if (tests.length === 0) return 'The file can be used. It has no tests.';
  if (passed === tests.length) return `${counted(passed, 'test')} passed.`;
  return `${tests.length - passed} of ${counted(tests.length, 'test')} failed.`;
}

function PythonFetch() {
  const progress = usePythonFetch();
  if (!progress) return <p className="muted">Python starts; that takes some seconds.</p>;
  const { done, total } = progress;
  return (
    <p className="progress-line">
      <span>Python is fetched once</span>
      <progress value={done} max={total} aria-label="Fetching Python" />
      <span className="number muted">
        {formatBytes(done)} of {formatBytes(total)}
      </span>
    </p>
  );
}

function FaultWords({ fault: { message, hint, details } }: { fault: Fault }) {
  return (
    <div className="field-problem" data-testid="code-fault">
      <p>
        {message} {hint}
      </p>
      {details && (
        <details>
          <summary>Where it was called</summary>
          <pre>{details}</pre>
        </details>
      )}
    </div>
  );
}

const NO_REWARDS: Readonly<Record<Language, string>> = {
  ts: 'Export one: export function my_reward({ completions }) { return completions.map(() => 1); }',
  js: 'Export one: export function my_reward({ completions }) { return completions.map(() => 1); }',
  py: 'Write one: def my_reward(completions, **kwargs): return [1 for _ in completions]',
};

const NO_TESTS: Readonly<Record<Language, string>> = {
  ts: 'Write one: export function testIt() { assert.equal(1 + 1, 2); }',
  js: 'Write one: export function testIt() { assert.equal(1 + 1, 2); }',
  py: 'Write one: def test_it(): assert 1 + 1 == 2',
};

function TestList({ tests, language }: { tests: readonly TestResult[]; language: Language }) {
  if (tests.length === 0) return <p className="muted">{NO_TESTS[language]}</p>;
  return (
    <ul className="test-list" aria-label="Tests">
      {tests.map(({ name, ok, message, line }) => (
        <li key={name} data-testid="reward-test" data-ok={ok}>
          <b className={ok ? 'passed' : 'failed'}>{ok ? '✓ passed' : '✗ failed'}</b> {name}
          {!ok && (
            <span className="field-problem">
              {line !== undefined && `line ${line}: `}
              {message !== undefined && inLabels(message)}
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}
