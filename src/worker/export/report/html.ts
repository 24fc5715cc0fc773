/** HTML that is put together from templates: every value is text, unless it is HTML itself. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Value = string | number | undefined | Html | readonly Html[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
/** Characters that turn the direction of what follows, or that no page may hold. */
const STEERING = /(?![\t\n\r])[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

const escaped = (text: string): string =>
  text.replace(STEERING, '').replace(/[&<>"']/g, (character) => ENTITIES[character]!);

function written(value: Value): string {
  if (value === undefined) return '';
  if (value instanceof Html) return value.text;
  if (typeof value === 'object') return value.map(({ text }) => text).join('');
  return escaped(String(value));
}

export function html(texts: TemplateStringsArray, ...values: readonly Value[]): Html {
  return new Html(texts.map((text, at) => text + written(values[at])).join(''));
}

const LONGEST = 2000;
/** The beginning of a text that may be of any length. */
export const cut = (text: string, longest = LONGEST): string =>
  text.length > longest ? `${text.slice(0, longest)} … (${text.length - longest} more characters)` : text;

interface Table {
  readonly caption: string;
  readonly head: readonly string[];
  /** The first cell of each row is its heading. */
  readonly rows: readonly (readonly (string | number)[])[];
}

export function table({ caption, head, rows }: Table): Html {
  const row = ([first, ...cells]: readonly (string | number)[]) =>
    html`<tr><th scope="row"><bdi>${first}</bdi></th>${cells.map((value) => html`<td><bdi>${value}</bdi></td>`)}</tr>`;
  return html`<div class="scrolls" tabindex="0" role="region" aria-label="${caption}"><table>
<caption>${caption}</caption>
<thead><tr>${head.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${rows.map(row)}</tbody>
</table></div>`;
}
