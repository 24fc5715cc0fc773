/** What the page is told of the device and of the model that is open. */
import { counts, longArray, z } from './shapes.ts';

export const deviceInfo = z.object({
  vendor: z.string(),
  architecture: z.string(),
  description: z.string(),
  /** True for a software adapter: right numbers, low speed. */
  isSoftware: z.boolean(),
  features: z.array(z.string()),
  limits: counts,
  /** The fastest kernel variant by class of work (kinds of matmul, attention, decode steps), where that was measured. */
  variants: z.record(z.string(), z.string()).optional(),
});
export type DeviceInfo = z.infer<typeof deviceInfo>;

export const modelChoice = z.object({
  /** Absent: the model nearest to the top. */
  folder: z.string().optional(),
  /** Absent: none. */
  adapter: z.string().optional(),
});
/** Which model of a folder is wanted, and the adapter that runs begin from. Paths inside the folder; '' is its top. */
export type ModelChoice = z.infer<typeof modelChoice>;

/** An adapter that lies in a model's folder. */
const foundAdapter = z.object({
  path: z.string(),
  /** The base model that its config names; '' where it names none. */
  base: z.string(),
});

/** The named sets of settings that a family can ask for: src/protocol/presets.ts. */
const usualSettings = z.enum(['R1-Omni', 'clips', 'text']);
export type UsualSettings = z.infer<typeof usualSettings>;

const loading = z.union([
  z.object({ library: z.literal('humanomni') }),
  /** `reader`: the class that reads its inputs. */
  z.object({
    library: z.literal('transformers'),
    model: z.string(),
    reader: z.enum(['AutoProcessor', 'AutoTokenizer']),
  }),
]);
/** What loads a model in Python: R1-Omni's own package, or a class of transformers. */
export type PythonLoading = z.infer<typeof loading>;

export const modelSummary = z.object({
  name: z.string(),
  /** Whether it is the embedded one. */
  demo: z.boolean().optional(),
  family: z.string(),
  /** What of a clip it is shown; nothing of a language model. */
  senses: z.array(z.enum(['video', 'audio'])),
  /** Whether its vision tower takes pictures of any size, as a run's settings say, and can train. */
  anySize: z.boolean().optional(),
  /** The settings that suit it where nobody has chosen any. */
  usual: usualSettings,
  loading,
  /** Parameters by part: decoder, vision, audio, projectors, gate, bert … */
  parts: counts,
  /** Parameters that train under the last known config; 0 before a run. */
  trainable: z.number(),
  /** Element types as stored, for example `BF16`. */
  dtype: z.string(),
  bytes: z.number(),
  /** 'one folder' | 'towers apart' and the like, for people. */
  layout: z.string(),
  /** Names of tensors in the files that this architecture does not use. */
  unusedTensors: longArray(z.string()),
  /** What of the folder was left aside, or taken otherwise than its config says; sentences for people. */
  notes: z.array(z.string()),
  /** Where this model and the adapter it was opened with lie in the folder. */
  choice: modelChoice,
  /** Folders of the other models in the same folder. */
  others: longArray(z.string()),
  /** Adapters in the same folder. */
  adapters: z.array(foundAdapter),
});
export type ModelSummary = z.infer<typeof modelSummary>;
