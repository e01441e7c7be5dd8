import { readFile } from 'node:fs/promises';
import type { Secrets } from '@hotswap/sdk';
import { fail } from '../errors.ts';

/** Where secrets come from. Values are read when they are asked for, so that a rotated one is seen. */
export interface SecretResolver {
  /** The value; `undefined` when there is no secret of that name. */
  resolve(name: string): Promise<string | undefined>;
}

/** Secret names to `env:VARIABLE`, `file:/path` or the value itself, as the operator wrote them. */
export type SecretReferences = Readonly<Record<string, string>>;

/** The secrets of one plugin: what its manifest lists, if the operator has set it. */
export function createSecrets(resolver: SecretResolver, plugin: string, granted: readonly string[]): Secrets {
  return {
    async get(name) {
      if (!granted.includes(name)) {
        throw fail('CAPABILITY_MISSING', { plugin, wanted: `secret ${name}`, capability: 'secrets' });
      }
      const value = await resolver.resolve(name);
      if (value === undefined) throw fail('SECRET_UNKNOWN', { secret: name });
      return value;
    },
  };
}

/** Reads secrets from environment variables and files, each time they are asked for. A file's last line end is no part of its secret. */
export function createSecretResolver(
  references: SecretReferences,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): SecretResolver {
  return {
    async resolve(name) {
      const reference = Object.hasOwn(references, name) ? references[name] : undefined;
      if (reference === undefined) return undefined;
      if (reference.startsWith('env:')) return environment[reference.slice('env:'.length)];
      if (reference.startsWith('file:')) return readSecretFile(name, reference.slice('file:'.length));
      return reference;
    },
  };
}

async function readSecretFile(name: string, path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).replace(/\r?\n$/, '');
  } catch (error) {
    throw fail('SECRET_UNREADABLE', { secret: name }, { cause: error });
  }
}
