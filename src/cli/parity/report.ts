/** What the command prints. */
import { holds, type Quantity } from './quantity.ts';

/** The outcome for one case folder. */
export interface FolderReport {
  readonly folder: string;
  readonly kind?: string;
  readonly quantities: readonly Quantity[];
  /** Why the folder could not be compared, or not to its end. */
  readonly problem?: string;
}

export const passes = ({ quantities, problem }: FolderReport): boolean =>
  problem === undefined && quantities.length > 0 && quantities.every(holds);

const show = (value: number): string => (Number.isFinite(value) ? value.toExponential(2) : String(value));

/** "ok    loss …  error 1.20e-8  bound 3.40e-5" */
export function quantityLine(quantity: Quantity): string {
  const verdict = holds(quantity) ? 'ok  ' : 'FAIL';
  const weights = quantity.weights === undefined ? '' : ` for ${quantity.weights} weights`;
  return `${verdict}  ${quantity.name}  error ${show(quantity.error)}  bound ${show(quantity.bound)}${weights}`;
}

/** The last line of one folder. */
export function folderLine(report: FolderReport): string {
  const missed = report.quantities.filter((quantity) => !holds(quantity)).length;
  const held = report.quantities.length - missed;
  const problem = report.problem === undefined ? '' : `, stopped: ${report.problem}`;
  return `${passes(report) ? 'ok  ' : 'FAIL'}  ${report.folder} (${report.kind ?? 'unknown kind'}): ${held} within bounds, ${missed} beyond${problem}`;
}

/** Everything as one JSON document; an error that is no number is null there. */
export function jsonReport(adapter: string, reports: readonly FolderReport[]): string {
  const folders = reports.map((report) => ({
    folder: report.folder,
    kind: report.kind ?? null,
    ok: passes(report),
    ...(report.problem === undefined ? {} : { problem: report.problem }),
    quantities: report.quantities.map((quantity) => ({ ...quantity, ok: holds(quantity) })),
  }));
  return JSON.stringify({ adapter, ok: reports.every(passes), folders }, null, 2);
}
