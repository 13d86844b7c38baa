/**
 * What decoding gives: columns of spans over the records' bytes, never objects.
 * This is the seam at which a faster decoder takes the place of the plain one.
 */
import type { Path } from '../plan/json.ts';
import type { ViewPlan } from '../plan/view-plan.ts';

export interface DecodedBatch {
  readonly bytes: Uint8Array;
  /** Records that decoded. */
  count: number;
  /** For each of them its index in the batch, and where it begins and ends in `bytes`. */
  readonly index: Int32Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** `spans[(record * width + slot) * 2]` and the next: start and end of the slot's value as JSON text; start -1: missing. */
  spans: Int32Array;
  width: number;
  /** Records that did not decode, in order. */
  setAside: { index: number; reason: string; offset: number }[];
}

/** Made once for a set of wanted paths; slot i is `paths[i]`. Reused from batch to batch, as is what it returns. */
export interface Decoder {
  /** Record i is `bytes[starts[i], starts[i] + lengths[i])`. Valid JSON objects decode; everything else is set aside. */
  decode(bytes: Uint8Array, starts: Int32Array, lengths: Int32Array, count: number): DecodedBatch;
}

export type MakeDecoder = (paths: readonly Path[], view: ViewPlan | null) => Decoder;
