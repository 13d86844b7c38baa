import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { decodeFrame } from '@weir/core/frames-codec.ts';
import type { FrameToEngine } from '@weir/core';

/** A file of the recording; frames lie in it one after another. */
interface Segment {
  readonly path: string;
  readonly file: number;
  length: number;
}

interface Written {
  readonly segment: Segment;
  readonly offset: number;
  readonly length: number;
}

/** `again`: it lies in a file of the input, and is read there. */
type Place = Written | { readonly again: () => Promise<Uint8Array> };

const SEGMENT_BYTES = 64 * 1024 * 1024;
/** What a recording may take on disk before it is given up. */
export const RECORDING_MAX_BYTES = 8 * 1024 * 1024 * 1024;

/**
 * The frames that an engine was given, in order, kept for rules that will be caught up later. Frames are named by
 * their number. What can be read again in a file of the input costs no disk. Bounded: a recording that would grow
 * beyond `maxBytes` is given up, and says so.
 */
export class Recording {
  readonly #folder: string;
  readonly #maxBytes: number;
  readonly #places: Place[] = [];
  /** Number of the oldest frame that is kept. */
  #first = 0;
  #segments: Segment[] = [];
  #fileCount = 0;
  #bytes = 0;
  #isEnded = false;
  #isGivenUp = false;
  #wake: (() => void)[] = [];

  constructor(folder: string, maxBytes = RECORDING_MAX_BYTES) {
    this.#folder = folder;
    this.#maxBytes = maxBytes;
  }

  /** The number that the next frame will have. */
  get end(): number {
    return this.#first + this.#places.length;
  }

  /** More came than may be kept: what was not read by then is gone. */
  get isGivenUp(): boolean {
    return this.#isGivenUp;
  }

  /** Nothing more will come. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** A path beside the recording, for what belongs to it. */
  newFile(name: string): string {
    return join(this.#folder, `${name}-${this.#fileCount++}`);
  }

  add(bytes: Uint8Array | (() => Promise<Uint8Array>)): void {
    if (this.#isGivenUp || this.#isEnded) return;
    if (typeof bytes === 'function') this.#places.push({ again: bytes });
    else if (this.#bytes + bytes.length > this.#maxBytes) return this.#giveUp();
    else this.#places.push(this.#written(bytes));
    this.#wakeAll();
  }

  #written(bytes: Uint8Array): Written {
    let segment = this.#segments.at(-1);
    if (segment === undefined || segment.length >= SEGMENT_BYTES) {
      const path = this.newFile('recording');
      segment = { path, file: openSync(path, 'w+', 0o600), length: 0 };
      this.#segments.push(segment);
    }
    const offset = segment.length;
    for (let at = 0; at < bytes.length;)
      at += writeSync(segment.file, bytes, at, bytes.length - at, offset + at);
    segment.length += bytes.length;
    this.#bytes += bytes.length;
    return { segment, offset, length: bytes.length };
  }

  /** The frame of a number. Throws if it is kept no more. */
  async frame(number: number): Promise<FrameToEngine> {
    const place = this.#places[number - this.#first];
    if (place === undefined || number < this.#first)
      throw new Error(`frame ${number} of the recording is not kept`);
    const bytes = 'again' in place ? await place.again() : read(place);
    return decodeFrame(bytes.subarray(4)) as FrameToEngine;
  }

  /** Ends when there is a frame of this number, or when none will come. */
  async reaches(number: number): Promise<boolean> {
    while (number >= this.end && !this.#isEnded && !this.#isGivenUp)
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    return number < this.end;
  }

  /** Frames before this number are needed no more. */
  forget(before: number): void {
    const count = Math.min(before, this.end) - this.#first;
    if (count <= 0) return;
    this.#places.splice(0, count);
    this.#first += count;
    const kept = this.#places.find((place) => 'segment' in place);
    const first = kept === undefined || !('segment' in kept) ? this.#segments.at(-1) : kept.segment;
    while (this.#segments.length > 0 && this.#segments[0] !== first)
      this.#drop(this.#segments.shift()!);
  }

  /** The input has ended: who reads it will come to its end. */
  finish(): void {
    this.#isEnded = true;
    this.#wakeAll();
  }

  close(): void {
    this.finish();
    for (const segment of this.#segments.splice(0)) this.#drop(segment);
    this.#first = this.end;
    this.#places.length = 0;
  }

  #giveUp(): void {
    this.#isGivenUp = true;
    this.#first = this.end;
    this.#places.length = 0;
    for (const segment of this.#segments.splice(0)) this.#drop(segment);
    this.#wakeAll();
  }

  #drop({ path, file, length }: Segment): void {
    closeSync(file);
    rmSync(path, { force: true });
    this.#bytes -= length;
  }

  #wakeAll(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}

function read({ segment, offset, length }: Written): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const more = readSync(segment.file, bytes, at, length - at, offset + at);
    if (more === 0) throw new Error('the recording was cut');
    at += more;
  }
  return bytes;
}
