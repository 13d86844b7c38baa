/**
 * The engine process: frames in on stdin, frames out on stdout, the core between. It has no other input, an empty
 * environment, and may not make code from strings: rules are other people's code. A fault ends it; the supervisor
 * starts another one and gives it what it had.
 */
import { encodeFrame, FrameReader } from '@weir/core/frames-codec.ts';
import { openCore } from '@weir/core/engine/engine.ts';
import type { FrameToEngine } from '@weir/core';
import { makeHost } from './realm.ts';

const core = openCore(makeHost());
const reader = new FrameReader();

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
