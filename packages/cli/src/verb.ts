import type { Command } from 'commander';
import { findConnection } from './client/connection.ts';
import type { ConnectionOptions } from './client/connection.ts';
import { fail } from './errors.ts';
import { exitSuccess } from './exit-codes.ts';
import { createManagementClient } from './client/management-client.ts';
import type { ManagementClient } from './client/management-client.ts';
import { createProgress } from './output/progress.ts';
import { passesOn } from './passed-on.ts';
import type { Progress } from './output/progress.ts';
import { createStyle } from './output/style.ts';
import type { Style } from './output/style.ts';
import type { Terminal } from './terminal.ts';

/** One command as data: what it is called, what it takes, what it does, and how its result reads. */
export interface Verb<Options extends object = object, Result = unknown> {
  readonly name: string;
  readonly summary: string;
  /** Each as `[plugin]` or `<folder>`, and what it is. */
  readonly arguments?: readonly (readonly [usage: string, description: string])[];
  readonly options?: readonly (readonly [flags: string, description: string, times?: 'repeated'])[];
  /** Whether everything after the arguments belongs to somebody else, flags too. */
  readonly passesOn?: boolean;
  readonly examples: readonly string[];
  /** Does the work and returns data; it prints nothing. */
  run(call: Call<Options>): Promise<Result>;
  /** The result for people. With `--json` the data itself is printed instead. */
  print(result: Result, paper: Paper): string;
  /** For results that are no success though nothing was thrown; default 0. */
  exitCode?(result: Result): number;
  /** For a command that ends as something else did: the signal that ended that. */
  endedBy?(result: Result): NodeJS.Signals | undefined;
}

/** Flags that every command takes. */
export interface GlobalOptions extends ConnectionOptions {
  readonly json?: boolean;
  /** Seconds; default 180. */
  readonly timeout?: string;
}

/** One invocation of a verb. */
export interface Call<Options extends object> {
  /** `hotswap plugin swap`: for usage errors. */
  readonly command: string;
  readonly args: readonly (string | undefined)[];
  /** What stands after the arguments, where the verb passes it on. */
  readonly rest: readonly string[];
  readonly options: Options & GlobalOptions;
  readonly terminal: Terminal;
  readonly progress: Progress;
  /** A client of the server that flags and environment name. */
  connect(): Promise<ManagementClient>;
}

/** What a result is printed on. */
export interface Paper {
  readonly style: Style;
  /** Milliseconds since the epoch, for ages. */
  readonly now: number;
}

/** What verbs need from the command line they are part of. */
export interface Shell {
  readonly terminal: Terminal;
  /** Called once, when a verb has ended without throwing. */
  finish(exitCode: number): void;
}

const defaultTimeoutSeconds = 180;
const longestTimeoutSeconds = 86_400;

/** Makes a verb reachable as `parent NAME`. */
export function addVerb<Options extends object, Result>(
  parent: Command,
  verb: Verb<Options, Result>,
  shell: Shell,
): void {
  const command = parent.command(verb.name).description(verb.summary);
  for (const [usage, description] of verb.arguments ?? []) command.argument(usage, description);
  for (const [flags, description, times] of verb.options ?? []) {
    if (times === undefined) command.option(flags, description);
    else command.option(flags, `${description}; may be repeated`, (value, all: string[]) => [...all, value], []);
  }
  if (verb.passesOn === true) passesOn(command);
  command.addHelpText('after', ['', 'Examples:', ...verb.examples.map((example) => `  $ ${example}`)].join('\n'));
  command.action(async () => {
    const call = toCall<Options>(command, shell.terminal);
    const result = await verb.run(call).finally(() => call.progress.clear());
    print(result, verb, call);
    shell.finish(verb.exitCode?.(result) ?? exitSuccess);
    const signal = verb.endedBy?.(result);
    if (signal !== undefined) shell.terminal.endBy(signal);
  });
}

function toCall<Options extends object>(command: Command, terminal: Terminal): Call<Options> {
  const options = command.optsWithGlobals<Options & GlobalOptions>();
  const timeoutMs = 1_000 * secondsOf(options.timeout, pathOf(command));
  return {
    command: pathOf(command),
    args: command.processedArgs,
    rest: command.args.slice(command.registeredArguments.length),
    options,
    terminal,
    progress: createProgress(terminal.stderr, { isSilent: options.json === true }),
    connect: async () => createManagementClient({ ...(await findConnection(options, terminal)), timeoutMs }),
  };
}

function print<Options extends object, Result>(result: Result, verb: Verb<Options, Result>, call: Call<Options>): void {
  const { terminal, options } = call;
  const text = options.json
    ? JSON.stringify(result, null, 2)
    : verb.print(result, { style: createStyle(terminal.stdout), now: terminal.now() });
  if (text !== '') terminal.stdout.write(`${text}\n`);
}

/** @throws USAGE_INVALID */
function secondsOf(timeout: string | undefined, command: string): number {
  if (timeout === undefined) return defaultTimeoutSeconds;
  const seconds = Number(timeout);
  if (seconds > 0 && seconds <= longestTimeoutSeconds) return seconds;
  throw fail('USAGE_INVALID', { problem: `--timeout takes seconds, not "${timeout}"`, help: `${command} --help` });
}

function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}
