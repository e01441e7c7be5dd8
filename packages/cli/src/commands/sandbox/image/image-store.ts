import type { ContainerImage, ImageStore } from '@hotswap/sandbox';
import { type Column, formatTable } from '../../../output/table.ts';
import type { Style } from '../../../output/style.ts';

/** What every command about images takes. */
export interface EngineOptions {
  readonly engine?: string;
}

export const engineOption = [
  '--engine <command>',
  'the engine and its flags, such as "docker --host unix:///x.sock"; default podman, then docker',
] as const;

const megabyte = 1_048_576;
const shortDigest = 'sha256:'.length + 12;

/** Does something with the images of an engine. */
export async function withImages<Result>(
  { engine }: EngineOptions,
  work: (store: ImageStore) => Promise<Result>,
): Promise<Result> {
  const { ContainerEngine } = await import('@hotswap/sandbox');
  const [command, ...flags] = engine?.split(/\s+/).filter((word) => word !== '') ?? [];
  const containers = new ContainerEngine(command === undefined ? {} : { command: [command, ...flags] });
  try {
    return await work(await containers.images());
  } finally {
    await containers.close();
  }
}

/** Images as people read them. */
export function imageTable(images: readonly ContainerImage[], style: Style): string {
  return formatTable(images, columns, style);
}

const columns: readonly Column<ContainerImage>[] = [
  { title: 'digest', cell: ({ digest }) => digest.slice(0, shortDigest) },
  { title: 'kind', cell: ({ kind }) => kind },
  { title: 'use', cell: ({ current }) => (current ? 'current' : 'of another Node') },
  { title: 'size', align: 'right', cell: ({ sizeBytes }) => `${Math.round(sizeBytes / megabyte)} MB` },
  { title: 'created', cell: ({ created }) => created.slice(0, 'YYYY-MM-DD'.length) },
  { title: 'names', cell: ({ names }) => names.join(', ') || '-' },
];
