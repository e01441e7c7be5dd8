/** What a child can be asked to do, by name. Inputs and answers are plain data. */
export type Commands = Readonly<Record<string, (input: never) => unknown>>;

/** A command on its way to a child. */
export interface CommandMessage {
  readonly id: number;
  readonly name: string;
  readonly input: unknown;
}

/** What came of it. */
export interface AnswerMessage {
  readonly id: number;
  readonly answer?: unknown;
  readonly error?: string;
}

/** Makes this process answer commands of the one that started it, and end when that one does. */
export function answerCommands(commands: Commands): void {
  process.on('disconnect', () => process.exit(0));
  process.on('SIGTERM', () => process.exit(0));
  process.on('message', (message: CommandMessage) => void answer(commands, message));
  process.send?.({ id: 0 } satisfies AnswerMessage);
}

async function answer(commands: Commands, { id, name, input }: CommandMessage): Promise<void> {
  try {
    const command = commands[name];
    if (command === undefined) throw new Error(`no command is called ${name}`);
    process.send?.({ id, answer: await command(input as never) } satisfies AnswerMessage);
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.send?.({ id, error: text } satisfies AnswerMessage);
  }
}
