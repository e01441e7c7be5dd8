import type { FoundRetainer, FunctionPlace, RetainerStep } from './heap/found-retainer.ts';

/** What keeps a generation in memory, in the words of a plugin's author. */
export interface LeakReason {
  readonly kind:
    | 'timer'
    | 'listener'
    | 'global'
    | 'promise'
    | 'handle'
    | 'variable'
    | 'lease'
    | 'host'
    | 'running'
    | 'unknown';
  /** One line: `timer (setInterval) that calls tick, at src/index.ts:12`. */
  readonly text: string;
  /** What of the generation's code is held, where it is a function. */
  readonly code: FunctionPlace | undefined;
  /** What holds that in turn, nearest first. */
  readonly heldBy: readonly string[];
}

/** What one label of the census stands for. */
export type NameOwner = (label: string) => { readonly plugin: string; readonly generation: number } | undefined;

export interface ExplainParts {
  readonly nameOwner: NameOwner;
  /** Turns a place in compiled text into the author's. */
  readonly mapPlace: (place: FunctionPlace) => FunctionPlace;
}

/** A thing on the way that says something. `isWeak`: only if nothing further out says more. */
interface Clue {
  readonly kind: LeakReason['kind'];
  readonly text: string;
  readonly isWeak?: boolean;
}

/**
 * Says in words what keeps a generation: looked for from the outermost piece of its own code towards the root, so that
 * what the plugin keeps for itself is not taken for the reason.
 */
export function explainRetainer({ label, path }: FoundRetainer, parts: ExplainParts): LeakReason {
  const entry = path.findIndex(({ owner }) => owner === label);
  const at = entry === -1 ? path.length - 1 : entry;
  const outside = path.slice(0, at);
  const code = ownCode(path.slice(at), label, parts);
  const clues = clueList(path, at, label, parts);
  const first = clues.find(({ isWeak }) => isWeak !== true) ?? clues[0] ?? lastResort(path, at, outside);
  const isPromise = clues[0]?.kind === 'promise';
  const reason = isPromise && first !== clues[0] ? { ...first, text: `${first.text}, for ${clues[0]?.text}` } : first;
  const isWhole = selfExplaining.includes(reason.kind);
  const further = isWhole ? [] : clues.slice(clues.indexOf(first) + 1).filter(({ isWeak }) => isWeak !== true);
  const heldBy = further.map(({ text }) => text);
  const calls = code === undefined ? '' : `${calling[reason.kind] ?? 'keeping'} ${describe(code)}`;
  return { kind: reason.kind, text: [reason.text, calls].filter(Boolean).join(' '), code, heldBy };
}

/** What needs no holder: it hangs on a root by its nature. */
const selfExplaining: readonly LeakReason['kind'][] = ['timer', 'global', 'lease', 'handle', 'running'];

const calling: Partial<Record<LeakReason['kind'], string>> = {
  timer: 'that calls',
  listener: 'that is',
  promise: 'awaited by',
};

/** The outermost function of the generation on the way, else the innermost. */
function ownCode(inside: readonly RetainerStep[], label: string, parts: ExplainParts): FunctionPlace | undefined {
  const step = inside.find(({ code, owner }) => code !== undefined && owner === label);
  return step?.code && parts.mapPlace(step.code);
}

function describe({ name, file, line }: FunctionPlace): string {
  return `${name === '' ? 'a function' : name} at ${file}:${line}`;
}

/** Everything on the way that says something, from the generation's own code outwards. */
function clueList(path: readonly RetainerStep[], at: number, label: string, parts: ExplainParts): readonly Clue[] {
  const clues: Clue[] = [];
  for (let index = at; index >= 0; index--) {
    const owner = path[index]?.owner;
    // What keeps another generation is no reason for this one.
    if (owner !== undefined && owner !== label) break;
    const clue = clueAt(path, index, label, parts);
    if (clue !== undefined && clues.every(({ text }) => text !== clue.text)) clues.push(clue);
  }
  return clues;
}

/** What the step at `index`, and the references around it, say. */
function clueAt(path: readonly RetainerStep[], index: number, label: string, parts: ExplainParts): Clue | undefined {
  const step = path[index];
  if (step === undefined) return undefined;
  const holder = path[index - 1];
  return (
    timerClue(step) ??
    listenerClue(path, index) ??
    promiseClue(step) ??
    leaseClue(step) ??
    globalClue(step, holder) ??
    handleClue(step, holder) ??
    variableClue(step, holder, label, parts)
  );
}

