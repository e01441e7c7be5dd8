// Writes docs/reference/cli.md from the command tree. With --check it writes nothing and fails when the page is stale.
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { createProgram, processTerminal } from 'hotswap';

type Program = ReturnType<typeof createProgram>;

const page = 'docs/reference/cli.md';

/** Columns of a help text; fixed, so that the page does not depend on who writes it. */
const width = 100;

const introduction = `# Command line

Generated from the command tree by \`npm run reference\`; edit the commands.

Every command takes the flags of \`hotswap\` itself. \`--json\` prints the result as data, an error too. The exit code is 0,
or that of the error's kind: see [errors](errors.md). A server is found by \`--url\`, the token by \`--token\`,
\`HOTSWAP_TOKEN\` or the data folder of a server on this machine.
`;

/** The whole page: every command's help, in the order of the tree. */
export function cliReference(): string {
  const program = createProgram({ terminal: processTerminal(), finish: () => {} });
  return `${introduction}${sectionsOf(program, 'hotswap').join('')}`;
}

function sectionsOf(command: Program, path: string): string[] {
  const own = `\n## ${path}\n\n\`\`\`text\n${helpOf(command)}\n\`\`\`\n`;
  return [own, ...command.commands.flatMap((inner) => sectionsOf(inner, `${path} ${inner.name()}`))];
}

function helpOf(command: Program): string {
  let help = '';
  command.configureHelp({ showGlobalOptions: false, helpWidth: width });
  command.configureOutput({ writeOut: (text) => (help += text), getOutHelpWidth: () => width });
  command.outputHelp();
  return help.trimEnd();
}

if (import.meta.main) {
  const path = join(resolve(import.meta.dirname, '..'), page);
  const wanted = cliReference();
  if (!process.argv.includes('--check')) writeFileSync(path, wanted);
  else if (readFileSync(path, 'utf8') !== wanted) {
    console.error(`${page}:1 is stale: npm run reference`);
    process.exitCode = 1;
  }
}
