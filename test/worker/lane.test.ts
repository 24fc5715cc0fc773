import { describe, expect, it } from 'vitest';
import { Lane, nextMacrotask } from '../../src/worker/lane.ts';

describe('Lane', () => {
  it('runs one piece of work after the other, in the order of asking', async () => {
    const lane = new Lane();
    const seen: string[] = [];
    const work = (name: string, turns: number) => async () => {
      seen.push(`${name} begins`);
      for (let i = 0; i < turns; i++) await nextMacrotask();
      seen.push(`${name} ends`);
      return name;
    };
    const results = await Promise.all([lane.run(work('long', 3)), lane.run(work('short', 0))]);
    expect(results).toEqual(['long', 'short']);
    expect(seen).toEqual(['long begins', 'long ends', 'short begins', 'short ends']);
  });

  it('goes on after work that failed, and hands the failure to its asker', async () => {
    const lane = new Lane();
    const failed = lane.run(async () => {
      throw new Error('broken');
    });
    const next = lane.run(async () => 'fine');
    await expect(failed).rejects.toThrow('broken');
    expect(await next).toBe('fine');
  });
});

describe('nextMacrotask', () => {
  it('lets a message that was posted before be delivered first', async () => {
    const seen: string[] = [];
    const { port1, port2 } = new MessageChannel();
    const delivered = new Promise<void>((resolve) => {
      port1.onmessage = () => {
        seen.push('message');
        port1.close();
        resolve();
      };
    });
    port2.postMessage(1);
    await nextMacrotask();
    await delivered;
    seen.push('after');
    expect(seen).toEqual(['message', 'after']);
  });
});
