import { writeSync } from 'node:fs';

/** What an engine process says of itself before its end: lines of JSON on a pipe of their own. */
export interface LastWord {
  /** 'probe': this is called next, or was (then no rule is marked). */
  readonly kind: 'stuck' | 'memory' | 'probe';
  /** As the engine left them; see MARK. */
  readonly marks: readonly number[];
}

/** The pipe's number in the engine process. */
const LAST_WORDS = 3;

export function say(word: LastWord): void {
  writeSync(LAST_WORDS, `${JSON.stringify(word)}\n`);
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
