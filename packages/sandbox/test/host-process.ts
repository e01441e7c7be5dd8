import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import type { LayerName, LayerState } from '@hotswap/sandbox';

/** What one line of a host says. */
export interface HostWord {
  readonly report?: readonly LayerState[];
  readonly pid?: number;
  readonly layers?: readonly LayerState[];
  readonly stdout?: string;
  readonly exit?: { readonly cause: string; readonly code: number | null };
  readonly error?: { readonly code: string; readonly details: Readonly<Record<string, unknown>> };
}

/** How a host is started. */
export interface HostOptions {
  readonly script?: string;
  readonly allowMissing?: readonly LayerName[];
  readonly egress?: readonly string[];
  readonly waits?: boolean;
  readonly launches?: number;
  /** Default: this process's. */
  readonly path?: string;
  readonly isOrdinaryUser?: boolean;
}

const nobody = 65_534;

/** A process of its own that makes a sandbox, and launches one script in it. */
export class HostProcess {
  readonly child: ChildProcess;
  readonly words: AsyncIterableIterator<string>;
  readonly #stderr: Promise<string>;

  constructor({
    script,
    allowMissing,
    egress,
    waits,
    launches,
    path = process.env['PATH'] ?? '',
    isOrdinaryUser = false,
  }: HostOptions) {
    const file = join(import.meta.dirname, 'fixtures/host.ts');
    const order = JSON.stringify({ script, allowMissing, egress, waits, launches });
    this.child = spawn(process.execPath, ['--conditions=@hotswap/source', file, order], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: path },
      ...(isOrdinaryUser && { uid: nobody, gid: nobody }),
    });
    const { stdout, stderr } = this.child;
    if (stdout === null || stderr === null) throw new Error('a host has streams');
    this.words = createInterface({ input: stdout })[Symbol.asyncIterator]();
    this.#stderr = text(stderr);
  }

  /** The next line. */
  async next(): Promise<HostWord> {
    const { value, done } = await this.words.next();
    if (done === true) throw new Error(`the host has ended: ${await this.#stderr}`);
    return JSON.parse(value) as HostWord;
  }
}
