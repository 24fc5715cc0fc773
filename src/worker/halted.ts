import type { Report } from './progress.ts';

/** Thrown by work that was told to stop before it had anything to show. */
export class Halted extends Error {
  constructor() {
    super('Stopped.');
    this.name = 'Halted';
  }
}

/** @throws Halted where work is to stop */
export function haltIf(stopped: () => boolean): void {
  if (stopped()) throw new Halted();
}

/** A report that ends the work which reports, once that is to stop. */
export function halting(report: Report, stopped: () => boolean): Report {
  return (done, total) => {
    haltIf(stopped);
    report(done, total);
  };
}
