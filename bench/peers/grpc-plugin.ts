// A plugin that serves gRPC and gives back what it got.
import { servePlugin } from '@hotswap/polyglot/serve';

await servePlugin({ methods: { echo: (data) => data } });
