import type { Diagnosis } from '@hotswap/runtime';

const silent = () => {};

/** Looks at this process and machine as a server with this data folder would. No plugin is looked for or started. */
export async function diagnoseHere(data: string): Promise<Diagnosis> {
  const { createRuntime } = await import('@hotswap/runtime');
  const log = { debug: silent, info: silent, warn: silent, error: silent, child: () => log };
  await using runtime = createRuntime({ data, guardProcess: false, environment: {}, log });
  return await runtime.diagnose();
}
