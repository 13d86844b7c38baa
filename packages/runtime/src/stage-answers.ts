import { encodeDone, encodeFrame } from '@weir/core/frames-codec.ts';
import type { FrameFromEngine, Park, RecordsFrame, RuleError, SetAside } from '@weir/core';
import type { AlertChange, ResultChange } from '@weir/core/plan/result.ts';

/** Counts are told so often; the host shows them, and nothing depends on them. */
const COUNTS_EVERY_MS = 1000;
const DONE = encodeDone();

/**
 * The bytes that a cluster's operator is sent for what the engine answers: everything that people or others read as
 * records, each the line of JSON that `weir run --json` writes; of counts the totals, once a second.
 */
export function stageAnswers(now: () => number): (frame: FrameFromEngine) => Uint8Array {
  let toldAt = -Infinity;
  return (frame) => {
    switch (frame.type) {
      case 'results':
        return recordsOf('results', frame.changes.map(ofResult));
      case 'alerts':
        return recordsOf('alerts', frame.changes.map(ofAlert));
      case 'set-aside':
        return recordsOf('set-aside', frame.records.map(ofSetAside));
      case 'errors':
        return recordsOf('faults', frame.errors.map(ofError));
      case 'parked':
        // The host writes the parks down where all parts read them; people read them among the faults.
        return joined([recordsOf('faults', frame.parks.map(ofPark)), encodeFrame(frame)]);
      case 'done': {
        const at = now();
        if (at - toldAt < COUNTS_EVERY_MS) return DONE;
        toldAt = at;
        return encodeFrame({ type: 'done', counts: { ...frame.counts, rules: [] } });
      }
      default:
        return encodeFrame(frame);
    }
  };
}

interface Line {
  readonly key: string;
  readonly value: object;
}

/** Changes of one result have one key, so they stay in their order. */
const ofResult = (change: ResultChange): Line => ({
  key: change.result.id,
  value: { kind: 'result', ...change },
});
const ofAlert = (change: AlertChange): Line => ({
  key: change.alert.handle,
  value: { ...change, kind: 'alert' },
});
const ofSetAside = ({ kind, ...rest }: SetAside): Line => ({
  key: `${rest.source} ${rest.partition}`,
  value: { kind: 'set-aside', why: kind, ...rest },
});
const ofError = (error: RuleError): Line => ({
  key: error.rules[0] ?? '',
  value: { kind: 'error', ...error },
});
const ofPark = (park: Park): Line => ({ key: park.rule, value: { kind: 'parked', ...park } });

function recordsOf(output: RecordsFrame['output'], lines: readonly Line[]): Uint8Array {
  const encoder = new TextEncoder();
  const parts = lines.flatMap(({ key, value }) => [
    encoder.encode(key),
    encoder.encode(JSON.stringify(value)),
  ]);
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + 4 + length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const part of parts) {
    view.setUint32(at, part.length, true);
    bytes.set(part, at + 4);
    at += 4 + part.length;
  }
  return encodeFrame({ type: 'records', output, bytes });
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
