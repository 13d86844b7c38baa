import { openCore } from '@weir/core/engine/engine.ts';
import { parseJsonText } from '@weir/core/functions/parse-json-text.ts';
import type {
  BatchFrame,
  Change,
  FrameFromEngine,
  FrameToEngine,
  Json,
  PartitionName,
  ResultChange,
  RuleError,
  RulePlan,
} from '@weir/core';
import { makeHost } from '@weir/runtime';

/** What was recorded: batches in the order in which they were read, and the streams that they are of. */
export interface Recording {
  readonly partitions: readonly PartitionName[];
  readonly batches: readonly BatchFrame[];
}

export interface Outcome {
  /** Final results. */
  readonly results: readonly ResultChange[];
  readonly errors: readonly RuleError[];
}

/** Runs rules over a recording, in this process. `changes`: sources and lists. */
export function tryRules(
  rules: readonly RulePlan[],
  recording: Recording,
  changes: readonly Change[],
): Outcome {
  const core = openCore(makeHost());
  const out: FrameFromEngine[] = [];
  const send = (frame: FrameToEngine): void => void out.push(...core.receive(frame));
  send({ type: 'open', from: 0, to: 128 });
  for (const change of changes) send({ type: 'change', change });
  send({ type: 'change', change: { kind: 'rules', plan: { format: 1, rules } } });
  send({ type: 'start', partitions: recording.partitions });
  for (const batch of recording.batches) send(batch);
  for (const partition of recording.partitions) send({ type: 'end', partition });
  send({ type: 'finish' });
  const finals = out.flatMap((frame) =>
    frame.type === 'results' ? frame.changes.filter(({ change }) => change === 'final') : [],
  );
  return {
    results: finals.toSorted((a, b) => a.result.at - b.result.at),
    errors: out.flatMap((frame) => (frame.type === 'errors' ? frame.errors : [])),
  };
}

export const placeOf = (partition: string, position: number): string => `${partition} ${position}`;

/** The records of a recording, by `placeOf` their stream and ordinal. */
export function recordsOf({ batches }: Recording): Map<string, { readonly [name: string]: Json }> {
  const records = new Map<string, { readonly [name: string]: Json }>();
  for (const { partition, numbers, starts, lengths, bytes } of batches)
    numbers.forEach((number, i) => {
      const text = new TextDecoder().decode(bytes.subarray(starts[i]!, starts[i]! + lengths[i]!));
      const value = parseJsonText(text);
      if (typeof value === 'object' && value !== null && !Array.isArray(value))
        records.set(placeOf(partition, number), value as { readonly [name: string]: Json });
    });
  return records;
}
