import { MARK, markedCode } from '@weir/core/frames.ts';
import { decodeFrame } from '@weir/core/frames-codec.ts';
import type { CodeClause, ParkFrame, ParkPlace, ParkReason } from '@weir/core';
import type { LastWord } from './last-words.ts';

/** How an engine process ended. */
export interface EndOfProcess {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly word: LastWord | null;
}

/** The rule that the end of an engine process is laid to. */
export interface Culprit {
  readonly rule: string;
  readonly clause: CodeClause;
  readonly reason: ParkReason;
  /** As in MARK: of the frames that owe a `done`, and of the records of a batch. */
  readonly frame: number;
  readonly record: number;
}

/**
 * Who it was; null: nobody can be named. `rules` are ids by index. Who ends by a signal from outside while calls are
 * announced is no culprit unless it happens again in the same call (`before`).
 */
export function culpritOf(
  end: EndOfProcess,
  before: LastWord | null,
  rules: readonly string[],
): Culprit | null {
  const { word } = end;
  if (word === null) return null;
  const code = markedCode(word.marks[MARK.code]!);
  if (code === null) return null;
  const { clause } = code;
  const rule = rules[code.rule];
  if (rule === undefined) return null;
  if (word.kind === 'probe' && !isFatal(end) && !isSameCall(word, before)) return null;
  const [frame, record] = [word.marks[MARK.frame]!, word.marks[MARK.record]!];
  return { rule, clause, reason: reasonOf(word.kind, clause), frame, record };
}

/** What a word says of the rule that the marks name, where the host does not know rules by their numbers. */
export function culpritIn(
  kind: LastWord['kind'],
  marks: ArrayLike<number>,
  rules: readonly string[],
): Pick<LastWord, 'culprit'> {
  const code = markedCode(marks[MARK.code]!);
  const rule = code === null ? undefined : rules[code.rule];
  if (code === null || rule === undefined) return {};
  return { culprit: { rule, clause: code.clause, reason: reasonOf(kind, code.clause) } };
}

/** V8 ends the process by itself where memory runs out: with an abort or a trap. */
const isFatal = ({ code, signal }: EndOfProcess): boolean =>
  signal === 'SIGABRT' ||
  signal === 'SIGTRAP' ||
  signal === 'SIGILL' ||
  code === 133 ||
  code === 134;

const isSameCall = (a: LastWord, b: LastWord | null): boolean =>
  b?.kind === 'probe' && [MARK.code, MARK.record].every((mark) => a.marks[mark] === b.marks[mark]);

function reasonOf(kind: LastWord['kind'], clause: CodeClause): ParkReason {
  if (kind === 'stuck')
    return {
      limit: 'stuck',
      message: `its ${clause} did not come back, and the engine had to be ended`,
    };
  if (kind === 'memory')
    return { limit: 'memory', message: `its ${clause} took more memory than the engine may have` };
  return { limit: 'memory', message: `the engine ran out of memory in its ${clause}` };
}

/** The park that a replay is given before the frame (of these bytes) in which it happened. */
export function parkOf({ rule, clause, reason, record }: Culprit, bytes: Uint8Array): ParkFrame {
  return { type: 'park', rules: [rule], reason, clause, from: placeOf(bytes, record) };
}

function placeOf(bytes: Uint8Array, record: number): ParkPlace | null {
  const frame = decodeFrame(bytes.subarray(4));
  if (frame.type !== 'batch' || frame.refill) return null;
  const { source, partition, numbers } = frame;
  const number = record < 0 ? numbers.at(-1) : numbers[record];
  return number === undefined ? null : { source, partition, number, isAfter: record < 0 };
}
