/** The page's way to send commands: one that is answered is asked under a number, and its promise settles with the answer. */
import type { StoreApi } from 'zustand/vanilla';
import { InputError } from '../math/errors.ts';
import type { AnswerOf, Args, Command, CommandOf, Event, TaskType } from '../protocol/messages.ts';
import type { Port } from './port.ts';
import { promptOf } from './prompts.ts';
import type { StudioState } from './state.ts';

/** Sends a command and settles with the worker's `done` or `error`. */
export type Ask = <T extends TaskType>(type: T, ...fields: Args<T>) => Promise<AnswerOf<T>>;

interface Waiting {
  readonly type: TaskType;
  /** The event that answers it, once it is here. */
  answer?: Event;
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

/** What a question changes in the state at once, where it does. */
const AT_ONCE: { [T in TaskType]?: (state: StudioState, command: CommandOf<T>) => Partial<StudioState> } = {
  preview: ({ draft }, { exampleId, config }) => ({
    clip: { exampleId, prompt: promptOf(config ?? draft), ...(config ? { config } : {}) },
  }),
  plan({ draft, plan }, { requestId }) {
    const known = plan?.draft === draft && plan.plan ? { plan: plan.plan } : {};
    return { plan: { requestId, draft, ...known } };
  },
  export: () => ({ exported: undefined }),
  saveRunFiles: () => ({ exported: undefined }),
  bench: () => ({ bench: undefined }),
};

type Task = CommandOf<TaskType>;

function atOnce(state: StudioState, command: Task): Partial<StudioState> {
  const change = AT_ONCE[command.type] as
    | ((state: StudioState, command: Task) => Partial<StudioState>)
    | undefined;
  return change?.(state, command) ?? {};
}

/** `settle` has to be shown every event, after the state has been. */
export function asking(
  store: StoreApi<StudioState>,
  port: Port,
): { ask: Ask; settle: (event: Event) => void } {
  const waiting = new Map<number, Waiting>();
  let lastRequest = 0;

  const ask: Ask = <T extends TaskType>(type: T, ...[fields]: Args<T>) => {
    const requestId = ++lastRequest;
    const command = { ...fields, type, requestId } as unknown as Task;
    const state = store.getState();
    store.setState({
      ...atOnce(state, command),
      pending: new Map(state.pending).set(requestId, type),
      problems: state.problems.filter((problem) => problem.command !== type),
    });
    const answer = new Promise<AnswerOf<T>>((resolve, reject) =>
      waiting.set(requestId, { type, resolve: resolve as Waiting['resolve'], reject }),
    );
    port.post(command as Command);
    return answer;
  };

  function settle(event: Event): void {
    const asked = 'requestId' in event && event.requestId ? waiting.get(event.requestId) : undefined;
    if (!asked || !('requestId' in event)) return;
    if (event.type === asked.type) asked.answer = event;
    if (event.type !== 'done' && event.type !== 'error') return;
    waiting.delete(event.requestId!);
    if (event.type === 'done') asked.resolve(asked.answer);
    else asked.reject(new InputError(event.message, { hint: event.hint }));
  }

  return { ask, settle };
}
