import { access, constants } from 'node:fs/promises';
import { constants as system } from 'node:os';
import { resolve } from 'node:path';
import { finished } from 'node:stream/promises';
import { parseDuration, parseSize } from '@hotswap/protocol';
import type { ConfinedExit, ConfinedProcess, LayerName, LayerState } from '@hotswap/sandbox';
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
const passedOn = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;
/** What a shell adds to the number of a signal. */
const signalBase = 128;

/** `hotswap sandbox exec`: a script behind the same layers as a plugin at level `sandbox`. */
export const exec: Verb<ExecOptions, ExecResult> = {
  name: 'exec',
  summary: 'run a Node script confined exactly as a plugin at level sandbox is',
  arguments: [['<file>', 'the script; what stands after it is its own']],
  options: [
    ['--read <dir>', 'a folder or file that it may read', 'repeated'],
    ['--work <dir>', 'the one folder that it may write; default a fresh temp folder'],
    ['--allow-net <host:port>', 'what it may reach; default nothing', 'repeated'],
    ['--memory <size>', 'default 256M'],
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
    await access(file, constants.R_OK).catch((cause: unknown) => {
      throw fail('SCRIPT_UNREADABLE', { file }, { cause });
    });
    const sandbox = await createSandbox({ allowMissing: layers(options.allowMissing, '--allow-missing') });
    const confined = await sandbox.launch({
      program: { type: 'node', file, args: call.rest },
      read: options.read.map(at),
      ...(options.work !== undefined && { work: at(options.work) }),
      ...(options.allowNet.length > 0 && { egress: options.allowNet }),
      limits: {
        ...(options.memory !== undefined && { memoryMB: parseSize(options.memory) / megabyte }),
        ...(options.disk !== undefined && { diskMB: parseSize(options.disk) / megabyte }),
        ...(options.processes !== undefined && { processes: Number(options.processes) }),
      },
      native: options.native === true,
      stdin: 'inherit',
      without: layers(options.without, '--without'),
    });
    tellLayers(call, confined.layers);
    const timeMs = options.time === undefined ? undefined : parseDuration(options.time);
    return { exit: await untilExit(call, confined, timeMs), layers: confined.layers };
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
    await read;
    const isOverTime = exit.cause === 'killed';
    if (exit.cause === 'memory' || exit.cause === 'limit' || isOverTime) {
      const detail = isOverTime ? `it ran for longer than ${options.time}` : exit.detail;
      terminal.stderr.write(`hotswap: the script was ended: ${detail}\n`);
    }
    return exit;
  } finally {
    cancel();
    for (const signal of passedOn) process.removeListener(signal, pass);
  }
}
