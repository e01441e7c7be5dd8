// Loaded before a program: the same runtime, but no clock is read and no duration is recorded.
import { registerHooks } from 'node:module';

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context);
    if (!url.endsWith('/metrics/duration-histogram.ts') && !url.endsWith('/metrics/duration-histogram.js'))
      return loaded;
    return { ...loaded, source: `${String(loaded.source)}\nDurationHistogram.prototype.record = () => {};\n` };
  },
});

/** The clock as the bench itself reads it. */
const now = performance.now.bind(performance);
Reflect.set(globalThis, Symbol.for('hotswap.bench.now'), now);
performance.now = () => 0;
