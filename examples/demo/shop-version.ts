import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One version of the demo's plugin. Only what is told here differs; the rest is the same in each. */
export interface ShopVersion {
  readonly version: string;
  /** Code that runs when it starts. */
  readonly atStart?: string;
  /** What its health check answers: an expression. */
  readonly health?: string;
  /** Code that runs before each answer. */
  readonly atRequest?: string;
}

/** The source of a version: a plugin with a quick route and a slow one, which both answer version and config. */
export function shopSource({ atStart = '', health = "'healthy'", atRequest = '' }: ShopVersion): string {
  return `import { definePlugin } from '@hotswap/sdk';

export default definePlugin({
  async start(ctx) {
    ${atStart}
    const answer = () => {
      ${atRequest}
      return new Response(ctx.version + ' ' + ctx.config.word);
    };
    ctx.http.get('/quick', answer);
    ctx.http.get('/slow', async () => {
      await ctx.clock.sleep(200);
      return answer();
    });
    return { health: () => (${health}) };
  },
});
`;
}

/** Writes a version into a folder of its own below `folder` and returns that folder: a source to load. */
export async function writeShopVersion(folder: string, version: ShopVersion): Promise<string> {
  const target = join(folder, `shop-${version.version}`);
  await mkdir(target, { recursive: true });
  const word = { type: 'string', default: 'hello' };
  const manifest = {
    name: 'shop',
    version: version.version,
    type: 'module',
    main: './index.ts',
    engines: { hotswap: '^1.0.0' },
    hotswap: { config: { type: 'object', properties: { word } } },
  };
  await writeFile(join(target, 'package.json'), JSON.stringify(manifest, undefined, 2));
  await writeFile(join(target, 'index.ts'), shopSource(version));
  return target;
}
