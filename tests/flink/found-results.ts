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

const resultText = ({ change, revision, result }: ResultChange): string =>
  `${result.id} ${result.version} ${revision} ${change}`;
const alertText = ({ change, revision, alert }: AlertChange): string =>
  `${alert.handle} ${revision} ${change}`;

const twice = (texts: readonly string[]): string[] => {
  const seen = new Set<string>();
  return texts.filter((text) => seen.size === seen.add(text).size);
};

/** Compares what a cluster has given with what one engine has found. */
export async function compare(
  kafka: Kafka,
  topics: { readonly results: string; readonly alerts: string },
  embedded: Embedded,
): Promise<Found> {
  const results = await changesIn<ResultChange>(kafka, topics.results);
  const alerts = await changesIn<AlertChange>(kafka, topics.alerts);
  const wrong: string[] = [];
  const given = { results, alerts } as unknown as AnyCluster;
  const expected = embedded as unknown as AnyCluster;
  const doubles = [...twice(results.map(resultText)), ...twice(alerts.map(alertText))];
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
  return {
    finals: results.filter(({ change }) => change === 'final').length,
    alerts: alerts.filter(({ change }) => change === 'final').length,
    changes: results.length + alerts.length,
    changesTwice: doubles.length,
    wrong,
  };
}
