/**
 * Frames as bytes: `u32 length | u8 type | u32 header length | header | rest`, little-endian; `length` counts what
 * follows it. The header is JSON in UTF-8, the rest what is long: records, rows, state. `frames-vectors.json` holds
 * examples that every side is tested on.
 */
import type { BatchFrame, Counts, FrameFromEngine, FrameToEngine, RuleError } from './frames.ts';
import { textOfUtf8, utf8Of } from './functions/utf8.ts';

/** A longer frame is a mistake of the sender. */
export const FRAME_MAX_BYTES = 1 << 28;
const HEAD_BYTES = 9;

/** A type's number is its place in this list; numbers are never given another meaning. */
const TYPES = [
  'open',
  'change',
  'restore',
  'start',
  'batch',
  'tick',
  'end',
  'routed',
  'watermark',
  'finish',
  'snapshot',
  'close',
  'ready',
  'results',
  'alerts',
  'route',
  'state',
  'set-aside',
  'errors',
  'done',
  'fault',
  'edit',
  'edited',
  'refilled',
  'park',
  'release',
  'probe',
  'parked',
  'released',
  'records',
  // Between the operators of a cluster only: a record of the control topic, on its way with the frames.
  'control',
] as const satisfies readonly ((FrameToEngine | FrameFromEngine)['type'] | 'control')[];

export type Frame = FrameToEngine | FrameFromEngine;

export class FrameError extends Error {}

const NOTHING = new Uint8Array(0);

export function encodeFrame(frame: Frame): Uint8Array {
  const { header, parts } = split(frame);
  const head = utf8Of(JSON.stringify(header));
  const length =
    HEAD_BYTES - 4 + head.length + parts.reduce((sum, part) => sum + part.byteLength, 0);
  if (length > FRAME_MAX_BYTES)
    throw new FrameError(`a ${frame.type} frame of ${length} bytes is too long`);
  const bytes = new Uint8Array(4 + length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, length, true);
  bytes[4] = TYPES.indexOf(frame.type);
  view.setUint32(5, head.length, true);
  bytes.set(head, HEAD_BYTES);
  let at = HEAD_BYTES + head.length;
  for (const part of parts) {
    bytes.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), at);
    at += part.byteLength;
  }
  return bytes;
}

/** A `done` that says nothing else. */
export function encodeDone(): Uint8Array {
  return Uint8Array.of(HEAD_BYTES - 4 + 2, 0, 0, 0, TYPES.indexOf('done'), 2, 0, 0, 0, 0x7b, 0x7d);
}

function split(frame: Frame): {
  header: unknown;
  parts: readonly (Uint8Array | Float64Array | Int32Array)[];
} {
  switch (frame.type) {
    case 'batch': {
      const { source, partition, numbers, arrivedAt, starts, lengths, bytes, refill } = frame;
      return {
        header: { source, partition, count: numbers.length, ...(refill ? { refill } : {}) },
        parts: [numbers, arrivedAt, starts, lengths, bytes],
      };
    }
    case 'change':
      if (frame.change.kind !== 'list') return { header: frame.change, parts: [] };
      return { header: { kind: 'list', list: frame.change.list }, parts: [frame.change.rows] };
    case 'restore':
    case 'state':
    case 'route':
    case 'routed':
    case 'watermark':
    case 'records': {
      const { bytes, type: _type, ...header } = frame;
      return { header, parts: [bytes] };
    }
    case 'done':
      return {
        header: {
          ...frame.counts,
          clock: timeText(frame.counts.clock),
          newest: timeText(frame.counts.newest),
        },
        parts: [],
      };
    default: {
      const { type: _type, ...header } = frame;
      return { header, parts: [] };
    }
  }
}

/** JSON has no infinity. */
const timeText = (time: number): number | string => (Number.isFinite(time) ? time : String(time));

