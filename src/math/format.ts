/** Numbers as people read them. All functions are pure and do not depend on the locale. */

/** Bytes in binary units, three significant digits: 1536 → "1.50 KiB". */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1023.5 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return unit === 0 ? `${bytes} B` : `${threeDigits(value)} ${units[unit]}`;
}

/** Counts with decimal suffixes: 494_032_768 → "494 M", 1373177925 → "1.37 B"; below 1000 as they are. */
export function formatCount(count: number): string {
  const units = ['', ' k', ' M', ' B', ' T'];
  let value = count;
  let unit = 0;
  while (Math.abs(value) >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return unit === 0 ? String(count) : `${threeDigits(value)}${units[unit]}`;
}

/** A count with its noun: "1 label", "7 labels", "0 clips". */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}

/** Seconds as "850 ms", "4.2 s", "3 min 05 s", "2 h 07 min". */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/** Milliseconds of a short piece of work: 2.345 → "2.35", 23.45 → "23.4"; the unit is the caller's. */
export const formatMilliseconds = (ms: number): string => ms.toFixed(ms < 10 ? 2 : 1);

/** A metric in a table or tooltip: `digits` significant digits, exponent form when very small or large, "–" for no number. */
export function formatMetric(value: number | null | undefined, digits = 4): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '–';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '-∞';
  if (value === 0) return '0';
  const magnitude = Math.abs(value);
  if (magnitude < 1e-3 || magnitude >= 1e6)
    return value.toExponential(Math.max(0, digits - 2)).replace('e+', 'e');
  return String(Number(value.toPrecision(digits)));
}

/** A share in [0, 1] as a percentage: 0.6583 → "65.8 %". */
export function formatPercent(share: number, decimals = 1): string {
  return Number.isFinite(share) ? `${(share * 100).toFixed(decimals)} %` : '–';
}

function threeDigits(value: number): string {
  const magnitude = Math.abs(value);
  if (magnitude >= 99.95) return value.toFixed(0);
  return value.toFixed(magnitude >= 9.995 ? 1 : 2);
}
