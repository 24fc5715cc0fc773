/** Lines of Python that load what was exported, with its file names in them. Pure. */
import type { PythonLoading } from '../../protocol/messages.ts';

interface Loading {
  adapterLines(folder: string, modelName: string): string;
  mergedLines(folder: string): string;
}

/** By the paths in the export: an adapter, merged weights, a checkpoint, the bundle, or logs only. */
export function pythonSnippet(paths: readonly string[], modelName: string, loading: PythonLoading): string {
  const { adapterLines, mergedLines } = linesOf(loading);
  if (paths.includes('adapter/adapter_config.json')) return adapterLines('adapter', modelName);
  const merged = folderOf(paths, /^model\/.*\.safetensors$/);
  if (merged !== undefined) return mergedLines(merged);
  const checkpoint = folderOf(paths, /^checkpoint-.*\/optimizer\.pt$/);
  if (checkpoint !== undefined) return checkpointLines(checkpoint);
  const bundled = folderOf(paths, /^handoff\/.*\/adapter_config\.json$/);
  if (bundled !== undefined) return adapterLines(bundled, modelName);
  const r1omni = folderOf(paths, /^handoff\/.*\.safetensors$/);
  return r1omni !== undefined ? mergedLines(r1omni) : readingLines(paths);
}

/** Folder of the last such file: towers in folders of their own are listed before the main weights. */
function folderOf(paths: readonly string[], wanted: RegExp): string | undefined {
  return paths.findLast((path) => wanted.test(path))?.replace(/\/[^/]*$/, '');
}

const linesOf = (loading: PythonLoading): Loading =>
  loading.library === 'humanomni'
    ? { adapterLines: humanOmniAdapter, mergedLines: humanOmniMerged }
    : transformersLoading(loading.model, loading.reader);

/** Loading by a class that transformers has. */
function transformersLoading(name: string, reader: string): Loading {
  return {
    adapterLines: (folder, modelName) =>
      [
        `from peft import PeftModel`,
        `from transformers import ${name}`,
        ``,
        `model = ${name}.from_pretrained("${modelName}", torch_dtype="auto")`,
        `model = PeftModel.from_pretrained(model, "${folder}").merge_and_unload()`,
      ].join('\n'),
    mergedLines: (folder) =>
      [
        `from transformers import ${reader}, ${name}`,
        ``,
        `model = ${name}.from_pretrained("${folder}", torch_dtype="auto")`,
        `${reader === 'AutoTokenizer' ? 'tokenizer' : 'processor'} = ${reader}.from_pretrained("${folder}")`,
      ].join('\n'),
  };
}

function humanOmniAdapter(folder: string, modelName: string): string {
  return [
    `from humanomni import model_init  # the R1-Omni repository`,
    `from peft import PeftModel`,
    ``,
    `model, processor, tokenizer = model_init("${modelName}")`,
    `model = PeftModel.from_pretrained(model, "${folder}")`,
    `model = model.merge_and_unload()`,
  ].join('\n');
}

function humanOmniMerged(folder: string): string {
  return [
    `from humanomni import model_init, mm_infer  # the R1-Omni repository`,
    ``,
    `model, processor, tokenizer = model_init("${folder}")`,
    `video = processor["video"]("clip.mp4")`,
    `audio = processor["audio"]("clip.mp4")[0]`,
    `print(mm_infer(video, "Which emotion is it?", model=model, tokenizer=tokenizer, modal="video_audio", audio=audio))`,
  ].join('\n');
}

function checkpointLines(folder: string): string {
  return [
    `import torch`,
    `from safetensors.torch import load_file`,
    ``,
    `adapter = load_file("${folder}/adapter_model.safetensors")`,
    `adam = torch.load("${folder}/optimizer.pt", weights_only=True)`,
    `print(len(adapter), adam["state"][0]["step"], adam["param_groups"][0]["lr"])`,
  ].join('\n');
}

function readingLines(paths: readonly string[]): string {
  const log = paths.find((path) => path.endsWith('.jsonl')) ?? 'metrics.jsonl';
  const look = log === 'metrics.jsonl' ? `rows.plot(x="step", y="reward")` : `print(rows.head())`;
  return [`import pandas`, ``, `rows = pandas.read_json("${log}", lines=True)`, look].join('\n');
}
