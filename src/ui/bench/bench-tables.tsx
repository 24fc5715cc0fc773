/** Rows and means of a bench. */
import { formatMilliseconds, formatPercent } from '../../math/format.ts';
import type { Row } from '../../protocol/bench.ts';

export function MeansTable({ summary }: { summary: Readonly<Record<string, number>> }) {
  return (
    <table className="bench-means">
      <caption className="sr-only">Geometric means of their time over ours</caption>
      <tbody>
        {Object.entries(summary).map(([key, mean]) => (
          <tr key={key}>
            <th scope="row">{key}</th>
            <td className="number right" data-testid="bench-mean">
              {mean.toFixed(2)}×
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const HEADS = ['what', 'shape', 'against', 'ours', 'theirs', 'ratio', 'GFLOP/s', 'GB/s'];

export function BenchTable({ rows }: { rows: readonly Row[] }) {
  return (
    <div className="bench-rows">
      <table>
        <caption className="sr-only">Times of our kernels and of other libraries&apos;</caption>
        <thead>
          <tr>
            {HEADS.map((head, column) => (
              <th key={head} scope="col" className={column < 3 ? '' : 'right'}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <BenchRow key={`${row.kernel} ${row.shape} ${row.peer}`} row={row} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Spreads are quartiles; shares are of the best that the device gave. */
function BenchRow({ row }: { row: Row }) {
  const { kernel, shape, peer, oursMs, oursSpread, theirsMs, theirsSpread, ratio, note, rates } = row;
  return (
    <tr data-testid="bench-row">
      <th scope="row">{kernel}</th>
      <td>{shape}</td>
      <td>{peer}</td>
      <Time ms={oursMs} spread={oursSpread} />
      {theirsMs === null || theirsSpread === null ? (
        <td className="muted right">{note ?? 'not measured'}</td>
      ) : (
        <Time ms={theirsMs} spread={theirsSpread} />
      )}
      <td className="number right">{ratio === null ? '–' : `${ratio.toFixed(2)}×`}</td>
      <td className="number right">{rates && <Rate value={rates.gflops} share={rates.gflopsShare} />}</td>
      <td className="number right">
        {rates && <Rate value={rates.gigabytes} share={rates.gigabytesShare} />}
      </td>
    </tr>
  );
}

function Time({ ms, spread }: { ms: number; spread: readonly [number, number] }) {
  return (
    <td className="number right">
      {formatMilliseconds(ms)} ms <small className="muted">{spread.map(formatMilliseconds).join('–')}</small>
    </td>
  );
}

/** Nothing where nothing is counted, as of products in a norm. */
function Rate({ value, share }: { value: number; share: number }) {
  if (value === 0) return '–';
  return (
    <>
      {value.toFixed(value < 10 ? 2 : 1)} <small className="muted">{formatPercent(share, 0)}</small>
    </>
  );
}
