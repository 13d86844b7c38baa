import { globSync, statSync } from 'node:fs';
import { join } from 'node:path';

const READABLE = /\.(?:json|ndjson|jsonl|log)(?:\.gz|\.zst)?$/i;

/** Files of a list of paths, folders and patterns, sorted, each once. Throws if a path is not there. */
export function findFiles(paths: readonly string[]): string[] {
  const found = new Set<string>();
  for (const path of paths) for (const file of filesOf(path)) found.add(file);
  return [...found];
}

function filesOf(path: string): string[] {
  if (/[*?[{]/.test(path) && statSync(path, { throwIfNoEntry: false }) === undefined)
    return globSync(path).filter(isFile).sort();
  const facts = statSync(path, { throwIfNoEntry: false });
  if (facts === undefined) throw new Error(`${path} is not there`);
  if (!facts.isDirectory()) return [path];
  return globSync(join(path, '**', '*'))
    .filter((file) => READABLE.test(file) && isFile(file))
    .sort();
}

const isFile = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
