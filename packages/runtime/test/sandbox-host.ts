import { createSandbox, type LayerName } from '@hotswap/sandbox';
import { describe } from 'vitest';

/** What tests of level `sandbox` need to know of this host. */
interface SandboxHost {
  /** Why there can be no confined process; undefined: there can be. */
  readonly whyNot: string | undefined;
  /** Layers that this host lacks, and that the tests of what plugins do can do without. */
  readonly allowMissing: readonly LayerName[];
}

export const sandboxHost: SandboxHost = await lookAtHost();

/** A `describe` that says in its name why it was skipped: on a host without bubblewrap. In CI it is not skipped. */
export function describeSandbox(name: string, body: () => void): void {
  const { whyNot } = sandboxHost;
  const title = whyNot === undefined ? name : `${name} (skipped: ${whyNot})`;
  describe.skipIf(whyNot !== undefined && process.env['CI'] === undefined)(title, body);
}

async function lookAtHost(): Promise<SandboxHost> {
  const { report } = await createSandbox();
  const missing = report.filter(({ status }) => status === 'missing');
  const namespaces = missing.find(({ layer }) => layer === 'namespaces');
  return {
    whyNot: namespaces && `this host has no namespaces for bubblewrap: ${namespaces.error ?? 'it does not say why'}`,
    allowMissing: missing.map(({ layer }) => layer),
  };
}
