/** Lines of Python that load what was exported, with its file names in them. Pure. */

/** Where the exported files lie: an adapter, merged weights, or neither. */
export function pythonSnippet(names: readonly string[], modelName: string): string {
  const folderOf = (wanted: RegExp) => {
    const path = names.find((name) => wanted.test(name));
    return path === undefined ? undefined : path.split('/').slice(0, -1).join('/') || '.';
  };
  const adapter = folderOf(/adapter_config\.json$/);
  const merged = folderOf(/(^|\/)(model[^/]*|[^/]*)\.safetensors$/);
  if (adapter !== undefined) return adapterLines(adapter, modelName);
  if (merged !== undefined) return mergedLines(merged);
  return readingLines(names);
}

function adapterLines(folder: string, modelName: string): string {
  return [
    `from humanomni import model_init  # the R1-Omni repository`,
    `from peft import PeftModel`,
    ``,
    `model, processor, tokenizer = model_init("${modelName}")`,
    `model = PeftModel.from_pretrained(model, "${folder}")`,
    `model = model.merge_and_unload()`,
  ].join('\n');
}

function mergedLines(folder: string): string {
  return [
    `from humanomni import model_init, mm_infer  # the R1-Omni repository`,
    ``,
    `model, processor, tokenizer = model_init("${folder}")`,
    `video = processor["video"]("clip.mp4")`,
    `audio = processor["audio"]("clip.mp4")[0]`,
    `print(mm_infer(video, "Which emotion is it?", model=model, tokenizer=tokenizer, modal="video_audio", audio=audio))`,
  ].join('\n');
}

function readingLines(names: readonly string[]): string {
  const metrics = names.find((name) => name.endsWith('metrics.jsonl')) ?? 'metrics.jsonl';
  return [
    `import pandas`,
    ``,
    `steps = pandas.read_json("${metrics}", lines=True)`,
    `steps.plot(x="step", y="reward")`,
  ].join('\n');
}
