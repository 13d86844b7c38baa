import { MessageChannel, Worker } from 'node:worker_threads';
import { FrameReader } from '@weir/core/frames-codec.ts';
import { encodeFrame } from '@weir/core/frames-codec.ts';
import { openCore } from '@weir/core/engine/engine.ts';
import { MARK, MARKS } from '@weir/core/frames.ts';
import type { Core, FrameFromEngine, FrameToEngine, Host } from '@weir/core';
import { culpritIn } from './culprit.ts';
import { say, type Voice } from './last-words.ts';
import { makeHost } from './realm.ts';
import type { Watch } from './watchdog.ts';

/**
 * The life of an engine process: frames come in on standard input and go out on standard output, the core between. It has
 * no other input. A fault ends it, and so does its watchdog; who started it starts another one and gives it what it had.
 * `answerOf`: the bytes that the host is sent for an answer; null: none.
 */
export function serveFrames(
  voice: Voice,
  answerOf: (frame: FrameFromEngine) => Uint8Array | null = encodeFrame,
): void {
  const marks = new Int32Array(new SharedArrayBuffer(MARKS * Int32Array.BYTES_PER_ELEMENT));
  // Until there are rules nothing that takes long is theirs.
  marks[MARK.code] = -1;
  const { port1: toWatchdog, port2: rules } = new MessageChannel();
  let known: readonly string[] = [];
  const host: Host = {
    ...makeHost(),
    marks,
    now: () => performance.now(),
    cpuNow: () => {
      const { user, system } = process.threadCpuUsage();
      return (user + system) / 1000;
    },
    probe: () =>
      say({ kind: 'probe', marks: [...marks], ...culpritIn('probe', marks, known) }, voice),
  };
  let core: Core = openCore(host);

  const [watch] = process.argv.slice(2);
  if (watch !== undefined) {
    const limits = JSON.parse(watch) as Pick<Watch, 'stuckMs' | 'memoryMaxBytes'>;
    const workerData: Watch = { ...limits, marks, voice, rules };
    const module = import.meta.url.endsWith('.ts') ? './watchdog.ts' : './watchdog.js';
    const options = { workerData, transferList: [rules] };
    new Worker(new URL(module, import.meta.url), options).unref();
  }

  function tell(frame: FrameFromEngine): void {
    const bytes = answerOf(frame);
    if (bytes !== null) process.stdout.write(bytes);
  }

  /** Rules keep their numbers, and new ones come after. */
  function nameRules(answers: readonly FrameFromEngine[]): void {
    const done = answers.find((answer) => answer.type === 'done');
    if (done === undefined) return;
    known = done.counts.rules.map(({ rule }) => rule);
    toWatchdog.postMessage(known);
  }

  function receive(frame: FrameToEngine): void {
    if (frame.type === 'close') process.exit(0);
    // A process may be used again, as if it were new.
    if (frame.type === 'open') {
      core = openCore(host);
      known = [];
    }
    const answers = core.receive(frame);
    if (frame.type === 'start' || frame.type === 'edit') nameRules(answers);
    for (const answer of answers) tell(answer);
  }

  const reader = new FrameReader();
  process.stdin.on('data', (piece: Buffer) => {
    try {
      for (const frame of reader.push(piece)) receive(frame as FrameToEngine);
      // Nothing more is read while the host has not taken what was answered.
      if (process.stdout.writableNeedDrain) {
        process.stdin.pause();
        process.stdout.once('drain', () => process.stdin.resume());
      }
    } catch (error) {
      const message = error instanceof Error ? (error.stack ?? error.message) : 'the engine failed';
      process.stdout.write(encodeFrame({ type: 'fault', message }), () => process.exit(70));
    }
  });
  process.stdin.on('end', () => process.exit(0));
  // The terminal's Ctrl-C reaches the whole group; the host decides when this process ends.
  process.on('SIGINT', () => {});
}
