import type { Command } from 'commander';

const passing = new WeakSet<Command>();

/** Makes everything after a command's first argument somebody else's, flags too. */
export function passesOn(command: Command): void {
  passing.add(command);
  command.allowExcessArguments();
}

/**
 * Puts `--` before the first argument of a command that passes on what follows. The parser could find that place by itself
 * only if the flags that all commands take stood before the command's name.
 */
export function markPassedOn(program: Command, args: readonly string[]): readonly string[] {
  let command = program;
  for (let index = 0; index < args.length; index += 1) {
    const word = args[index] ?? '';
    if (word === '--') return args;
    if (word.startsWith('-')) {
      const option = [...command.options, ...program.options].find((each) => each.short === word || each.long === word);
      if (option?.required === true) index += 1;
      continue;
    }
    if (passing.has(command)) return [...args.slice(0, index), '--', ...args.slice(index)];
    const named = command.commands.find((each) => each.name() === word);
    if (named === undefined) return args;
    command = named;
  }
  return args;
}
