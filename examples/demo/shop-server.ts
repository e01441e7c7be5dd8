import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, createRuntime } from '@hotswap/runtime';
import type { Runtime, SwapReport } from '@hotswap/runtime';
import type { Change } from './scenarios.ts';
import { writeShopVersion } from './shop-version.ts';
import type { ShopVersion } from './shop-version.ts';

/** The server under test: a runtime with one plugin, on a port of its own, its sources in a temporary folder. */
export class ShopServer implements AsyncDisposable {
  readonly runtime: Runtime;
  readonly #folder: string;
  readonly #server: Server;
  readonly #removeFolder = (): void => rmSync(this.#folder, { recursive: true, force: true });
  #cutsNext = false;

  private constructor(runtime: Runtime, folder: string) {
    this.runtime = runtime;
    this.#folder = folder;
    process.once('exit', this.#removeFolder);
    const answer = runtime.listener();
    this.#server = createServer((request, response) => {
      if (!this.#cutsNext) return answer(request, response);
      this.#cutsNext = false;
      request.socket.destroy();
    });
  }

  static async start(first: ShopVersion): Promise<ShopServer> {
    const folder = await mkdtemp(join(tmpdir(), 'hotswap-demo-'));
    const log = createLogger({ level: 'silent' });
    // A busy machine makes everything slow at times: only errors shall end a version here, not slowness.
    const runtime = createRuntime({ log, watchRules: { latencyFloorMs: 10_000 } });
    const shop = new ShopServer(await runtime.start(), folder);
    await runtime.load(await writeShopVersion(folder, first));
    shop.#server.listen(0, '127.0.0.1');
    await once(shop.#server, 'listening');
    return shop;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' ? (address?.port ?? 0) : 0;
  }

  async make(change: Change): Promise<SwapReport> {
    switch (change.type) {
      case 'ship':
        return this.runtime.swap('shop', await writeShopVersion(this.#folder, change.version));
      case 'configure':
        return this.runtime.configure('shop', change.config);
      case 'rollback':
        return this.runtime.rollback('shop');
    }
  }

  /** Breaks the connection of the next request: what must never happen, to show that it would be noticed. */
  cutNextRequest(): void {
    this.#cutsNext = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await this.runtime.close();
    await rm(this.#folder, { recursive: true, force: true });
    process.off('exit', this.#removeFolder);
  }
}
