/** How a run's curves look: a colour that it keeps for as long as this device knows it, and a dash pattern, which tells apart what two colours do not. */

export interface RunStyle {
  /** Of `--run-1` and the following in tokens.css. */
  readonly colour: number;
  /** As `stroke-dasharray` has it. */
  readonly dash: string;
}

/** A colour each, in their order. */
const DASHES = ['7 3', '2 2', '9 3 2 3', '5 5', '12 4', '1 4', '9 3 2 3 2 3', '4 2 1 2'];
export const RUN_COLOURS = DASHES.length;

const KEY = 'studio.run-colours';
/** Runs whose colours are kept; the oldest are forgotten. */
const MOST_KEPT = 200;

/** The run's own style beside `others`, which are drawn already: its colour, as it was given once, and a pattern that none of them has. */
export function styleFor(id: string, others: readonly RunStyle[]): RunStyle {
  const colour = colourOf(id, others);
  const free = DASHES.filter((dash) => others.every((other) => other.dash !== dash));
  const own = DASHES[colour - 1]!;
  return { colour, dash: free.includes(own) ? own : (free[0] ?? own) };
}

/** The run's colour; one that is new here gets the first that no run beside it has. */
export function colourOf(id: string, others: readonly RunStyle[] = []): number {
  const kept = keptColours();
  const known = kept.find(([run]) => run === id)?.[1];
  if (known !== undefined) return known;
  const all = Array.from({ length: RUN_COLOURS }, (_, index) => index + 1);
  const given = (colour: number) => kept.filter((each) => each[1] === colour).length;
  const free = all.filter((colour) => others.every((other) => other.colour !== colour));
  const [colour] = (free.length > 0 ? free : all).toSorted((a, b) => given(a) - given(b));
  keepColours([...kept, [id, colour!]]);
  return colour!;
}

type Kept = readonly (readonly [id: string, colour: number])[];
/** Of this visit, where the browser keeps nothing. */
let remembered: Kept = [];

function keptColours(): Kept {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return Array.isArray(found) ? (found.filter(isKept) as Kept) : remembered;
  } catch {
    return remembered;
  }
}

const isKept = (found: unknown): boolean =>
  Array.isArray(found) &&
  typeof found[0] === 'string' &&
  Number.isInteger(found[1]) &&
  found[1] >= 1 &&
  found[1] <= RUN_COLOURS;

function keepColours(colours: Kept): void {
  remembered = colours.slice(-MOST_KEPT);
  try {
    localStorage.setItem(KEY, JSON.stringify(remembered));
  } catch {
    // A browser that keeps nothing knows a run's colour for the visit.
  }
}
