// Packs the published packages from staged copies: manifests without what only this workspace understands.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { publishedPackages } from './published-packages.ts';

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

const sourceCondition = '@hotswap/source';
const neverPublished = ['scripts', 'devDependencies'];

/** Packs every published package of the repository at `root`; gives the tarballs back, in dependency order. */
export function packPackages(root: string, out: string): string[] {
  mkdirSync(out, { recursive: true });
  return publishedPackages.map((folder) => packOne(root, folder, resolve(out)));
}

function packOne(root: string, folder: string, out: string): string {
  const stage = mkdtempSync(join(tmpdir(), 'hotswap-pack-'));
  try {
    const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Record<string, Json>;
    writeFileSync(join(stage, 'package.json'), `${JSON.stringify(publishedManifest(manifest), null, 2)}\n`);
    copyFiles(root, folder, stage, manifest['files']);
    const report = execFileSync('npm', ['pack', '--json', '--pack-destination', out], { cwd: stage, encoding: 'utf8' });
    return join(out, tarballName(JSON.parse(report)));
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

/** The manifest as users get it: no source condition, no scripts, no development dependencies. */
export function publishedManifest(manifest: Record<string, Json>): Json {
  const kept = Object.entries(manifest).filter(([key]) => !neverPublished.includes(key));
  return { ...Object.fromEntries(kept), exports: withoutSource(manifest['exports'] ?? null) };
}

function withoutSource(value: Json): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const kept = Object.entries(value).filter(([key]) => key !== sourceCondition);
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutSource(inner)]));
}

function copyFiles(root: string, folder: string, stage: string, files: Json | undefined): void {
  const listed = Array.isArray(files) ? files.map(String) : ['dist'];
  for (const name of [...listed, 'README.md', 'CHANGELOG.md']) {
    const from = join(root, folder, name);
    if (existsSync(from)) cpSync(from, join(stage, name), { recursive: true });
  }
  for (const left of globSync('dist/**/{*.tsbuildinfo,.*.tsbuildinfo,.tsbuildinfo}', { cwd: stage }))
    rmSync(join(stage, left));
  cpSync(join(root, 'LICENSE'), join(stage, 'LICENSE'));
}

/** npm answers with a list of packed packages; newer ones with a record of them by name. */
function tarballName(report: unknown): string {
  const [packed] = Object.values(report as Record<string, { readonly filename: string }>);
  if (packed === undefined) throw new Error('npm pack reported no tarball');
  return packed.filename;
}

if (import.meta.main) {
  for (const tarball of packPackages(resolve(import.meta.dirname, '..'), process.argv[2] ?? 'tarballs'))
    console.log(tarball);
}
