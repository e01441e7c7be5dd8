// Writes manifest.schema.json, which editors read, from the object that the runtime checks with.
import { writeFile } from 'node:fs/promises';
import { manifestSchema } from '../src/manifest-schema.ts';

await writeFile(new URL('../manifest.schema.json', import.meta.url), `${JSON.stringify(manifestSchema, null, 2)}\n`);
