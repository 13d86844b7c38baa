import { statSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { Plan } from '@weir/core';
import { errorsOf, load, ruleFiles, type Loaded, type LoadOptions } from './load.ts';

/** Files are looked at so often: a saved rule is live well within a second. */
const LOOK_EVERY_MS = 250;

export interface RulesChange {
  readonly loaded: Loaded;
  /** What runs from now on: of files with errors the rules that ran before. */
  readonly plan: Plan;
  /** Files that cannot be used as they are. */
  readonly broken: readonly string[];
}

/** Looks at files of rules until `signal` says enough, and tells of what they say now. */
export async function watchRules(
  paths: readonly string[],
  options: LoadOptions,
  first: Loaded,
  signal: AbortSignal,
  changed: (change: RulesChange) => Promise<void>,
): Promise<void> {
  let current = ofFiles(first);
  // What was saved while it was first read, or since, is looked at.
  let stamps = isSavedSince(paths, first.readAtMs) ? '' : stampsOf(paths);
  while (!signal.aborted) {
    await wait(LOOK_EVERY_MS, undefined, { signal }).catch(() => {});
    const now = stampsOf(paths);
    if (signal.aborted || now === stamps) continue;
    stamps = now;
    let loaded: Loaded;
    try {
      loaded = load(paths, options);
    } catch (error) {
      // A folder without rules, or a file that is gone while it is read: what ran goes on.
      await changed({ loaded: first, plan: planOf(current), broken: [(error as Error).message] });
      continue;
    }
    const next = ofFiles(loaded);
    const broken = [...new Set(errorsOf(loaded.diagnostics).map(({ file }) => file))];
    for (const file of broken) {
      const kept = current.get(file) ?? [];
      const own = next.get(file) ?? [];
      next.set(file, [...own, ...kept.filter((old) => !own.some(({ id }) => id === old.id))]);
    }
    current = next;
    await changed({ loaded, plan: planOf(current), broken });
  }
}

type ByFile = Map<string, Plan['rules'][number][]>;

function ofFiles({ compiled }: Loaded): ByFile {
  const found: ByFile = new Map();
  for (const { file, plan } of compiled.rules) found.set(file, [...(found.get(file) ?? []), plan]);
  return found;
}

const planOf = (rules: ByFile): Plan => ({ format: 1, rules: [...rules.values()].flat() });

/** Systems stamp files by a clock of theirs, which may be so far behind. */
const STAMP_LAG_MS = 20;

function isSavedSince(paths: readonly string[], atMs: number): boolean {
  try {
    return ruleFiles(paths).some((file) => statSync(file).mtimeMs >= atMs - STAMP_LAG_MS);
  } catch {
    return true;
  }
}

/** When each file was written, and how long it is. */
function stampsOf(paths: readonly string[]): string {
  try {
    return ruleFiles(paths)
      .map((file) => {
        const { mtimeMs, size, ino } = statSync(file);
        return `${file} ${mtimeMs} ${size} ${ino}`;
      })
      .join('\n');
  } catch {
    return '';
  }
}