/** The frame whose `length` bytes (after the length itself) these are. */
export function decodeFrame(body: Uint8Array): Frame {
  const type = TYPES[body[0] ?? 255];
  if (type === undefined || body.length < HEAD_BYTES - 4)
    throw new FrameError(`there is no frame of type ${body[0]}`);
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const headLength = view.getUint32(1, true);
  if (5 + headLength > body.length)
    throw new FrameError(`the header of a ${type} frame runs over its end`);
  const header = JSON.parse(textOfUtf8(body, 5, 5 + headLength)) as Record<string, unknown>;
  const rest = headLength + 5 === body.length ? NOTHING : body.subarray(5 + headLength);
  return frameOf(type, header, rest) as Frame;
}

function frameOf(
  type: (typeof TYPES)[number],
  header: Record<string, unknown>,
  rest: Uint8Array,
): unknown {
  switch (type) {
    case 'batch':
      return batchOf(header as unknown as BatchHeader, rest);
    case 'change':
      return { type, change: header['kind'] === 'list' ? { ...header, rows: rest } : header };
    case 'restore':
    case 'state':
    case 'route':
    case 'routed':
    case 'watermark':
    case 'records':
      return { type, ...header, bytes: rest };
    case 'done':
      return {
        type,
        counts: {
          ...header,
          clock: Number(header['clock']),
          newest: Number(header['newest']),
        } as unknown as Counts,
      };
    case 'errors':
      return {
        type,
        errors: (header['errors'] as RuleError[]).map((error) => ({
          ...error,
          number: (error.number as number | null) ?? Number.NaN,
        })),
      };
    default:
      return { type, ...header };
  }
}

interface BatchHeader {
  readonly source: string;
  readonly partition: string;
  readonly count: number;
  readonly refill?: true;
}

function batchOf({ source, partition, count, refill }: BatchHeader, rest: Uint8Array): BatchFrame {
  if (count * 24 > rest.length) throw new FrameError('the records of a batch run over its end');
  // Copied, since views of numbers must begin on their own boundaries.
  const columns = rest.slice(0, count * 24).buffer;
  return {
    type: 'batch',
    source,
    partition,
    numbers: new Float64Array(columns, 0, count),
    arrivedAt: new Float64Array(columns, count * 8, count),
    starts: new Int32Array(columns, count * 16, count),
    lengths: new Int32Array(columns, count * 20, count),
    bytes: rest.subarray(count * 24),
    ...(refill ? { refill } : {}),
  };
}

/** Puts frames together from pieces of any size. */
export class FrameReader {
  #pieces: Uint8Array[] = [];
  #held = 0;

  /** The frames that are complete with this piece, in order. */
  push(piece: Uint8Array): Frame[] {
    // Hosts hand subclasses whose slice() does not copy.
    this.#pieces.push(new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength));
    this.#held += piece.length;
    const frames: Frame[] = [];
    for (
      let length = this.#nextLength();
      length >= 0 && this.#held >= 4 + length;
      length = this.#nextLength()
    )
      frames.push(decodeFrame(this.#take(4 + length).subarray(4)));
    return frames;
  }

  /** Bytes of a frame that is not complete. */
  get heldBytes(): number {
    return this.#held;
  }

  #nextLength(): number {
    if (this.#held < 4) return -1;
    if (this.#pieces[0]!.length < 4) this.#join();
    const first = this.#pieces[0]!;
    const length = new DataView(first.buffer, first.byteOffset, 4).getUint32(0, true);
    if (length > FRAME_MAX_BYTES) throw new FrameError(`a frame of ${length} bytes is too long`);
    return length;
  }

  #join(): void {
    const whole = new Uint8Array(this.#held);
    let at = 0;
    for (const piece of this.#pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    this.#pieces = [whole];
  }

  #take(length: number): Uint8Array {
    if (this.#pieces[0]!.length < length) this.#join();
    const first = this.#pieces[0]!;
    this.#held -= length;
    if (first.length === length) this.#pieces.shift();
    else this.#pieces[0] = first.subarray(length);
    return first.subarray(0, length);
  }
}
