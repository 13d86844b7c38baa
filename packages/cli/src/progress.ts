import { isoTime } from '@weir/core/plan/civil.ts';
import type { Counts } from '@weir/core';
import { count } from './paint.ts';

const EVERY_MS = 250;

/** One line on a terminal that tells how far a long run has come; nothing where nobody looks. */
export class Progress {
  readonly #isOn: boolean;
  readonly #beganAt = performance.now();
  #lastAt = 0;
  #lines = 0;

  constructor(isWanted: boolean) {
    this.#isOn = isWanted && process.stderr.isTTY === true;
  }

  show(counts: Counts, bytes: number, results: number): void {
    if (!this.#isDue()) return;
    const seconds = (this.#lastAt - this.#beganAt) / 1000;
    const clock = Number.isFinite(counts.clock)
      ? `clock ${isoTime(counts.clock).slice(0, 19)}Z, `
      : '';
    const setAside = counts.undecodable + counts.duplicates;
    const line = `${count(counts.read)} events, ${count(Math.round(counts.read / seconds))} a second, ${(bytes / seconds / 1e6).toFixed(0)} MB/s, ${clock}${count(results)} results, ${count(setAside)} set aside`;
    this.clear();
    process.stderr.write(line.slice(0, (process.stderr.columns ?? 120) - 1));
    this.#lines = 1;
  }

  /** The same place, with a table in it. */
  showTable(table: () => string): void {
    if (!this.#isDue()) return;
    const text = table();
    this.clear();
    process.stderr.write(text);
    this.#lines = text.split('\n').length;
  }

  #isDue(): boolean {
    const now = performance.now();
    if (!this.#isOn || now - this.#lastAt < EVERY_MS) return false;
    this.#lastAt = now;
    return true;
  }

  clear(): void {
    if (this.#lines === 0) return;
    const up = this.#lines === 1 ? '' : `\u001b[${this.#lines - 1}A`;
    process.stderr.write(`\r${up}\u001b[J`);
    this.#lines = 0;
  }
}
