// @ts-check
// Counts what Vitest's JSON report says. A test that was skipped counts as failed, and so does a file that did not load.
import { existsSync, readFileSync } from 'node:fs';

/** @typedef {{ passed: number, failed: number }} Count */

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
