/** Damages bytes and texts the same way whenever it is made with the same seed. */
export class Mutator {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** A whole number below `limit`. */
  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * limit);
  }

  /** One to three changes: a bit flipped, a byte set, a piece cut out, doubled or cut off, bytes added at the end. */
  bytes(sound: Uint8Array): Uint8Array<ArrayBuffer> {
    let bytes = [...sound];
    for (let left = 1 + this.below(3); left > 0; left--) {
      const at = this.below(bytes.length || 1);
      const length = 1 + this.below(16);
      switch (this.below(6)) {
        case 0:
          bytes[at] = (bytes[at] ?? 0) ^ (1 << this.below(8));
          break;
        case 1:
          bytes[at] = [0, 255, 34, 48, 128, 125][this.below(6)]!;
          break;
        case 2:
          bytes.splice(at, length);
          break;
        case 3:
          bytes.splice(at, 0, ...bytes.slice(at, at + length));
          break;
        case 4:
          bytes = bytes.slice(0, at);
          break;
        default:
          bytes.push(...Array.from({ length }, () => this.below(256)));
      }
    }
    return Uint8Array.from(bytes);
  }

  /** One or two changes that keep the text a text: numbers, marks and words exchanged, members doubled, pieces cut out. */
  text(sound: string): string {
    let text = sound;
    for (let left = 1 + this.below(2); left > 0; left--) text = this.#changed(text);
    return text;
  }

  #changed(text: string): string {
    const at = this.below(text.length || 1);
    const length = 1 + this.below(12);
    const [before, after] = [text.slice(0, at), text.slice(at)];
    switch (this.below(6)) {
      case 0:
        return this.#replaced(text, /-?\d+/g, ['0', '-1', '4', '8', '1e3', '9007199254740993', '1.5', '"3"']);
      case 1:
        return this.#replaced(text, /[{}[\],:"]/g, ['{', '}', '[', ']', ',', ':', '"', '']);
      case 2:
        return this.#replaced(text, /"\w+"(?=:)/g, ['"b"', '"a"', '"__proto__"', '"dtype"', '""']);
      case 3:
        return before + after.slice(length);
      case 4:
        return this.#replaced(text, /"[^"]*":(?:\[[^\]]*\]|\{[^}]*\}|"[^"]*"|\d+)/g, ['$&,$&']);
      default:
        return before + ['null', ' ', '../', '\\', '\uFEFF', '\u0000', '"'][this.below(7)] + after;
    }
  }

  /** One of the places where `pattern` matches gets one of `values`; `$&` stands for what was there. */
  #replaced(text: string, pattern: RegExp, values: readonly string[]): string {
    const found = [...text.matchAll(pattern)];
    const match = found[this.below(found.length || 1)];
    if (!match) return text;
    const value = values[this.below(values.length)]!.replaceAll('$&', () => match[0]);
    return text.slice(0, match.index) + value + text.slice(match.index + match[0].length);
  }
}
