import { isoTime } from '@weir/core/plan/civil.ts';
import type { Counts } from '@weir/core';
import { count } from './paint.ts';

const EVERY_MS = 250;

/** One line on a terminal that tells how far a long run has come; nothing where nobody looks. */
export class Progress {
  readonly #isOn: boolean;
  readonly #beganAt = performance.now();
  #lastAt = 0;
  #isShown = false;

  constructor(isWanted: boolean) {
    this.#isOn = isWanted && process.stderr.isTTY === true;
  }

  show(counts: Counts, bytes: number, results: number): void {
    const now = performance.now();
    if (!this.#isOn || now - this.#lastAt < EVERY_MS) return;
    this.#lastAt = now;
    const seconds = (now - this.#beganAt) / 1000;
    const clock = Number.isFinite(counts.clock)
      ? `clock ${isoTime(counts.clock).slice(0, 19)}Z, `
      : '';
    const setAside = counts.undecodable + counts.duplicates;
    const line = `${count(counts.read)} events, ${count(Math.round(counts.read / seconds))} a second, ${(bytes / seconds / 1e6).toFixed(0)} MB/s, ${clock}${count(results)} results, ${count(setAside)} set aside`;
    process.stderr.write(`\r\u001b[K${line.slice(0, (process.stderr.columns ?? 120) - 1)}`);
    this.#isShown = true;
  }

  clear(): void {
    if (this.#isShown) process.stderr.write('\r\u001b[K');
    this.#isShown = false;
  }
}
