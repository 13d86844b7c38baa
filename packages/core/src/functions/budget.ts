// Promises of this file:
//   B1  Between two calls of `arm` no rule code can do more work, or make more data, than the limits say: whoever works
//       for a rule charges first, in proportion to size, and works then.
//   B2  What is spent depends on the code and its input only, so a limit breaks at the same place in every replay. Only
//       `cpuMs` asks a clock; who arms with it records what it decided.
//   B3  Rule code can neither catch what is thrown here (rules have no try) nor make it (`LimitBroken` has a brand).

/** What one call of a rule's code may use. */
export interface CallLimits {
  /** Loop rounds, calls of functions, and work of the library: a step is at most about 0.1 µs of work. */
  readonly steps: number;
  /** Calls of the rule's own functions inside one another, the clause's own among them. */
  readonly depth: number;
  /** Of data that the call makes, whether it keeps it or not. */
  readonly bytes: number;
  /** Of what leaves the call, as JSON. */
  readonly resultBytes: number;
  /** CPU time in ms; null: not looked at. */
  readonly cpuMs: number | null;
}

export const defaultCallLimits: CallLimits = Object.freeze({
  steps: 100_000,
  depth: 64,
  bytes: 16 * 2 ** 20,
  resultBytes: 256 * 1024,
  cpuMs: null,
});

/**
 * The limits of listing 6.1 of D. Chaves' thesis on a correlation engine: 10 ms of CPU, 2^20 bytes, a stack depth of 3.
 * It watches every 5 instructions; here every step is counted, and the clock is asked once in SLICE_STEPS.
 */
export const listing61Limits: CallLimits = Object.freeze({
  ...defaultCallLimits,
  depth: 3,
  bytes: 2 ** 20,
  cpuMs: 10,
});

/** For code that is no rule's. */
export const noCallLimits: CallLimits = Object.freeze({
  steps: 2 ** 31 - 1,
  depth: 2 ** 31 - 1,
  bytes: 2 ** 31 - 1,
  resultBytes: 256 * 1024,
  cpuMs: null,
});

export type LimitName = 'steps' | 'depth' | 'bytes' | 'result' | 'cpu';

/** A call has used up one of its limits. Nothing that it made may be used. */
export class LimitBroken extends Error {
  readonly #isReal = true;
  readonly limit: LimitName;

  constructor(limit: LimitName, message: string) {
    super(message);
    this.limit = limit;
  }

  /** Was this made by this class? Asks nothing of the value. */
  static is(thrown: unknown): thrown is LimitBroken {
    return typeof thrown === 'object' && thrown !== null && #isReal in thrown && thrown.#isReal;
  }
}

/** Places in `left`. */
export const STEPS = 0;
export const BYTES = 1;
export const DEPTH = 2;
/** Number of the call; it wraps. */
const CALL = 3;

/** What the call at hand may still use. Printed code counts it down itself; what falls below 0 calls `out`. */
export const left = new Int32Array(4);

/** With a limit of CPU time steps are given out in slices, and the clock is asked when one is used up. */
const SLICE_STEPS = 500;
/** The first slice is small, since nobody knows how long it took: at most about so long. */
const FIRST_STEPS = 50;
const FIRST_MS = 0.1;

/** What belongs to the call at hand. Of an object, since setting variables of a module costs V8 several times as much. */
const call = {
  limits: noCallLimits,
  /** Steps that were not given out yet. */
  reserve: 0,
  /** Characters of texts that were put together but perhaps not yet copied into one piece; see `read`. */
  loose: 0,
  /** Limits of a call that has not been armed yet; see `armLate`. */
  awaited: null as CallLimits | null,
};
let clock: (() => number) | null = null;
/** When the call began, as far as is known; NaN: the first slice was not used up. */
let beganAt = Number.NaN;
/** When the clock was asked last. */
let askedAt = 0;

/** Gives the clock that `cpuMs` is measured by: the thread's CPU time in ms. null: none, and `cpuMs` is not looked at. */
export function useClock(now: (() => number) | null): void {
  clock = now;
}

/** Tells calls apart: what the library remembers for a rule must not outlive the call, or a replay is charged otherwise. */
export const callNumber = (): number => left[CALL]!;

/** Without what V8 leaves empty in its pages, and what charges do not see to the byte: a quarter, as measured. */
const usable = (bytes: number): number => bytes - (bytes >> 2);

/** The next call of rule code begins. Costs some 4 ns. */
export function arm(of: CallLimits): void {
  left[CALL]!++;
  if (call.awaited !== null) call.awaited = null;
  if (call.limits !== of) call.limits = of;
  left[BYTES] = usable(of.bytes);
  left[DEPTH] = of.depth - 1;
  call.loose = 0;
  call.reserve = 0;
  if (of.cpuMs === null) {
    left[STEPS] = of.steps;
    return;
  }
  left[STEPS] = Math.min(of.steps, FIRST_STEPS);
  call.reserve = of.steps - left[STEPS];
  beganAt = Number.NaN;
}

/** As `arm`, for a call that most likely is charged nothing: whoever charges it says `begin` first. */
export function armLate(of: CallLimits): void {
  call.awaited = of;
}

