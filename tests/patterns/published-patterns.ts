import { readFileSync } from 'node:fs';

/** A published vulnerable pattern; the longer `prefix + pump × n + suffix`, the worse a backtracking engine does. */
export interface PublishedPattern {
  readonly pattern: string;
  readonly flags: string;
  readonly source: string;
  readonly prefix: string;
  readonly pump: string;
  readonly suffix: string;
  readonly attack: 'published' | 'derived';
}

export const patternFiles = ['releases', 'taught'] as const;

/** The patterns of one file of tests/cases/patterns. */
export function publishedPatterns(
  file: (typeof patternFiles)[number] | 'refused',
): PublishedPattern[] {
  const url = new URL(`../cases/patterns/${file}.ndjson`, import.meta.url);
  return readFileSync(url, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as PublishedPattern);
}

export const attackOf = (
  { prefix, pump, suffix }: Pick<PublishedPattern, 'prefix' | 'pump' | 'suffix'>,
  pumps: number,
): string => prefix + pump.repeat(pumps) + suffix;
