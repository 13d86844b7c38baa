import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { Park } from '@weir/core';
import { Failure } from '../failure.ts';

/** A rule was left out from an event on: a CHANGE of the run, which another run over the same input makes again. */
export type ParkRecord = {
  readonly kind: 'park';
  readonly recordedAt: string;
  /** Rules that read its results, and wait with it. */
  readonly waiting: readonly string[];
} & Park;

/** A person, or a new version, brought it back. */
export interface ReleaseRecord {
  readonly kind: 'release';
  readonly recordedAt: string;
  readonly rule: string;
  readonly version: string;
}

export type ParksLine = ParkRecord | ReleaseRecord;

/** The lines of a file of parks, oldest first; none if there is no file. Throws Failure if it is something else. */
export function readParks(file: string): ParksLine[] {
  if (!existsSync(file)) return [];
  // The last line may be half written by a run that goes on.
  const text = readFileSync(file, 'utf8');
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .flatMap((line, i) => (line.trim() === '' ? [] : [lineOf(line, file, i + 1)]));
}

function lineOf(text: string, file: string, number: number): ParksLine {
  let line: unknown;
  try {
    line = JSON.parse(text);
  } catch {
    line = null;
  }
  const { kind, rule, version } = (line ?? {}) as Partial<ParksLine>;
  const isOne = kind === 'park' || kind === 'release';
  if (!isOne || typeof rule !== 'string' || typeof version !== 'string')
    throw new Failure(`${file}, line ${number} is no record of a parked rule`);
  return line as ParksLine;
}

/** Adds a line. One write, so that a reader never sees two mixed. */
export function appendPark(file: string, line: ParksLine): void {
  appendFileSync(file, `${JSON.stringify(line)}\n`, { mode: 0o600 });
}

/**
 * What is parked after all lines: the newest park of each version of a rule that nobody has brought back. What was
 * deferred has been caught up; each run decides for itself who has to stand back.
 */
export function parkedOf(lines: readonly ParksLine[]): ParkRecord[] {
  const parked = new Map<string, ParkRecord>();
  for (const line of lines) {
    const name = JSON.stringify([line.rule, line.version]);
    if (line.kind === 'park' && line.reason.limit === 'deferred') continue;
    if (line.kind === 'park') parked.set(name, line);
    else parked.delete(name);
  }
  return [...parked.values()];
}
