import { writeSync } from 'node:fs';
import type { CodeClause, ParkReason } from '@weir/core';

/** What an engine process says of itself before its end: lines of JSON. */
export interface LastWord {
  /** 'probe': this is called next, or was (then no rule is marked). */
  readonly kind: 'stuck' | 'memory' | 'probe';
  /** As the engine left them; see MARK. */
  readonly marks: readonly number[];
  /** Whose code it was, for hosts that do not know the rules by their numbers. */
  readonly culprit?: {
    readonly rule: string;
    readonly clause: CodeClause;
    readonly reason: ParkReason;
  };
}

/**
 * Where words are said: on a pipe of their own, or, to hosts that cannot give one, among the lines of standard error,
 * behind `weir-last-word `.
 */
export type Voice = 'pipe' | 'stderr';

/** The pipe's number in the engine process. */
const PIPE = 3;
const STDERR = 2;

export function say(word: LastWord, voice: Voice): void {
  if (voice === 'pipe') writeSync(PIPE, `${JSON.stringify(word)}\n`);
  else writeSync(STDERR, `weir-last-word ${JSON.stringify(word)}\n`);
}

/** Hears what is said, and keeps the last of it. */
export class LastWords {
  #rest = '';
  last: LastWord | null = null;

  push(piece: string): void {
    const lines = (this.#rest + piece).split('\n');
    this.#rest = lines.pop()!;
    const newest = lines.findLast((line) => line !== '');
    if (newest !== undefined) this.last = JSON.parse(newest) as LastWord;
  }
}