function timerClue({ name, type, isRepeating }: RetainerStep): Clue | undefined {
  if (type !== 'object') return undefined;
  if (name === 'Timeout')
    return { kind: 'timer', text: `timer (${isRepeating === true ? 'setInterval' : 'setTimeout'})` };
  return name === 'Immediate' ? { kind: 'timer', text: 'timer (setImmediate)' } : undefined;
}

/** `emitter._events[event]`, or a target's map of listeners. */
function listenerClue(path: readonly RetainerStep[], index: number): Clue | undefined {
  const [emitter, step, next] = [path[index - 1], path[index], path[index + 1]];
  if (emitter === undefined || step === undefined) return undefined;
  if (step.by.name === '_events') {
    const event = next?.by.name ?? 'an event';
    return { kind: 'listener', text: `listener for '${event}' on ${emitterName(emitter)}` };
  }
  if (step.by.name !== '<symbol kEvents>') return undefined;
  return { kind: 'listener', text: `listener on ${emitterName(emitter)}` };
}

function emitterName({ name }: RetainerStep): string {
  return name === 'Object' ? 'an emitter' : name;
}

function promiseClue({ name, by }: RetainerStep): Clue | undefined {
  const isReaction = name === 'system / PromiseReaction' || by.name === 'reactions_or_result';
  return isReaction ? { kind: 'promise', text: 'pending promise', isWeak: true } : undefined;
}

function leaseClue({ name, requestId }: RetainerStep): Clue | undefined {
  if (name !== 'Lease' && name !== 'PluginCall') return undefined;
  const request = requestId === undefined ? '' : ` (request id ${requestId})`;
  return { kind: 'lease', text: `host: a ${name === 'Lease' ? 'request' : 'call'} lease still open${request}` };
}

function globalClue({ by }: RetainerStep, holder: RetainerStep | undefined): Clue | undefined {
  if (holder === undefined || by.type !== 'property') return undefined;
  if (/\(global\*?\)$/.test(holder.name)) return { kind: 'global', text: `global globalThis.${by.name}` };
  const isProcess = holder.name === 'process' && by.name !== '_events';
  return isProcess ? { kind: 'global', text: `global process.${by.name}` } : undefined;
}

/** What libuv or an addon holds: an object directly below V8's global handles. */
function handleClue({ name, type }: RetainerStep, holder: RetainerStep | undefined): Clue | undefined {
  const isHandle =
    holder?.name === '(Global handles)' && type === 'object' && !/^(process$|system \/|global)/.test(name);
  return isHandle || type === 'native' ? { kind: 'handle', text: `native handle ${name}` } : undefined;
}

function variableClue(
  { by }: RetainerStep,
  holder: RetainerStep | undefined,
  label: string,
  parts: ExplainParts,
): Clue | undefined {
  if (holder === undefined || by.type !== 'context' || holder.owner === label) return undefined;
  if (holder.owner === undefined) return { kind: 'host', text: `host: variable ${by.name}`, isWeak: true };
  const owner = parts.nameOwner(holder.owner);
  if (owner === undefined) return undefined;
  const { plugin, generation } = owner;
  return { kind: 'variable', text: `variable ${by.name} of plugin ${plugin} (generation ${generation})` };
}

/** Nothing on the way is known: the reference itself is said, and the root it hangs on. */
function lastResort(path: readonly RetainerStep[], at: number, outside: readonly RetainerStep[]): Clue {
  const roots = outside.filter(({ type }) => type === 'synthetic').map(({ name }) => name);
  const isRunning = roots.some((root) => root === '(Stack roots)' || root === '(Handle scope)');
  if (isRunning) return { kind: 'running', text: 'a function that was running' };
  const step = path[at];
  const holder = outside.findLast(({ type, name }) => type === 'object' && !name.startsWith('system /'));
  if (step === undefined || holder === undefined) {
    return { kind: 'handle', text: `native handle of unknown origin${roots[1] === undefined ? '' : ` ${roots[1]}`}` };
  }
  return { kind: 'host', text: `host: ${step.by.name} of ${holder.name}` };
}
