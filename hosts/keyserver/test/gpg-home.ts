import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a run of gpg left. It fails with a status, not with a throw: many tests ask for that. */
export interface GpgResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Programs that the tests need and this machine does not have. */
export function missingPrograms(): readonly string[] {
  return ['gpg', 'dirmngr', 'gpgconf'].filter((program) => spawnSync(program, ['--version']).error !== undefined);
}

/** One person with an own key ring and an own network daemon. */
export class GpgHome {
  readonly #folder: string;
  readonly #keyserver: string;

  private constructor(folder: string, keyserver: string) {
    this.#folder = folder;
    this.#keyserver = keyserver;
  }

  /** The folder's path is short, because sockets lie in it. */
  static async create(port: number): Promise<GpgHome> {
    const folder = await mkdtemp(join(tmpdir(), 'g-'));
    // Without this dirmngr would look for a resolver and a Tor daemon first.
    await writeFile(join(folder, 'dirmngr.conf'), 'no-use-tor\nstandard-resolver\n');
    return new GpgHome(folder, `hkp://127.0.0.1:${port}`);
  }

  run(...parameters: readonly string[]): Promise<GpgResult> {
    const fixed = ['--homedir', this.#folder, '--batch', '--no-tty', '--yes', '--pinentry-mode', 'loopback'];
    const secret = ['--passphrase', '', '--keyserver', this.#keyserver, '--trust-model', 'always'];
    return this.#execute('gpg', [...fixed, ...secret, ...parameters]);
  }

  async makeKey(userId: string, kind = 'ed25519'): Promise<string> {
    await this.run('--quick-generate-key', userId, kind, 'cert', 'never');
    const [fingerprint] = await this.fingerprints(userId);
    if (fingerprint === undefined) throw new Error(`gpg made no key for ${userId}`);
    return fingerprint;
  }

  async fingerprints(userId = ''): Promise<readonly string[]> {
    const { stdout } = await this.run('--with-colons', '--list-keys', ...(userId === '' ? [] : [userId]));
    const lines = stdout.split('\n');
    return lines.flatMap((line, index) => (line.startsWith('pub:') ? (lines[index + 1]?.split(':')[9] ?? []) : []));
  }

  async subkeys(fingerprint: string): Promise<readonly string[]> {
    const { stdout } = await this.run('--with-colons', '--list-keys', fingerprint);
    return stdout.split('\n').filter((line) => line.startsWith('sub:'));
  }

  /** `r` after the key was revoked, `-`, `u` and the like before. */
  async validity(fingerprint: string): Promise<string | undefined> {
    const { stdout } = await this.run('--with-colons', '--list-keys', fingerprint);
    return stdout
      .split('\n')
      .find((line) => line.startsWith('pub:'))
      ?.split(':')[1];
  }

  /** The revocation certificate that gpg writes for every new key, made usable. */
  async write(name: string, text: string): Promise<string> {
    const file = join(this.#folder, name);
    await writeFile(file, text);
    return file;
  }

  get folder(): string {
    return this.#folder;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#execute('gpgconf', ['--homedir', this.#folder, '--kill', 'all']);
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 3 });
  }

  #execute(program: string, parameters: readonly string[]): Promise<GpgResult> {
    return new Promise((resolve) => {
      execFile(program, parameters, { timeout: 15_000 }, (error, stdout, stderr) => {
        const status = typeof error?.code === 'number' ? error.code : error ? -1 : 0;
        resolve({ status, stdout, stderr });
      });
    });
  }
}
