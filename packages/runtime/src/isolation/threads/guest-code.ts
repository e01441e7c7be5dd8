import { readFile } from 'node:fs/promises';

/** What a thread is given to run its entry without reading it: see `bootstrap`. */
export interface SharedCode {
  readonly file: string;
  readonly text: SharedArrayBuffer;
  /** What V8 made of the text in an earlier thread. */
  readonly compiled: SharedArrayBuffer | undefined;
}

const largestCompiled = 16_777_216;

/**
 * The entry of a guest as every thread of this process gets it: read once, and compiled once. What V8 has compiled in a
 * thread that rehearsed spares the later ones most of that work.
 */
export class GuestCode {
  readonly #file: string;
  readonly #text: SharedArrayBuffer;
  #compiled: SharedArrayBuffer | undefined;

  private constructor(file: string, text: string) {
    this.#file = file;
    this.#text = sharedCopy(Buffer.from(`${opening}${text}\n})`));
  }

  /** @param file one CJS file that needs nothing but what is built in */
  static async read(file: string): Promise<GuestCode> {
    return new GuestCode(file, await readFile(file, 'utf8'));
  }

  get isCompiled(): boolean {
    return this.#compiled !== undefined;
  }

  share(): SharedCode {
    return { file: this.#file, text: this.#text, compiled: this.#compiled };
  }

  /** Takes what a thread says that its V8 has compiled; it must not have run anything of a plugin. */
  keep(compiled: unknown): void {
    if (this.isCompiled || !(compiled instanceof Uint8Array) || compiled.length > largestCompiled) return;
    this.#compiled = sharedCopy(compiled);
  }
}

const opening = '(function (exports, require, module, __filename, __dirname) {';

/**
 * The program of each thread: it runs the shared code, and takes it out of the reach of plugins first. A text that V8
 * does not accept the compiled form for is compiled anew.
 */
export const bootstrap = `
const { parentPort, workerData } = require('node:worker_threads');
const { constants, Script } = require('node:vm');
const { code, rehearses } = workerData;
delete workerData.code;
const script = new Script(Buffer.from(code.text).toString(), {
  filename: code.file,
  cachedData: code.compiled && Buffer.from(code.compiled),
  importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
});
const entry = { exports: {} };
script.runInThisContext()(entry.exports, require, entry, code.file, require('node:path').dirname(code.file));
if (code.compiled === undefined) entry.exports.rehearsed?.then(() => parentPort.postMessage(script.createCachedData()));
`;

function sharedCopy(bytes: Uint8Array): SharedArrayBuffer {
  const shared = new SharedArrayBuffer(bytes.length);
  new Uint8Array(shared).set(bytes);
  return shared;
}
