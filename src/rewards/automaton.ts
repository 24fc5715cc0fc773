/**
 * Whether a pattern matches somewhere in a text, in time that grows as the text does, whatever the pattern: all ways to match are
 * followed at once, from the end of the text to its beginning. Then what is ahead of a place is known when the place is reached,
 * and (?=…) and (?!…) are nothing but more ways to follow. What comes of a set of ways and a character is noted and looked up the
 * next time. Its twin in Python is in pattern-python.ts.
 */
import type { Tree } from './pattern-tree.ts';

/** Of a node is asked: does a match of what begins with it begin at this place? Node 0 is the end of every pattern, which does. */
type Node =
  | { readonly takes: (sign: string) => boolean; readonly next: number }
  | { readonly holds: (place: Place) => boolean; readonly next: number }
  | { readonly ahead: number; readonly isNot: boolean; readonly next: number }
  | { readonly ways: readonly number[] };

/** Between two characters; at either end of a text there is none. */
interface Place {
  readonly before: string;
  readonly after: string;
}

interface State {
  /** By node. */
  readonly begins: Uint8Array;
  /** What begins one character before, by the kind of the character before the place and the one behind it. */
  readonly noted: readonly Map<string, State>[];
}

const NOTHING_BEFORE = 0;
const SIGN_BEFORE = 1;
const WORD_BEFORE = 2;
const BEFORE = ['', ' ', 'a'] as const;
/** What is noted is forgotten when it is more than this. */
const MOST_STATES = 1000;
const MOST_NOTES = 20_000;

const WORD = /^\w/;
const isWord = (sign: string): boolean => WORD.test(sign);

const HOLDS: Readonly<Record<string, (place: Place) => boolean>> = {
  '^': ({ before }) => before === '',
  $: ({ after }) => after === '',
  '\\b': ({ before, after }) => isWord(before) !== isWord(after),
  '\\B': ({ before, after }) => isWord(before) === isWord(after),
};

/** Whether a part of a pattern takes a character. */
function takerOf(part: string): (sign: string) => boolean {
  if (part === '.') return (sign) => sign !== '\n';
  if (part.length === 1 || !/^[\\[]/.test(part)) return (sign) => sign === part;
  const compiled = new RegExp(`^${part}$`, 'u');
  return (sign) => compiled.test(sign);
}

export class Automaton {
  readonly #nodes: Node[] = [{ ways: [] }];
  /** Nodes of each lookahead, the inner ones first, and of the pattern itself. */
  readonly #layers: number[][] = [];
  #layer: number[] = [];
  readonly #start: number;
  /** Behind the text nothing begins. */
  #end: State;
  #states = new Map<string, State>();
  #notes = 0;

  constructor(tree: Tree) {
    this.#start = this.#build(tree, 0);
    this.#layers.push(this.#layer);
    this.#end = stateOf(new Uint8Array(this.#nodes.length));
  }

  test(text: string): boolean {
    const signs = Array.from(text);
    let state = this.#end;
    for (let at = signs.length; at >= 0; at--) {
      const kind = at === 0 ? NOTHING_BEFORE : isWord(signs[at - 1]!) ? WORD_BEFORE : SIGN_BEFORE;
      const after = signs[at] ?? '';
      state = state.noted[kind]!.get(after) ?? this.#note(state, kind, after);
      if (state.begins[this.#start]) return true;
    }
    return false;
  }

  /** Nodes for `tree`, before node `next`; returns the first. */
  #build(tree: Tree, next: number): number {
    if ('row' in tree) return tree.row.reduceRight((first, each) => this.#build(each, first), next);
    if ('choices' in tree) return this.#add({ ways: tree.choices.map((each) => this.#build(each, next)) });
    if ('ahead' in tree) {
      const outer = this.#layer;
      this.#layer = [];
      const ahead = this.#build(tree.ahead, 0);
      this.#layers.push(this.#layer);
      this.#layer = outer;
      return this.#add({ ahead, isNot: tree.isNot, next });
    }
    if ('repeated' in tree) return this.#buildRepeated(tree, next);
    const holds = HOLDS[tree.part];
    return this.#add(holds ? { holds, next } : { takes: takerOf(tree.part), next });
  }

  #buildRepeated({ repeated, least, most }: Extract<Tree, { repeated: Tree }>, next: number): number {
    let first = next;
    if (most === Number.POSITIVE_INFINITY) {
      const ways = [next];
      first = this.#add({ ways });
      ways.push(this.#build(repeated, first));
    } else {
      for (let count = least; count < most; count++)
        first = this.#add({ ways: [next, this.#build(repeated, first)] });
    }
    for (let count = 0; count < least; count++) first = this.#build(repeated, first);
    return first;
  }

  #add(node: Node): number {
    this.#layer.push(this.#nodes.length);
    return this.#nodes.push(node) - 1;
  }

  #note(state: State, kind: number, after: string): State {
    const begins = this.#begins(state.begins, { before: BEFORE[kind]!, after });
    const key = String.fromCharCode(...begins);
    if (this.#states.size > MOST_STATES || this.#notes > MOST_NOTES) this.#forget();
    const found = this.#states.get(key) ?? stateOf(begins);
    this.#states.set(key, found);
    state.noted[kind]!.set(after, found);
    this.#notes++;
    return found;
  }

  #forget(): void {
    this.#end = stateOf(this.#end.begins);
    this.#states = new Map();
    this.#notes = 0;
  }

  /** `later`: what began one character on. */
  #begins(later: Uint8Array, place: Place): Uint8Array {
    const begins = new Uint8Array(this.#nodes.length);
    begins[0] = 1;
    for (const layer of this.#layers) {
      // A repeat leads back to itself.
      for (let isNew = true; isNew; ) {
        isNew = false;
        for (const at of layer) {
          if (begins[at] || !this.#isBegun(this.#nodes[at]!, begins, later, place)) continue;
          begins[at] = 1;
          isNew = true;
        }
      }
    }
    return begins;
  }

  #isBegun(node: Node, begins: Uint8Array, later: Uint8Array, place: Place): boolean {
    if ('ways' in node) return node.ways.some((way) => begins[way]);
    if ('takes' in node) return later[node.next] === 1 && place.after !== '' && node.takes(place.after);
    if ('holds' in node) return begins[node.next] === 1 && node.holds(place);
    return begins[node.next] === 1 && (begins[node.ahead] === 1) !== node.isNot;
  }
}

const stateOf = (begins: Uint8Array): State => ({ begins, noted: [new Map(), new Map(), new Map()] });
