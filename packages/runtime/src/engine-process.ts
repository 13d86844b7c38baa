/**
 * The engine process: frames in on stdin, frames out on stdout, the core between. It has no other input, an empty
 * environment, may read nothing but its own modules, and may not make code from strings: rules are other people's
 * code. A fault ends it, and so does its watchdog; the supervisor starts another one and gives it what it had.
 */
import { Worker } from 'node:worker_threads';
import { encodeFrame, FrameReader } from '@weir/core/frames-codec.ts';
import { openCore } from '@weir/core/engine/engine.ts';
import { MARK, MARKS } from '@weir/core/frames.ts';
import type { FrameToEngine } from '@weir/core';
import { say } from './last-words.ts';
import { makeHost } from './realm.ts';
import type { Watch } from './watchdog.ts';

const marks = new Int32Array(new SharedArrayBuffer(MARKS * Int32Array.BYTES_PER_ELEMENT));
// Until there are rules nothing that takes long is theirs.
marks[MARK.code] = -1;
const core = openCore({
  ...makeHost(),
  marks,
  now: () => performance.now(),
  cpuNow: () => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  },
  probe: () => say({ kind: 'probe', marks: [...marks] }),
});
const reader = new FrameReader();

const [watch] = process.argv.slice(2);
if (watch !== undefined) {
  const workerData: Watch = { ...(JSON.parse(watch) as Omit<Watch, 'marks'>), marks };
  new Worker(new URL('./watchdog.ts', import.meta.url), { workerData }).unref();
}

function take(piece: Uint8Array): void {
  for (const frame of reader.push(piece)) {
    if (frame.type === 'close') process.exit(0);
    for (const answer of core.receive(frame as FrameToEngine))
      process.stdout.write(encodeFrame(answer));
  }
  // Nothing more is read while the supervisor has not taken what was answered.
  if (process.stdout.writableNeedDrain) {
    process.stdin.pause();
    process.stdout.once('drain', () => process.stdin.resume());
  }
}

process.stdin.on('data', (piece: Buffer) => {
  try {
    take(piece);
  } catch (error) {
    const message = error instanceof Error ? (error.stack ?? error.message) : 'the engine failed';
    process.stdout.write(encodeFrame({ type: 'fault', message }), () => process.exit(70));
  }
});
process.stdin.on('end', () => process.exit(0));
// The terminal's Ctrl-C reaches the whole group; the supervisor decides when this process ends.
process.on('SIGINT', () => {});
