/** A list of turns as any trainer writes it → what is said by whom, with a tag where a turn shows or plays something. */
import { squeezed } from '../column-names.ts';
import { describeJson, isRecord, type Json } from '../json-shapes.ts';
import type { MediumKind } from '../types.ts';
import { isProblem, malformed, type RowProblem } from './problem.ts';
import { tagOf, tagsIn } from './tags.ts';

export interface Said {
  readonly role: 'system' | 'user' | 'assistant';
  readonly text: string;
}

/** A place in a text where something is shown or played. */
export interface Slot {
  readonly kind: MediumKind;
  /** What the turn itself names there: a path, or an object around one; undefined where a column does. */
  readonly source?: unknown;
}

export interface Chat {
  readonly said: readonly Said[];
  /** One for each tag in the texts, in their order. */
  readonly slots: readonly Slot[];
}

type Role = Said['role'] | 'tool' | 'call';
/** By squeezed names. LLaMA-Factory: human, gpt, observation, function_call; ms-swift: tool_call, tool_response. */
const ROLES: Readonly<Record<string, Role>> = {
  ...{ system: 'system', developer: 'system' },
  ...{ user: 'user', human: 'user', prompter: 'user' },
  ...{ assistant: 'assistant', gpt: 'assistant', chatgpt: 'assistant', model: 'assistant', bot: 'assistant' },
  ...{ ai: 'assistant' },
  ...{ tool: 'tool', function: 'tool', observation: 'tool', toolresponse: 'tool', ipython: 'tool' },
  ...{ functioncall: 'call', toolcall: 'call' },
};

/** `name`: of the column, for messages. */
export function readChat(name: string, turns: readonly unknown[]): Chat | RowProblem {
  const said: Said[] = [];
  const slots: Slot[] = [];
  for (const turn of turns) {
    const read = readTurn(name, turn);
    if (isProblem(read)) return read;
    const last = said.at(-1);
    // Several tools may answer one call: Qwen's template puts them into one turn.
    if (read.isTool && last?.role === 'user' && last.text.endsWith(TOOL_END))
      said[said.length - 1] = { role: 'user', text: `${last.text}\n${read.text}` };
    else said.push({ role: read.role, text: read.text });
    slots.push(...read.slots);
  }
  return { said, slots };
}

interface Turn extends Said {
  readonly slots: readonly Slot[];
  readonly isTool: boolean;
}

function readTurn(name: string, turn: unknown): Turn | RowProblem {
  if (!isRecord(turn))
    return malformed(
      `A turn of "${name}" is ${describeJson(turn)}, expected {"role": …, "content": text} or {"from": …, "value": text}.`,
    );
  const written = turn.role ?? turn.from;
  const role = Object.hasOwn(ROLES, squeezed(String(written))) ? ROLES[squeezed(String(written))] : undefined;
  if (role === undefined)
    return malformed(
      `A turn of "${name}" is of ${JSON.stringify(written) ?? 'nobody'}; system, user (human), assistant (gpt, model), tool (observation) and function_call are known.`,
    );
  const content = contentOf(name, turn);
  if (isProblem(content)) return content;
  const { text, slots } = content;
  // Qwen's chat template and LLaMA-Factory's write calls and what they give so.
  if (role === 'tool') return { role: 'user', text: `${TOOL_START}${text}${TOOL_END}`, slots, isTool: true };
  const said = role === 'call' ? callText(text) : [text, ...callsIn(turn)].filter(Boolean).join('\n');
  return { role: role === 'call' ? 'assistant' : role, text: said, slots, isTool: false };
}

const TOOL_START = '<tool_response>\n';
const TOOL_END = '\n</tool_response>';
const callText = (text: string): string => `<tool_call>\n${text}\n</tool_call>`;

/** The calls of an assistant's turn as OpenAI has them. */
function callsIn({ tool_calls: calls }: Json): string[] {
  if (!Array.isArray(calls)) return [];
  return calls.filter(isRecord).map((call) => {
    const { name, arguments: given } = isRecord(call.function) ? call.function : call;
    const args = typeof given === 'string' ? given : JSON.stringify(given ?? {});
    return callText(`{"name": ${JSON.stringify(name)}, "arguments": ${args}}`);
  });
}

interface Content {
  readonly text: string;
  readonly slots: readonly Slot[];
}

const ofText = (text: string): Content => ({ text, slots: tagsIn(text).map((kind) => ({ kind })) });

/** A content as it stands, or its parts one after the other, with a tag for each that is no text. */
function contentOf(name: string, turn: Json): Content | RowProblem {
  const content = turn.content ?? turn.value ?? (Array.isArray(turn.tool_calls) ? '' : undefined);
  if (typeof content === 'string') return ofText(content.trim());
  if (!Array.isArray(content))
    return malformed(
      `A turn of "${name}" holds ${describeJson(content)}, expected {"role": …, "content": text} or {"from": …, "value": text}.`,
    );
  const read: Content[] = [];
  for (const part of content as readonly unknown[]) {
    const one = readPart(name, part);
    if (isProblem(one)) return one;
    read.push(one);
  }
  return {
    text: read
      .map(({ text }) => text)
      .join('')
      .trim(),
    slots: read.flatMap(({ slots }) => slots),
  };
}

/** Kinds by how the types and keys of parts begin and end: image, image_url, input_image, video, input_audio. */
const KIND = /^(?:input_)?(image|video|audio)(?:_url)?$/;

/** A part of a content. Arrow gives every part the keys of all of them, with null where they say nothing. */
function readPart(name: string, part: unknown): Content | RowProblem {
  if (typeof part === 'string') return ofText(part);
  if (!isRecord(part))
    return malformed(`A part of a turn of "${name}" is ${describeJson(part)}, expected a text or an object.`);
  const { type, text } = part;
  const key = Object.keys(part).find(
    (each) => KIND.test(each) && part[each] !== null && part[each] !== undefined,
  );
  const kind = KIND.exec(typeof type === 'string' ? type : (key ?? ''))?.[1] as MediumKind | undefined;
  if (kind === undefined && typeof text === 'string') return ofText(text);
  if (kind === undefined)
    return malformed(
      `A part of a turn of "${name}" is ${describeJson(part)}; text, image, video and audio are known.`,
    );
  const source =
    (key === undefined ? undefined : part[key]) ?? part.url ?? part.path ?? part.file ?? undefined;
  return { text: tagOf(kind), slots: [source === undefined ? { kind } : { kind, source }] };
}
