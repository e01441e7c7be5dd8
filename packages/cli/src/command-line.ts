import { errorKinds } from '@hotswap/protocol';
import { Command, CommanderError } from 'commander';
import { commandGroups } from './commands/command-groups.ts';
import { fail } from './errors.ts';
import { exitCodeOf, exitSuccess } from './exit-codes.ts';
import { errorAsJson, formatError } from './output/error-text.ts';
import { createStyle } from './output/style.ts';
import type { Terminal } from './terminal.ts';
import { markPassedOn } from './passed-on.ts';
import { version } from './version.ts';
import type { Shell } from './verb.ts';

/**
 * Runs one command line to its end and returns the exit code. Nothing is thrown: every error is printed, as one
 * sentence with its code and what to do, or as JSON with `--json`.
 *
 * @param args what stands after the program's name
 */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<number> {
  let exitCode = exitSuccess;
  const program = createProgram({ terminal, finish: (code) => (exitCode = code) });
  try {
    await program.parseAsync([...markPassedOn(program, args)], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === exitSuccess) return exitSuccess;
    // A group without a verb has printed its help, and that says more than an error.
    if (error instanceof CommanderError && error.code === 'commander.help') return usageExitCode;
    const coded = error instanceof CommanderError ? usageError(error, args) : error;
    printError(coded, { terminal, isJson: args.includes('--json') });
    return exitCodeOf(coded);
  }
}

const usageExitCode = errorKinds.invalid.exitCode;

/** The whole command tree. Building it does nothing but build it. */
export function createProgram(shell: Shell): Command {
  const { stdout, stderr } = shell.terminal;
  const program = new Command('hotswap')
    .description('Runs plugins in a Node server and swaps them while it serves.')
    .version(version)
    .option('--json', 'print the result as JSON')
    .option('--url <url>', 'the server to talk to (HOTSWAP_URL; default http://127.0.0.1:8080)')
    .option('--token <token>', "its management token (HOTSWAP_TOKEN; default the data folder's)")
    .option('--data <folder>', 'the data folder (HOTSWAP_SERVER_DATA; default .hotswap)')
    .option('--timeout <seconds>', 'how long to wait for an answer (default 180)')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      // Printed by `runCommandLine`, so that usage errors look like all others.
      outputError: () => {},
    })
    .exitOverride();
  for (const add of commandGroups) add(program, shell);
  return program;
}

function usageError(error: CommanderError, args: readonly string[]): Error {
  const words = args.slice(0, args.findIndex((word) => word.startsWith('-')) >>> 0);
  const problem = error.message.replace(/^error: /, '');
  return fail('USAGE_INVALID', { problem, help: ['hotswap', ...words.slice(0, 2), '--help'].join(' ') });
}

function printError(error: unknown, { terminal, isJson }: { terminal: Terminal; isJson: boolean }): void {
  const text = isJson ? JSON.stringify(errorAsJson(error), null, 2) : formatError(error, createStyle(terminal.stderr));
  terminal.stderr.write(`${text}\n`);
}
