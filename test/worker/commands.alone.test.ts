/** A command is a row in the protocol and a handler in the worker; everything between follows from the two. */
import { describe, expect, it, vi } from 'vitest';
import { COMMANDS } from '../../src/protocol/commands.ts';
import { decodeCommand, decodeEvent } from '../../src/protocol/decode.ts';
import type { Event } from '../../src/protocol/messages.ts';
import type { Port } from '../../src/store/port.ts';
import { createStudio } from '../../src/store/studio.ts';
import { failureEvent } from '../../src/worker/failure.ts';
import { HANDLERS, type Handlers } from '../../src/worker/handlers.ts';
import { obey } from '../../src/worker/obey.ts';

vi.mock('../../src/protocol/commands.ts', async (original) => {
  const { COMMANDS: rows } = await original<typeof import('../../src/protocol/commands.ts')>();
  const { requestId, z } = await import('../../src/protocol/shapes.ts');
  const fields = { requestId, text: z.string() };
  return { COMMANDS: { ...rows, countWords: { fields, answer: { requestId, words: z.number() } } } };
});

vi.mock('../../src/worker/handlers.ts', async (original) => {
  const { HANDLERS: handlers } = await original<typeof import('../../src/worker/handlers.ts')>();
  const countWords = async (_: unknown, { text }: { text: string }) => ({ words: text.split(' ').length });
  return { HANDLERS: { ...handlers, countWords } };
});

/** A worker without a device, as src/worker/main.ts has it, at the other end of a line. */
function line(): Port {
  let listener: (event: Event) => void = () => undefined;
  const say = (event: Event): void => listener(decodeEvent(structuredClone(event)));
  return {
    listen(next) {
      listener = next;
    },
    async post(message) {
      const { requestId } = message as { requestId: number };
      try {
        await obey({} as never, decodeCommand(structuredClone(message)), say);
        say({ type: 'done', requestId });
      } catch (error) {
        say(failureEvent(error, requestId));
      }
    },
    close: () => undefined,
  };
}

type Ask = (type: string, fields: object) => Promise<unknown>;

describe('commands', () => {
  it('have a handler each, and no handler is left without its command', () => {
    expect(Object.keys(HANDLERS).sort()).toEqual(Object.keys(COMMANDS).sort());
    const { stop: _, ...incomplete } = HANDLERS;
    // @ts-expect-error one without a handler is an error of types
    expect(incomplete satisfies Handlers).toBeDefined();
  });

  it('are added by two rows: checked at the door, done, answered, and the answer is checked and handed on', async () => {
    const studio = createStudio(line());
    const ask = studio.ask as unknown as Ask;
    const asked = ask('countWords', { text: 'what a day' });
    expect([...studio.store.getState().pending.values()]).toEqual(['countWords']);
    expect(await asked).toMatchObject({ words: 3 });
    expect(studio.store.getState().pending.size).toBe(0);
    await expect(ask('countWords', { text: 7 })).rejects.toThrow(
      'The command "countWords" is malformed at text',
    );
    expect(studio.store.getState().problems).toMatchObject([{ command: 'countWords' }]);
    expect(() => decodeEvent({ type: 'countWords', requestId: 1, words: 'three' })).toThrow('at words');
  });

  it('that are unknown are refused by name', async () => {
    const ask = createStudio(line()).ask as unknown as Ask;
    await expect(ask('countLetters', {})).rejects.toThrow('Unknown command "countLetters"; expected one of');
  });
});
