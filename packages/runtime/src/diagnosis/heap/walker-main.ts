// The process that walks over a heap snapshot, so that the server goes on serving meanwhile.
import { closeSync, fstatSync, openSync, unlinkSync } from 'node:fs';
import { findRetainers, searchedNames } from './find-retainers.ts';
import type { WalkMessage, WalkResult } from './found-retainer.ts';
import { readSnapshot } from './read-snapshot.ts';

const [path = '', ...suspects] = process.argv.slice(2);

// The channel is closed once the answer is on its way: nothing else keeps this process.
process.send?.(attempt(), () => process.disconnect?.());

function attempt(): WalkMessage {
  try {
    return { type: 'found', found: walk() };
  } catch (error) {
    return { type: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
}

function walk(): WalkResult {
  const file = openSync(path, 'r');
  try {
    // It holds whatever the server has in memory: with its name gone it cannot outlive this process, whoever is killed.
    if (process.platform !== 'win32') unlinkSync(path);
    const { size } = fstatSync(file);
    const onProgress = (bytes: number): void => tell({ type: 'progress', step: 'read', done: bytes / size });
    const graph = readSnapshot(file, { names: searchedNames, onProgress });
    return findRetainers(graph, new Set(suspects), (done) => tell({ type: 'progress', step: 'walk', done }));
  } finally {
    closeSync(file);
  }
}

function tell(message: WalkMessage): void {
  process.send?.(message);
}
