import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Kafka } from '../../packages/cli/src/flink/kafka.ts';
import { recordsIn } from '../../packages/cli/src/flink/topic-reader.ts';
import type { AlertChange, ResultChange } from '../../packages/core/src/plan/result.ts';
import { firstDifference } from '../engine/first-difference.ts';
import { finalAlerts, finalResultsOf, type AnyCluster } from '../engine/run-engine.ts';
import type { Embedded } from './logins.ts';

/** Everything in a topic of the job that was committed, in the order of each partition, which is that of each id. */
async function changesIn<Change>(kafka: Kafka, topic: string): Promise<Change[]> {
  const changes: Change[] = [];
  for await (const { value } of recordsIn(kafka, topic))
    if (value !== null) changes.push(JSON.parse(value.toString()) as Change);
  return changes;
}

export interface Found {
  readonly finals: number;
  readonly alerts: number;
  readonly changes: number;
  readonly changesTwice: number;
  /** What is not as embedded; empty: nothing. */
  readonly wrong: readonly string[];
}

/** Changes that were given before. What was withdrawn may be opened anew, with revisions of its own. */
function twice<Change extends { readonly change: string }>(
  changes: readonly Change[],
  nameOf: (change: Change) => string,
): string[] {
  const lives = new Map<string, number>();
  const seen = new Set<string>();
  const doubles: string[] = [];
  for (const one of changes) {
    const name = nameOf(one);
    const life = lives.get(name) ?? 0;
    const text = `${life} ${JSON.stringify(one)}`;
    if (seen.has(text)) doubles.push(text);
    seen.add(text);
    if (one.change === 'withdraw') lives.set(name, life + 1);
  }
  return doubles;
}

const writeLines = (file: string, values: readonly object[]): void =>
  writeFileSync(file, values.map((value) => `${JSON.stringify(value)}\n`).join(''));

/** Compares what a cluster has given with what one engine has found; both go to a folder, to be looked into. */
export async function compare(
  kafka: Kafka,
  topics: { readonly results: string; readonly alerts: string },
  embedded: Embedded,
  folder: string,
): Promise<Found> {
  const results = await changesIn<ResultChange>(kafka, topics.results);
  const alerts = await changesIn<AlertChange>(kafka, topics.alerts);
  const wrong: string[] = [];
  const given = { results, alerts } as unknown as AnyCluster;
  const expected = embedded as unknown as AnyCluster;
  const doubles = [
    ...twice(results, ({ result }) => result.id),
    ...twice(alerts, ({ alert }) => alert.handle),
  ];
  if (doubles.length > 0) wrong.push(`${doubles.length} changes twice, such as ${doubles[0]}`);
  const same = (what: string, of: (cluster: AnyCluster) => readonly unknown[]): void => {
    try {
      const difference = firstDifference(of(given), of(expected));
      if (difference !== '') wrong.push(`${what}: ${difference}`);
    } catch (error) {
      wrong.push(`${what}: ${(error as Error).message}`);
    }
  };
  same('final results', finalResultsOf);
  same('alerts', finalAlerts);
  writeLines(join(folder, 'given.ndjson'), [...results, ...alerts]);
  writeLines(join(folder, 'expected.ndjson'), [...embedded.results, ...embedded.alerts]);
  return {
    finals: results.filter(({ change }) => change === 'final').length,
    alerts: alerts.filter(({ change }) => change === 'final').length,
    changes: results.length + alerts.length,
    changesTwice: doubles.length,
    wrong,
  };
}
