import { describe, expect, it, vi } from 'vitest';
import type { ExportRequest, ModelSummary } from '../../src/protocol/messages.ts';
import { exportAgain, obstacleTo, unopened } from '../../src/ui/export/again.ts';
import { everything } from '../../src/ui/export/choices.ts';
import { storedRun } from '../reference/stored-run.ts';

describe('an export that broke off', () => {
  const request: ExportRequest = {
    parts: everything('bf16'),
    place: { kind: 'archive' },
    run: { id: 'calm-heron-2', name: 'calm-heron', step: 5 },
  };
  const kept = storedRun({ model: 'HumanOmni-0.5B', data: 'clinic-2026' });

  it('can be begun again while its run is kept at that step, or on the device', () => {
    expect(obstacleTo(request, { stored: [kept] })).toBeUndefined();
    expect(obstacleTo(request, { stored: [], saved: { ...request.run } })).toBeUndefined();
    const at = (...steps: number[]) => ({
      ...{ ...kept, step: steps.at(-1)!, checkpoints: steps.map((step) => ({ step, savedAt: 0 })) },
    });
    expect(obstacleTo(request, { stored: [at(5, 8)] })).toBeUndefined();
    expect(obstacleTo(request, { stored: [at(7, 8)] })).toContain(
      'It was of step 5, but its run calm-heron is kept at step 7, 8',
    );
    expect(obstacleTo(request, { stored: [{ ...kept, id: 'other' }] })).toContain(
      'Its run calm-heron is not kept on this device any more',
    );
  });

  it('asks for the model and the data of its run first', () => {
    const open = (name: string) => ({ model: { name } as ModelSummary });
    const first = 'First open its model, HumanOmni-0.5B, and its data, clinic-2026.';
    expect(unopened(request, { stored: [kept], ...open('tiny-humanomni') })).toBe(first);
    expect(unopened(request, { stored: [kept], ...open('HumanOmni-0.5B') })).toBeUndefined();
    expect(unopened(request, { stored: [{ ...kept, demo: true }] })).toBeUndefined();
  });

  it('asks for the folder of the earlier visit, and begins only when it may write there', async () => {
    const toFolder = (answer: string): ExportRequest => {
      const requestPermission = vi.fn(async () => answer);
      const folder = { kind: 'directory', name: 'models', requestPermission } as never;
      return { ...request, place: { kind: 'folder', folder } };
    };
    const studio = { ask: vi.fn(async () => undefined), report: vi.fn() };
    await exportAgain(studio, toFolder('denied'));
    expect(studio.ask).not.toHaveBeenCalled();
    expect(studio.report.mock.calls[0]?.[0]).toMatchObject({
      message: 'The browser does not let the page write into models.',
      hint: expect.stringContaining('Export again'),
    });
    const granted = toFolder('granted');
    await exportAgain(studio, granted);
    expect(studio.ask).toHaveBeenCalledExactlyOnceWith('export', granted);
    expect(granted.place).toHaveProperty('folder.requestPermission.mock.calls', [[{ mode: 'readwrite' }]]);
  });
});
