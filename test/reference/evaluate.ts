/** What an expression comes to, as a working prints it: `(1 + 2 × 0.5) / √(4²)`. */
import { expect } from 'vitest';
import type { Working } from '../../src/protocol/working/line.ts';

const FUNCTIONS: Readonly<Record<string, (...values: number[]) => number>> = {
  ...{ min: Math.min, max: Math.max, exp: Math.exp, cos: Math.cos, '√': Math.sqrt },
};

export function evaluate(text: string): number {
  const tokens = text.match(/\d+(?:\.\d+)?(?:e−?\d+)?|[a-z]+|[√π²()+−×/,]|\S/g) ?? [];
  let at = 0;
  const take = (wanted?: string): string => {
    const token = tokens[at++];
    if (token === undefined || (wanted !== undefined && token !== wanted)) {
      throw new Error(`“${text}”: ${token} at ${at} in the place of ${wanted}.`);
    }
    return token;
  };
  const sum = (): number => {
    let value = product();
    while (tokens[at] === '+' || tokens[at] === '−') value += take() === '+' ? product() : -product();
    return value;
  };
  const product = (): number => {
    let value = power();
    while (tokens[at] === '×' || tokens[at] === '/')
      value = take() === '×' ? value * power() : value / power();
    return value;
  };
  const power = (): number => {
    const value = atom();
    if (tokens[at] !== '²') return value;
    take();
    return value * value;
  };
  const atom = (): number => {
    const token = take();
    if (token === '−') return -atom();
    if (token === 'π') return Math.PI;
    if (token === '(') return closed(sum());
    const call = FUNCTIONS[token];
    if (!call) return numberOf(token);
    take('(');
    const values = [sum()];
    while (tokens[at] === ',') {
      take();
      values.push(sum());
    }
    return closed(call(...values));
  };
  const closed = (value: number): number => {
    take(')');
    return value;
  };
  const numberOf = (token: string): number => {
    const value = Number(token.replace('−', '-'));
    if (Number.isNaN(value)) throw new Error(`“${text}”: ${token} is no number.`);
    return value;
  };
  const value = sum();
  if (at < tokens.length) throw new Error(`“${text}” goes on with ${tokens[at]}.`);
  return value;
}

/** Every line of a working comes to its value. */
export function expectSound({ lines, follows = [] }: Working): void {
  for (const { what, filled, value } of [...lines, ...follows]) {
    if (filled === undefined) continue;
    const scale = Math.max(1, Math.abs(value));
    expect(Math.abs(evaluate(filled) - value) / scale, `${what}: ${filled} for ${value}`).toBeLessThan(1e-6);
  }
}

export const resultOf = (working: Working): number => working.lines.at(-1)!.value;
