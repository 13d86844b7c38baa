import { makeJsonDecoder } from '@weir/core/formats/json-decoder.ts';
import { EventView } from '@weir/core/formats/event-view.ts';
import { makeTimeReader } from '@weir/core/plan/parse-time.ts';
import type { SourcePlan } from '@weir/core';
import type { ReadBatch, StreamReader } from './stream-reader.ts';

/** One of several streams that are read together. */
interface Side {
  readonly reader: StreamReader;
  readonly timeOf: (batch: ReadBatch) => number;
  /** Time of the last record that was read; -Infinity before the first. */
  at: number;
}

export type NextBatch =
  | { readonly kind: 'batch'; readonly reader: StreamReader; readonly batch: ReadBatch }
  | { readonly kind: 'end'; readonly reader: StreamReader; readonly error: unknown };

/**
 * Reads files side by side, always the one that is furthest behind in event time, so that the engine holds little
 * while it waits for the others. Which one is chosen changes no result: each partition judges its own events.
 */
export async function* sideBySide(
  readers: readonly { readonly reader: StreamReader; readonly source: SourcePlan }[],
): AsyncGenerator<NextBatch> {
  const sides: Side[] = readers.map(({ reader, source }) => ({
    reader,
    timeOf: lastTimeReader(source),
    at: -Infinity,
  }));
  try {
    while (sides.length > 0) {
      const side = sides.reduce((least, one) => (one.at < least.at ? one : least));
      let batch: ReadBatch | null = null;
      let error: unknown = null;
      try {
        batch = await side.reader.next();
      } catch (thrown) {
        error = thrown;
      }
      if (batch === null) {
        sides.splice(sides.indexOf(side), 1);
        yield { kind: 'end', reader: side.reader, error };
        continue;
      }
      if (sides.length > 1) side.at = Math.max(side.at, side.timeOf(batch));
      yield { kind: 'batch', reader: side.reader, batch };
    }
  } finally {
    // Who asks for no more has been given enough.
    for (const { reader } of sides) await reader.close();
  }
}

/** Reads the time of a batch's last record. */
function lastTimeReader({ time }: SourcePlan): (batch: ReadBatch) => number {
  const decoder = makeJsonDecoder(time.paths, null);
  const view = new EventView(time.paths);
  const read = makeTimeReader(time);
  return ({ frame }) => {
    const last = frame.starts.length - 1;
    if (last < 0) return -Infinity;
    const decoded = decoder.decode(
      frame.bytes,
      frame.starts.subarray(last),
      frame.lengths.subarray(last),
      1,
    );
    if (decoded.count === 0) return -Infinity;
    view.moveTo(decoded, 0);
    for (let slot = 0; slot < time.paths.length; slot++) {
      const at = read(view.get(slot));
      if (!Number.isNaN(at)) return at;
    }
    return -Infinity;
  };
}
