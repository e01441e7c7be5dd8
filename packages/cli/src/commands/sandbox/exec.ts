import { access, constants, stat } from 'node:fs/promises';
import { constants as system } from 'node:os';
import { dirname, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { parseDuration, parseSize } from '@hotswap/protocol';
import type { ConfinedExit, ConfinedProcess, ConfinementLimits, LayerName, LayerState } from '@hotswap/sandbox';
import { endAfter } from './time-limit.ts';
import { fail } from '../../errors.ts';
import { createStyle } from '../../output/style.ts';
import { layerLines } from '../../output/layer-text.ts';
import type { Call, Verb } from '../../verb.ts';

interface ExecOptions {
  readonly read: readonly string[];
  readonly work?: string;
  readonly allowNet: readonly string[];
  readonly memory?: string;
  readonly time?: string;
  readonly disk?: string;
  readonly processes?: string;
  readonly native?: boolean;
  readonly without: readonly string[];
  readonly allowMissing: readonly string[];
  readonly report?: boolean;
}

interface ExecResult {
  readonly exit: ConfinedExit;
  readonly layers: readonly LayerState[];
}

const megabyte = 1_048_576;
/** Passed on to the script; the others end this command as they always do. */
const passedOn = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;
/** Of what it says on stderr; enough for the error that Node ends with. */
const mostKept = 8_192;
/** What a shell adds to the number of a signal. */
const signalBase = 128;

/** `hotswap sandbox exec`: a script behind the same layers as a plugin at level `sandbox`. */
export const exec: Verb<ExecOptions, ExecResult> = {
  name: 'exec',
  summary: 'run a Node script confined exactly as a plugin at level sandbox is',
  arguments: [['<file>', 'the script; what stands after it is its own']],
  options: [
    ['--read <dir>', 'a folder or file that it may read; its own folder too, if it imports others', 'repeated'],
    ['--work <dir>', 'the one folder that it may write; default a fresh temp folder'],
    ['--allow-net <host:port>', 'what it may reach; default nothing', 'repeated'],
    ['--memory <size>', 'default 256M; more than that ends it'],
    ['--time <duration>', 'wall time until it is killed; default no limit'],
    ['--disk <size>', 'size of its temp folder; default 64M'],
    ['--processes <count>', 'processes and threads; default 64'],
    ['--native', 'let it load native addons'],
    ['--without <layer>', 'turn one layer off, to try the others alone', 'repeated'],
    ['--allow-missing <layer>', 'run although this host lacks the layer', 'repeated'],
    ['--report', 'tell on stderr what confines it'],
  ],
  passesOn: true,
  examples: [
    'hotswap sandbox exec script.mjs',
    'hotswap sandbox exec --read ./data --memory 128M --time 5s script.mjs --its-own-flag',
    'hotswap sandbox exec --allow-net api.example.com:443 fetch.mjs',
  ],
  async run(call) {
    const { createSandbox, layerNames } = await import('@hotswap/sandbox');
    const { terminal, options } = call;
    const at = (path: string): string => resolve(terminal.cwd, path);
    const layers = (names: readonly string[], flag: string): readonly LayerName[] =>
      names.map((name) => layerOf(name, { flag, known: layerNames, command: call.command }));
    const file = at(call.args[0] ?? '');
    const limits = limitsOf(call);
    const timeMs = measured(call, 'time', 'a duration such as 5s', parseDuration);
    await refuseUnreadable(file);
    const sandbox = await createSandbox({ allowMissing: layers(options.allowMissing, '--allow-missing') });
    const confined = await sandbox.launch({
      program: { type: 'node', file, args: call.rest },
      read: options.read.map(at),
      ...(options.work !== undefined && { work: at(options.work) }),
      ...(options.allowNet.length > 0 && { egress: options.allowNet }),
      limits,
      native: options.native === true,
      stdin: 'inherit',
      without: layers(options.without, '--without'),
    });
    tellLayers(call, confined.layers);
    const saying = lastOf(confined.stderr);
    const exit = await untilExit(call, confined, timeMs);
    if (exit.code !== 0 && saying().includes('MODULE_NOT_FOUND')) {
      const advice = `it sees no other files of its folder unless they are named: --read ${dirname(file)}`;
      terminal.stderr.write(`hotswap: the script asked for a module that it cannot see: ${advice}\n`);
    }
    return { exit, layers: confined.layers };
  },
  print: () => '',
  exitCode: ({ exit }) => exit.code ?? signalBase + system.signals[exit.signal ?? 'SIGKILL'],
  endedBy: ({ exit }) => exit.signal ?? undefined,
};

/** @throws USAGE_INVALID */
function layerOf(
  name: string,
  { flag, known, command }: { flag: string; known: readonly LayerName[]; command: string },
): LayerName {
  const found = known.find((layer) => layer === name);
  if (found !== undefined) return found;
  const problem = `${flag} takes one of ${known.join(', ')}, not "${name}"`;
  throw fail('USAGE_INVALID', { problem, help: `${command} --help` });
}

/** @throws USAGE_INVALID */
function limitsOf(call: Call<ExecOptions>): ConfinementLimits {
  const size = (text: string): number => Math.ceil(parseSize(text) / megabyte);
  const memoryMB = measured(call, 'memory', 'a size such as 256M', size);
  const diskMB = measured(call, 'disk', 'a size such as 64M', size);
  const processes = measured(call, 'processes', 'a number', (text) => (/^\d+$/.test(text) ? Number(text) : Number.NaN));
  return {
    ...(memoryMB !== undefined && { memoryMB }),
    ...(diskMB !== undefined && { diskMB }),
    ...(processes !== undefined && { processes }),
  };
}

/** What a flag says, above zero; undefined where it is not given. @throws USAGE_INVALID */
function measured(
  { options, command }: Call<ExecOptions>,
  flag: 'memory' | 'disk' | 'processes' | 'time',
  kind: string,
  read: (text: string) => number,
): number | undefined {
  const text = options[flag];
  if (text === undefined) return undefined;
  try {
    const value = read(text);
    if (value > 0) return value;
  } catch {
    // Said below, with the flag's name.
  }
  throw fail('USAGE_INVALID', { problem: `--${flag} takes ${kind}, not "${text}"`, help: `${command} --help` });
}

/** @throws SCRIPT_UNREADABLE */
async function refuseUnreadable(file: string): Promise<void> {
  try {
    await access(file, constants.R_OK);
    if ((await stat(file)).isFile()) return;
  } catch (cause) {
    throw fail('SCRIPT_UNREADABLE', { file }, { cause });
  }
  throw fail('SCRIPT_UNREADABLE', { file });
}

/** Listens along. @returns what gives the end of what was said */
function lastOf(stream: Readable): () => string {
  let text = '';
  stream.on('data', (chunk: Buffer) => (text = (text + chunk.toString()).slice(-mostKept)));
  return () => text;
}

/** What is weaker than it should be is always said; the rest when it was asked for. */
function tellLayers({ terminal, options }: Call<ExecOptions>, layers: readonly LayerState[]): void {
  const told = options.report === true ? layers : layers.filter(({ status }) => status !== 'used');
  for (const line of layerLines(told, createStyle(terminal.stderr))) terminal.stderr.write(`${line}\n`);
}

/** Lets output and signals through until nothing of the script is left. */
async function untilExit(
  { terminal, options }: Call<ExecOptions>,
  confined: ConfinedProcess,
  timeMs: number | undefined,
): Promise<ConfinedExit> {
  const pass = (signal: NodeJS.Signals): void => confined.signal(signal);
  for (const signal of passedOn) process.on(signal, pass);
  const cancel = timeMs === undefined ? () => {} : endAfter(timeMs, () => void confined.kill());
  try {
    // With --json stdout belongs to the result.
    confined.stdout.pipe(options.json === true ? terminal.stderr : terminal.stdout, { end: false });
    confined.stderr.pipe(terminal.stderr, { end: false });
    const read = Promise.allSettled([confined.stdout, confined.stderr].map((stream) => finished(stream)));
    const exit = await confined.exited;
    const isOverTime = exit.cause === 'killed';
    if (exit.cause === 'memory' || exit.cause === 'limit' || isOverTime) {
      const detail = isOverTime ? `it ran for longer than ${options.time}` : exit.detail;
      terminal.stderr.write(`hotswap: the script was ended: ${detail}\n`);
    }
    // Last: whoever reads may take as long as they like.
    await read;
    return exit;
  } finally {
    cancel();
    for (const signal of passedOn) process.removeListener(signal, pass);
  }
}
