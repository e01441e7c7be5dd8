import type { Command } from 'commander';
import { fail } from '../errors.ts';
import type { Verb } from '../verb.ts';

const scripts: Readonly<Record<string, (groups: Groups) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** The words that can follow, by the word before them; the program's own under its name. */
type Groups = readonly (readonly [before: string, words: readonly string[]])[];

/** `hotswap completion`: made out of the command tree itself, so that it never lags behind. */
export function createCompletion(program: Command): Verb<object, { readonly shell: string; readonly script: string }> {
  return {
    name: 'completion',
    summary: 'print a script that completes commands in bash, zsh or fish',
    arguments: [['<shell>', Object.keys(scripts).join(', ')]],
    examples: ['source <(hotswap completion bash)', 'hotswap completion fish | source'],
    async run(call) {
      const shell = call.args[0] ?? '';
      const write = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
      if (write) return { shell, script: write(groupsOf(program)) };
      const problem = `there is no completion for "${shell}", only for ${Object.keys(scripts).join(', ')}`;
      throw fail('USAGE_INVALID', { problem, help: `${call.command} --help` });
    },
    print: ({ script }) => script,
  };
}

function groupsOf(program: Command): Groups {
  const groups = program.commands.filter((command) => command.commands.length > 0);
  return [program, ...groups].map((group) => [group.name(), group.commands.map((command) => command.name())]);
}

function bashScript(groups: Groups): string {
  const cases = groups.map(
    ([before, words]) => `    ${before}) COMPREPLY=($(compgen -W "${words.join(' ')}" -- "$word")) ;;`,
  );
  return [
    '_hotswap() {',
    '  local word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]##*/}"',
    '  case "$before" in',
    ...cases,
    '    *) COMPREPLY=($(compgen -f -- "$word")) ;;',
    '  esac',
    '}',
    'complete -o filenames -F _hotswap hotswap',
  ].join('\n');
}

/** zsh runs bash's script through its own compatibility layer. */
function zshScript(groups: Groups): string {
  return ['autoload -U +X bashcompinit && bashcompinit', bashScript(groups)].join('\n');
}

function fishScript(groups: Groups): string {
  return groups
    .map(([before, words], index) => {
      const condition = index === 0 ? '__fish_use_subcommand' : `__fish_seen_subcommand_from ${before}`;
      return `complete -c hotswap -f -n '${condition}' -a '${words.join(' ')}'`;
    })
    .join('\n');
}
