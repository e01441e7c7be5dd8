import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a run of gpg left. It fails with a status, not with a throw: many tests ask for that. */
export interface GpgResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Programs that the tests need and this machine does not have. */
function missingPrograms(): readonly string[] {
  return ['gpg', 'dirmngr', 'gpgconf'].filter((program) => spawnSync(program, ['--version']).error !== undefined);
}

/**
 * Whether the tests with real gpg are to be skipped, which is said in print. On a build machine they never are: there
 * a missing program fails them.
 */
export function skipsWithoutGpg(): boolean {
  const missing = missingPrograms();
  if (missing.length === 0) return false;
  console.log(`SKIPPED: the tests with real gpg, because ${missing.join(' and ')} is not installed`);
  return process.env['CI'] !== 'true';
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

  /** Revokes an own key in this key ring with the certificate that gpg has kept for it since it was made. */
  async revoke(fingerprint: string): Promise<GpgResult> {
    const kept = await readFile(join(this.#folder, 'openpgp-revocs.d', `${fingerprint}.rev`), 'utf8');
    const file = join(this.#folder, 'revocation.asc');
    // A colon before its first line guards it against accidents.
    await writeFile(file, kept.replace(':-----BEGIN', '-----BEGIN'));
    return this.run('--import', file);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#execute('gpgconf', ['--homedir', this.#folder, '--kill', 'all']);
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 3 });
  }

  #execute(program: string, parameters: readonly string[]): Promise<GpgResult> {
    // Else a machine without a locale would have its letters read as Latin-1.
    const env = { ...process.env, LC_ALL: 'C.UTF-8' };
    return new Promise((resolve) => {
      execFile(program, parameters, { timeout: 15_000, env }, (error, stdout, stderr) => {
        const status = typeof error?.code === 'number' ? error.code : error ? -1 : 0;
        resolve({ status, stdout, stderr });
      });
    });
  }
}
