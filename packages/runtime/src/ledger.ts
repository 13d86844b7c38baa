import { closeSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { encodeFrame } from '@weir/core/frames-codec.ts';
import type { EditFrame, FrameToEngine } from '@weir/core';

/** One frame that owes a `done`, from when it is sent until a checkpoint holds what it did. */
export interface Entry {
  /** What it caused was handed on: after a restart it is thrown away. */
  delivered: boolean;
  readonly isSnapshot: boolean;
  /** Other rules: what a restart has to be told before its checkpoint is restored. */
  readonly edit: EditFrame | { readonly type: 'refilled' } | null;
  /** From when on the edit holds, once the engine has said so. */
  activeFrom: number | null;
  /** The frame's bytes, again. */
  readonly again: () => Uint8Array | Promise<Uint8Array>;
  /** They lie in the input, not in the spool. */
  readonly isOfInput: boolean;
  /** Its number in the recording, if there is one. */
  recordedAs: number | null;
  /** Nobody sent it: a park that a replay has to be given. */
  readonly isInserted: boolean;
}

/**
 * The frames since the last checkpoint, in order. What cannot be read again is spooled to a file; what can (a piece of
 * a plain file) is remembered by where it lies.
 */
export class Ledger {
  #entries: Entry[] = [];
  readonly #spool: number;
  #spoolEnd = 0;

  constructor(folder: string) {
    this.#spool = openSync(join(folder, 'spool'), 'w+', 0o600);
  }

  /** `again` gives the frame anew; null: it is spooled. */
  add(
    frame: FrameToEngine,
    bytes: Uint8Array,
    again: (() => Promise<FrameToEngine>) | null,
  ): Entry {
    const entry: Entry = {
      delivered: false,
      isSnapshot: frame.type === 'snapshot',
      edit: frame.type === 'edit' || frame.type === 'refilled' ? frame : null,
      activeFrom: null,
      again: again === null ? this.#spooled(bytes) : async () => encodeFrame(await again()),
      isOfInput: again !== null,
      recordedAs: null,
      isInserted: false,
    };
    this.#entries.push(entry);
    return entry;
  }

  #spooled(bytes: Uint8Array): () => Uint8Array {
    const at = this.#spoolEnd;
    for (let written = 0; written < bytes.length;)
      written += writeSync(this.#spool, bytes, written, bytes.length - written, at + written);
    this.#spoolEnd += bytes.length;
    return () => {
      const again = new Uint8Array(bytes.length);
      for (let read = 0; read < again.length;) {
        const more = readSync(this.#spool, again, read, again.length - read, at + read);
        if (more === 0) throw new Error('the spool file was cut');
        read += more;
      }
      return again;
    };
  }

  /** A frame that a replay is given before an entry. */
  insertBefore(entry: Entry, frame: FrameToEngine, delivered: boolean): Entry {
    const bytes = encodeFrame(frame);
    const { recordedAs } = entry;
    const added: Entry = {
      delivered,
      isSnapshot: false,
      edit: null,
      activeFrom: null,
      again: () => bytes,
      isOfInput: false,
      // What the recording holds is that entry: parks are no part of the input.
      recordedAs,
      isInserted: true,
    };
    this.#entries.splice(this.#entries.indexOf(entry), 0, added);
    return added;
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** A checkpoint holds everything up to this entry. */
  forgetUpTo(entry: Entry): void {
    this.#entries = this.#entries.slice(this.#entries.indexOf(entry) + 1);
    if (this.#entries.length > 0) return;
    ftruncateSync(this.#spool, 0);
    this.#spoolEnd = 0;
  }

  close(): void {
    closeSync(this.#spool);
  }
}
