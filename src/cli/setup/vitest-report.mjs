// @ts-check
// Counts what Vitest's JSON report says, and names what failed. A test that was skipped counts as failed, and so does a file
// that did not load.
import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';

/** @typedef {{ passed: number, failed: number }} Count */
/** @typedef {{ status: string, fullName?: string }} Result */
/** @typedef {{ name: string, status: string, assertionResults: Result[] }} FileReport `name` is its absolute path */

/**
 * @param {string} path of the report; when there is none, the run itself broke
 * @param {boolean} succeeded whether Vitest ended with status 0
 * @returns {Count}
 */
export function countReport(path, succeeded) {
  if (!existsSync(path)) return { passed: 0, failed: 1 };
  return countResults(JSON.parse(readFileSync(path, 'utf8')), succeeded);
}

/**
 * @param {{ numTotalTests: number, numPassedTests: number,
 *   testResults: { status: string, assertionResults: unknown[] }[] }} report
 * @param {boolean} succeeded
 * @returns {Count}
 */
export function countResults(report, succeeded) {
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  );
  const failed = report.numTotalTests - report.numPassedTests + broken.length;
  // An error outside any test (an unhandled rejection, a crashed process) leaves no trace in the numbers.
  return { passed: report.numPassedTests, failed: failed === 0 && !succeeded ? 1 : failed };
}

/**
 * What one who has only the end of a long log needs: each failed test as `file > its full name`, and what failed outside of any.
 * @param {string} path of the report
 * @param {string} root to which paths of files are told
 * @param {Count} count of the same report
 * @returns {string[]} none when nothing failed
 */
export function failedNames(path, root, { failed }) {
  if (failed === 0) return [];
  if (!existsSync(path)) return ['the run ended without a report'];
  const { testResults } = JSON.parse(readFileSync(path, 'utf8'));
  const names = testResults.flatMap((/** @type {FileReport} */ file) => failedOfFile(file, root));
  return names.length > 0 ? names : ['an error outside of any test'];
}

/**
 * @param {FileReport} file
 * @param {string} root
 */
function failedOfFile({ name, status, assertionResults }, root) {
  const file = relative(root, name);
  if (status === 'failed' && assertionResults.length === 0) return [`${file} (did not load)`];
  return assertionResults
    .filter((result) => result.status !== 'passed')
    .map(
      (result) => `${file} > ${result.fullName}${result.status === 'failed' ? '' : ` (${result.status})`}`,
    );
}
