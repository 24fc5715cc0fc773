/** Whether the answer is JSON that fits a JSON Schema of the run's own; a fence of three backticks around it is no fault. */
import { saidAnswer } from './readings.ts';
import { reward, zeroToOne } from './reward.ts';
import { fitsSchema, readSchema, type Schema } from './schema.ts';

const FENCED = /^```(?:json)?[ \t]*\n([\s\S]*)\n[ \t]*```$/;
/** Levels of brackets, counted in texts, too: deeper ones are refused by one language's parser and not by the other's. */
const DEEPEST = 100;

function depthOf(text: string): number {
  let [depth, deepest] = [0, 0];
  for (const sign of text) {
    if (sign === '[' || sign === '{') deepest = Math.max(deepest, ++depth);
    if (sign === ']' || sign === '}') depth--;
  }
  return deepest;
}

/** The value that an answer writes as JSON; undefined where it is none. */
function jsonOf(said: string | null): unknown {
  const written = FENCED.exec(said ?? '')?.[1] ?? said ?? '';
  if (depthOf(written) > DEEPEST) return undefined;
  try {
    return JSON.parse(written) as unknown;
  } catch {
    return undefined;
  }
}

let lastSchema: { source: string; read: Schema } = { source: '', read: true };

/** The run's schema, read once; without one all JSON fits. */
function schemaOf(source: string): Schema {
  if (source !== lastSchema.source) lastSchema = { source, read: source === '' ? true : readSchema(source) };
  return lastSchema.read;
}

export const jsonSchema = reward({
  help: 'the answer is JSON, and fits a JSON Schema',
  group: 'format',
  source: 'a part of JSON Schema 2020-12',
  parameters: {
    jsonSchema: {
      ...{ kind: 'text', default: '', check: schemaOf },
      label: 'Schema of json_schema',
      help: 'json_schema gives a point where the answer is JSON that fits this JSON Schema. Empty = any JSON.',
    },
  },
  range: zeroToOne,
  score: (text, { jsonSchema }) => {
    const value = jsonOf(saidAnswer(text));
    return Number(value !== undefined && fitsSchema(value, schemaOf(jsonSchema)));
  },
  python: String.raw`
_FENCED = re.compile("${'`'.repeat(3)}(?:json)?[ \t]*\n(.*)\n[ \t]*${'`'.repeat(3)}", re.DOTALL)


def _depth(text):
    depth = deepest = 0
    for sign in text:
        if sign in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif sign in "]}":
            depth -= 1
    return deepest


@functools.lru_cache
def _schema(source):
    return _json(source) if source else True


def _json_schema(text, about):
    said = _said_answer(text) or ""
    fenced = _FENCED.fullmatch(said)
    written = fenced.group(1) if fenced else said
    if _depth(written) > 100:
        return 0.0
    try:
        value = _json(written)
    except ValueError:
        return 0.0
    return float(_fits_schema(value, _schema(_setting("jsonSchema", ""))))
`,
  cases: [
    { text: '<answer>{"emotion": "happy"}</answer>', score: 1 },
    { text: 'Here:\n{"emotion": "happy"}', score: 0 },
    { text: '```json\n{"a": [1, 2]}\n```', score: 1 },
    { text: '<answer>NaN</answer>', score: 0 },
    { text: '<answer>{"a": 1}</answer>', jsonSchema: '{"type": "object", "required": ["a"]}', score: 1 },
    { text: '<answer>{"b": 1}</answer>', jsonSchema: '{"type": "object", "required": ["a"]}', score: 0 },
    { text: '[1.0, 2]', jsonSchema: '{"items": {"type": "integer", "maximum": 2}}', score: 1 },
    { text: '[1, 2.5]', jsonSchema: '{"items": {"type": "integer"}}', score: 0 },
    { text: '"😀"', jsonSchema: '{"type": "string", "maxLength": 1}', score: 1 },
    { text: 'true', jsonSchema: '{"enum": [1, "true"]}', score: 0 },
    {
      text: '{"a": "x1", "b": null}',
      jsonSchema: '{"properties": {"a": {"pattern": "^x\\\\d$"}}, "additionalProperties": {"const": null}}',
      score: 1,
    },
    { text: '5', jsonSchema: '{"oneOf": [{"minimum": 3}, {"maximum": 6}]}', score: 0 },
    { text: `${'['.repeat(101)}${']'.repeat(101)}`, score: 0 },
  ],
});
