/** Byte-level BPE and WordPiece by their definitions, slowly, to hold the tokenizers against. */

const SPLIT =
  /'(?:[sStTmMdDſ]|[rR][eE]|[vV][eE]|[lL][lL])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+/gu;

/** GPT-2's letter for each byte: printable bytes stand for themselves, the others for U+0100 and following. */
function byteLetters(): string[] {
  const printable = (byte: number): boolean =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(printable(byte) ? byte : next++));
}

/** Of a `tokenizer.json` without special tokens: NFC, split, bytes as letters, then the merge of lowest rank until none is left. */
export function referenceBpe(
  vocab: Readonly<Record<string, number>>,
  merges: readonly (string | readonly string[])[],
): (text: string) => number[] {
  const letters = byteLetters();
  const rank = new Map(
    merges.map((pair, i) => [typeof pair === 'string' ? pair : pair.join(' '), i] as const),
  );
  const word = (text: string): number[] => {
    let parts = Array.from(new TextEncoder().encode(text), (byte) => letters[byte]!);
    for (;;) {
      const ranks = parts.slice(1).map((part, i) => rank.get(`${parts[i]} ${part}`) ?? Infinity);
      const best = Math.min(...ranks);
      if (best === Infinity) return parts.map((part) => vocab[part]!);
      // All places of the same pair merge in one go, from the left.
      const merged: string[] = [];
      for (let i = 0; i < parts.length; i++)
        merged.push(ranks[i] === best ? parts[i]! + parts[++i]! : parts[i]!);
      parts = merged;
    }
  };
  return (text) => (text.normalize('NFC').match(SPLIT) ?? []).flatMap(word);
}

/** Of bert-base-uncased: lower case without accents, words and single punctuation marks, longest known piece first. */
export function referenceWordPiece(vocab: readonly string[]): (text: string) => number[] {
  const ids = new Map(vocab.map((token, id) => [token, id]));
  const pieces = (word: string): number[] => {
    const found: number[] = [];
    for (let start = 0; start < word.length; ) {
      let end = word.length;
      const piece = () => (start > 0 ? '##' : '') + word.slice(start, end);
      while (end > start && !ids.has(piece())) end--;
      if (end === start) return [ids.get('[UNK]')!];
      found.push(ids.get(piece())!);
      start = end;
    }
    return found;
  };
  return (text) => {
    const plain = text
      .toLowerCase()
      .normalize('NFD')
      .replace(/\p{Mn}/gu, '');
    const words = plain.match(/[\p{P}$+<=>^`|~]|[\p{Script=Han}]|[^\s\p{P}$+<=>^`|~\p{Script=Han}]+/gu) ?? [];
    return [ids.get('[CLS]')!, ...words.flatMap(pieces), ids.get('[SEP]')!];
  };
}
