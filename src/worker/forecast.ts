/** What a run would find at its start, by weights that lie on the device to be measured. */
import { InputError } from '../math/errors.ts';
import type { Config } from '../protocol/config.ts';
import { FORECAST_ROWS, type Forecast } from '../protocol/forecast.ts';
import { forecastOf } from '../rl/forecast.ts';
import type { PrepareReport } from './clips/features.ts';
import type { Report } from './progress.ts';
import { openRewards } from './rewards.ts';
import type { Run } from './run.ts';

/** Asks the rows that a run with these settings would begin with. @throws InputError where none can be read */
export async function forecastRun(
  run: Run,
  config: Config,
  report: PrepareReport & { answers: Report },
): Promise<Forecast> {
  const { rows, parts } = run;
  const first = rows.usable.length === 0 ? [] : rows.dealFrom(rows.next, FORECAST_ROWS);
  // Where there are fewer rows, the order begins anew.
  const { context, examples } = await run.ready([...new Set(first)], report);
  if (examples.length === 0) {
    throw new InputError(`${parts.data.name}: no row of the split "train" can be used.`, {
      hint: 'Look at the issues of the data set; every row that was left out is listed there.',
    });
  }
  parts.features?.letGoOfTowers();
  const panel = await openRewards(config, parts.openers ?? {});
  try {
    return await forecastOf(context, examples, panel, config, report.answers);
  } finally {
    panel[Symbol.dispose]();
  }
}
