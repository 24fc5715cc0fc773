import { afterEach, describe, expect, it } from 'vitest';
import { hubRepo } from '../../src/io/hub/hub-repo.ts';
import { planDownload } from '../../src/worker/inputs/download-plan.ts';
import { HubServer } from '../io/hub-server.ts';

const text = (value: string) => new TextEncoder().encode(value);
const weights = text('12345678');
const bert = {
  'vocab.txt': text('[UNK]'),
  'tokenizer_config.json': text('{}'),
  'model.safetensors': weights,
};

let hub: HubServer | undefined;
afterEach(() => hub?.close());

async function plan(files: Record<string, string>, others: Record<string, Record<string, Uint8Array>> = {}) {
  const content = Object.fromEntries(Object.entries(files).map(([path, value]) => [path, text(value)]));
  hub = await HubServer.open({ 'owner/omni': { ...content, 'model.safetensors': weights }, ...others });
  const repo = hubRepo({ baseUrl: hub.url, id: 'owner/omni', revision: 'main' });
  const planned = await planDownload({ repo, signal: new AbortController().signal, waitsMs: [] });
  return planned.map(({ as, from }) => (from ? `${as} from ${from.id}` : as));
}

describe('the plan of a download', () => {
  const config = '{"model_type":"HumanOmni_qwen2"}';

  it('brings the vocabulary of the gate, which published repositories lack', async () => {
    const planned = await plan({ 'config.json': config }, { 'google-bert/bert-base-uncased': bert });
    expect(planned).toEqual([
      'config.json',
      'model.safetensors',
      'bert-base-uncased/vocab.txt from google-bert/bert-base-uncased',
      'bert-base-uncased/tokenizer_config.json from google-bert/bert-base-uncased',
    ]);
  });

  it('says before the first large file that the vocabulary cannot be had', async () => {
    await expect(plan({ 'config.json': config })).rejects.toThrow(/has no google-bert\/bert-base-uncased/);
    expect(hub?.startsOf('model.safetensors')).toEqual([]);
  });

  it.each([
    ['has a vocab.txt', { 'config.json': config, 'vocab.txt': '[UNK]' }],
    ['has BERT in a folder', { 'config.json': config, 'bert/config.json': '{"model_type":"bert"}' }],
    ['is of another kind', { 'config.json': '{"model_type":"qwen2_vl"}' }],
  ])('takes nothing from elsewhere when the repository %s', async (_, files) => {
    const planned = await plan(files, { 'google-bert/bert-base-uncased': bert });
    expect(planned.sort()).toEqual([...Object.keys(files), 'model.safetensors'].sort());
  });
});
