/**
 * The second thread of the engine process. It looks at the marks that the engine leaves, and ends the process when one
 * call of rule code neither comes back nor breaks a limit: it says whose it is first, since shared memory ends with the
 * process. It also ends a process whose host has ended: a stuck engine would not notice.
 */
import { receiveMessageOnPort, workerData, type MessagePort } from 'node:worker_threads';
import { MARK } from '@weir/core/frames.ts';
import { culpritIn } from './culprit.ts';
import { say, type Voice } from './last-words.ts';

export interface Watch {
  readonly marks: Int32Array;
  /** CPU time of the process within one call. */
  readonly stuckMs: number;
  /** null: memory is not looked at. */
  readonly memoryMaxBytes: number | null;
  readonly voice: Voice;
  /** The ids of the rules, by number, whenever there are others. */
  readonly rules: MessagePort;
}

const LOOK_EVERY_MS = 10;

const { marks, stuckMs, memoryMaxBytes, voice, rules } = workerData as Watch;
/** Whoever takes in orphans is another one. */
const parent = process.ppid;

/** Its own clock: nobody ever wakes it. */
const clock = new Int32Array(new SharedArrayBuffer(4));

/**
 * How long a call has taken at least: CPU time, since a machine that is busy with others makes no rule stuck, but no more
 * than has passed, since threads that collect garbage take CPU time too.
 */
interface Instant {
  readonly cpuMs: number;
  readonly nowMs: number;
}

function instant(): Instant {
  const { user, system } = process.cpuUsage();
  return { cpuMs: (user + system) / 1000, nowMs: performance.now() };
}

function passedMs(since: Instant): number {
  const { cpuMs, nowMs } = instant();
  return Math.min(cpuMs - since.cpuMs, nowMs - since.nowMs);
}

/** A full collection of garbage falls into some call, and takes time in proportion to memory: that is no rule's. */
const COLLECTED_BYTES_PER_MS = 50 * 2 ** 20;

const isStuck = (tookMs: number): boolean =>
  tookMs >= stuckMs && tookMs >= stuckMs + process.memoryUsage.rss() / COLLECTED_BYTES_PER_MS;

function rulesNow(): readonly string[] {
  let known: readonly string[] = [];
  for (;;) {
    const next = receiveMessageOnPort(rules) as { readonly message: readonly string[] } | undefined;
    if (next === undefined) return known;
    known = next.message;
  }
}

function end(kind: 'stuck' | 'memory'): void {
  say({ kind, marks: [...marks], ...culpritIn(kind, marks, rulesNow()) }, voice);
  process.kill(process.pid, 'SIGKILL');
}

let [call, code] = [marks[MARK.call]!, marks[MARK.code]!];
let seen = instant();
for (;;) {
  Atomics.wait(clock, 0, 0, LOOK_EVERY_MS);
  if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL');
  const isSame = code >= 0 && marks[MARK.code] === code && marks[MARK.call] === call;
  if (!isSame) {
    [call, code] = [marks[MARK.call]!, marks[MARK.code]!];
    seen = instant();
    continue;
  }
  if (isStuck(passedMs(seen))) end('stuck');
  // Within one look a call has not come back: it is the rule that grows, not the engine.
  else if (memoryMaxBytes !== null && process.memoryUsage.rss() > memoryMaxBytes) end('memory');
}
