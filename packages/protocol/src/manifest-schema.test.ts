import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { manifestSchema } from './manifest-schema.ts';

test('the published schema file is what the object says', async () => {
  const published = await readFile(new URL('../manifest.schema.json', import.meta.url), 'utf8');
  expect(JSON.parse(published), 'run node packages/protocol/scripts/write-manifest-schema.ts').toEqual(manifestSchema);
});

test('every field has a description that an editor can show', () => {
  expect(fieldsWithoutDescription(manifestSchema, '')).toEqual([]);
});

test('inside hotswap, no object takes unknown fields', () => {
  const { hotswap } = manifestSchema['properties'] as Record<string, Record<string, unknown>>;
  expect(hotswap).toMatchObject({
    additionalProperties: false,
    properties: {
      capabilities: { additionalProperties: false },
      limits: { additionalProperties: false },
      health: { additionalProperties: false },
    },
  });
});

function fieldsWithoutDescription(schema: Readonly<Record<string, unknown>>, path: string): readonly string[] {
  const fields = Object.entries((schema['properties'] ?? {}) as Record<string, Record<string, unknown>>);
  return fields.flatMap(([name, field]) => [
    ...(typeof field['description'] === 'string' ? [] : [`${path}/${name}`]),
    ...fieldsWithoutDescription(field, `${path}/${name}`),
  ]);
}
