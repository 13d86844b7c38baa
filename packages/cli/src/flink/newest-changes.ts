import type { AlertChange, ResultChange } from '@weir/core';
import type { Kafka } from './kafka.ts';
import { recordsIn } from './topic-reader.ts';

/** The newest change of each result, in the order of event time; what was withdrawn is left out. */
export async function newestResults(
  kafka: Kafka,
  topic: string,
  finalOnly: boolean,
): Promise<ResultChange[]> {
  const newest = await newestIn<ResultChange>(kafka, topic, ({ result }) => result.id);
  return newest
    .filter(({ change }) => isShown(change, finalOnly))
    .sort((a, b) => a.result.at - b.result.at || (a.result.id < b.result.id ? -1 : 1));
}

export async function newestAlerts(
  kafka: Kafka,
  topic: string,
  finalOnly: boolean,
): Promise<AlertChange[]> {
  const newest = await newestIn<AlertChange>(kafka, topic, ({ alert }) => alert.handle);
  return newest
    .filter(({ change, alert }) => isShown(change, finalOnly) && alert.mergedInto === null)
    .sort((a, b) => a.alert.firstAt - b.alert.firstAt);
}

const isShown = (change: ResultChange['change'], finalOnly: boolean): boolean =>
  change === 'final' || (change !== 'withdraw' && !finalOnly);

/**
 * Changes of one id are in one partition, in their order. With delivery at once a failure gives changes again, as far as they had
 * come and on: so what is said last is the newest. Revisions do not say it: what was withdrawn may be opened anew, with its first.
 */
async function newestIn<T>(kafka: Kafka, topic: string, idOf: (change: T) => string): Promise<T[]> {
  const newest = new Map<string, T>();
  for await (const { value } of recordsIn(kafka, topic)) {
    if (value === null) continue;
    const change = JSON.parse(value.toString()) as T;
    newest.set(idOf(change), change);
  }
  return [...newest.values()];
}