/** Something of a call that was armed late is about to be charged. */
export function begin(): void {
  if (call.awaited !== null) arm(call.awaited);
}

const NOTHING_USED = { steps: 0, bytes: 0 };

/** What the call at hand has used since it was armed. */
export function used(): { readonly steps: number; readonly bytes: number } {
  if (call.awaited !== null) return NOTHING_USED;
  return {
    steps: call.limits.steps - call.reserve - left[STEPS]!,
    bytes: usable(call.limits.bytes) - left[BYTES]!,
  };
}

/** The limits of the call at hand. */
export const armedLimits = (): CallLimits => call.awaited ?? call.limits;

/** Takes steps; throws LimitBroken if there are no more. */
export function charge(steps: number): void {
  if (!(steps >= 0 && steps <= left[STEPS]!)) beyond(steps);
  else left[STEPS]! -= steps;
}

/** As `charge`, by who may be the first to charge a call that was armed late. */
export function chargeLate(steps: number): void {
  begin();
  charge(steps);
}

/** More than the slice at hand holds. */
function beyond(steps: number): void {
  // What is too large to be counted is below 0 or no number.
  if (!(steps >= 0 && steps <= left[STEPS]! + call.reserve)) throw stepsBroken();
  call.reserve += left[STEPS]! - steps;
  left[STEPS] = 0;
  nextSlice();
}

/** Takes bytes for data that is about to be made; throws LimitBroken if there are no more. */
export function grow(bytes: number): void {
  if (!(bytes >= 0 && bytes <= left[BYTES]!)) throw bytesBroken();
  left[BYTES]! -= bytes;
}

/**
 * Printed code has counted something below 0: throws LimitBroken, or returns where only a slice of steps was used up.
 */
export function out(): void {
  if (left[BYTES]! < 0) throw bytesBroken();
  if (left[DEPTH]! < 0)
    throw new LimitBroken('depth', `functions call one another deeper than ${call.limits.depth}`);
  if (left[STEPS]! < 0) nextSlice();
}

function nextSlice(): void {
  const rest = left[STEPS]! + call.reserve;
  if (rest < 0) throw stepsBroken();
  askClock();
  left[STEPS] = Math.min(rest, call.limits.cpuMs === null ? rest : SLICE_STEPS);
  call.reserve = rest - left[STEPS];
}

function askClock(): void {
  if (call.limits.cpuMs === null || clock === null) return;
  const now = clock();
  if (Number.isNaN(beganAt)) beganAt = askedAt = now - FIRST_MS;
  // The next slice may take as long as the last one, and must be within the limit too.
  const nextMs = now - askedAt;
  askedAt = now;
  if (now + nextMs - beganAt > call.limits.cpuMs)
    throw new LimitBroken('cpu', `it takes more than ${call.limits.cpuMs} ms of CPU time`);
}

/** As `out`, of a function that calls no other one and so counts no depth: it needs room for itself only. */
export function outOfLeaf(): void {
  if (left[DEPTH]! < 1) left[DEPTH] = -1;
  out();
}

const stepsBroken = (): LimitBroken =>
  new LimitBroken('steps', `it takes more than ${call.limits.steps} steps`);
const bytesBroken = (): LimitBroken =>
  new LimitBroken('bytes', `it makes more than ${call.limits.bytes} bytes of data`);

/**
 * Texts up to this length are paid for as copies when they are put together, and then cost nothing more than the step that
 * whoever reads them takes. Longer ones may stay loose.
 */
export const SHORT_TEXT = 256;

/** Texts that a rule may make are at most so long. */
export const TEXT_MAX = 1_000_000;

/**
 * A text of this many characters was put together with `+`. V8 only notes its parts, and copies them into one piece
 * when the text is first read (its "ropes"): the copy is charged there, by `read`.
 */
export function joined(length: number): void {
  if (length > TEXT_MAX) throw new RangeError(`a text may not grow beyond ${TEXT_MAX} characters`);
  // What joins two pieces; and a number among them is made a text first.
  grow(64);
  if (length <= SHORT_TEXT) grow(length * 2);
  else call.loose += length;
}

/**
 * A text of this many characters is about to be read from end to end: takes steps for that. Also takes bytes for the
 * copy if the text may be a loose one: whatever is read pays until all that was joined is paid for, so what copies
 * cost never exceeds what was charged.
 */
export function read(length: number): void {
  if (length <= SHORT_TEXT) return;
  charge(Math.floor(length / 256));
  touch(length);
}

/** As `read`, where only a place of the text is looked at: no steps, but the copy that this may cause. */
export function touch(length: number): void {
  if (call.loose === 0 || length <= SHORT_TEXT) return;
  const copied = Math.min(length, call.loose);
  call.loose -= copied;
  charge(Math.floor(copied / 256));
  grow(copied * 2);
}

/** A text of this many characters is about to be made from another one. */
export function write(length: number): void {
  if (length > TEXT_MAX) throw new RangeError(`a text may not grow beyond ${TEXT_MAX} characters`);
  charge(1 + Math.floor(length / 256));
  grow(32 + length * 2);
}

/** A list of this many elements is about to be made. */
export function list(length: number): void {
  charge(1 + (length >> 3));
  grow(32 + length * 8);
}

arm(noCallLimits);
