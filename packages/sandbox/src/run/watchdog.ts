import { type ChildProcess, spawn } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { channelDescriptor } from '../launch/descriptors.ts';

/**
 * Lists the channels of what runs, as its input tells it. When that ends, so has the host: whoever still holds one of them
 * is killed, and looked for again while a launch could be between two of its steps.
 */
const script = `
marks=' '
while read -r sign mark; do
  case $sign in
    +) marks="$marks$mark " ;;
    -) case $marks in *" $mark "*) marks="\${marks%% "$mark" *} \${marks#* "$mark" }" ;; esac ;;
  esac
done
[ "$marks" = ' ' ] && exit
for pause in 0 0.05 0.15 0.3 0.5 0.5; do
  sleep $pause
  ls -l /proc/[0-9]*/fd/${channelDescriptor} 2>/dev/null | while read -r line; do
    mark=\${line##*socket:[}
    case $marks in *" \${mark%]} "*)
      pid=\${line##* /proc/}
      kill -KILL "\${pid%%/*}" 2>/dev/null ;;
    esac
  done
done`;

/**
 * A small process beside this one that outlives it, to end what it leaves behind. A confined process dies with its host by
 * itself, but only from the end of its set-up on: a host that is killed in the milliseconds before leaves it running.
 */
export class Watchdog {
  readonly #marks = new Set<string>();
  #process: ChildProcess | undefined;

  /** Watches a process from its spawn on; call it before the process is given what it waits for. @returns what ends that */
  watch(child: ChildProcess): () => void {
    const mark = channelOf(child.pid);
    if (mark === undefined) return () => {};
    this.#process ??= this.#start();
    this.#marks.add(mark);
    this.#tell(`+ ${mark}\n`);
    return () => {
      this.#marks.delete(mark);
      this.#tell(`- ${mark}\n`);
    };
  }

  /** Starts it ahead of a launch, so that the launch is never without it. */
  start(): void {
    if (process.platform === 'linux') this.#process ??= this.#start();
  }

  #start(): ChildProcess {
    const watchdog = spawn('/bin/sh', ['-c', script], {
      stdio: ['pipe', 'ignore', 'ignore'],
      env: {},
      cwd: '/',
      detached: true,
    });
    watchdog.unref();
    const forget = (): void => {
      this.#process = undefined;
    };
    watchdog.once('exit', forget).once('error', forget);
    watchdog.stdin.on('error', () => {});
    if ('unref' in watchdog.stdin && typeof watchdog.stdin.unref === 'function') watchdog.stdin.unref();
    for (const mark of this.#marks) watchdog.stdin.write(`+ ${mark}\n`);
    return watchdog;
  }

  #tell(line: string): void {
    this.#process?.stdin?.write(line);
  }
}

/** The number of the socket that a child has for its channel: nobody else has it, whatever becomes of the child. */
function channelOf(pid: number | undefined): string | undefined {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${channelDescriptor}`))?.[1];
  } catch {
    return undefined;
  }
}
