import { Failure } from '../failure.ts';
import type { Kafka } from './kafka.ts';

/** The topics of a job besides those of its sources. */
export interface TopicNames {
  readonly control: string;
  readonly results: string;
  readonly alerts: string;
  readonly setAside: string;
  readonly faults: string;
}

export const topicNames = (prefix: string): TopicNames => ({
  control: `${prefix}-control`,
  results: `${prefix}-results`,
  alerts: `${prefix}-alerts`,
  setAside: `${prefix}-set-aside`,
  faults: `${prefix}-faults`,
});

export interface TopicPlan {
  readonly name: string;
  readonly partitions: number;
  readonly settings: Readonly<Record<string, string>>;
}

const DAY_MS = 86_400_000;

/**
 * Rules that are in force are needed for ever, and every edit until all savepoints that begin before it are forgotten: the
 * newest of each key is kept, and for a week all of them.
 */
const CONTROL_SETTINGS = {
  'cleanup.policy': 'compact',
  'min.compaction.lag.ms': String(7 * DAY_MS),
  'retention.ms': '-1',
};

export const ownTopics = (names: TopicNames, partitions: number): TopicPlan[] => [
  // One partition: its offsets are the versions, and their order is the order of edits.
  { name: names.control, partitions: 1, settings: CONTROL_SETTINGS },
  ...[names.results, names.alerts, names.setAside, names.faults].map((name) => ({
    name,
    partitions,
    settings: {},
  })),
];

/** Records carry the times at which they were received: Kafka would delete old ones at once by its usual retention. */
export const sourceTopics = (names: readonly string[], partitions: number): TopicPlan[] =>
  names.map((name) => ({ name, partitions, settings: { 'retention.ms': '-1' } }));

/** Makes the topics that are not there. Gives the names of those made. */
export async function createMissing(kafka: Kafka, plans: readonly TopicPlan[]): Promise<string[]> {
  const there = new Set(await kafka.admin((admin) => admin.listTopics()));
  const missing = plans.filter(({ name }) => !there.has(name));
  for (const { name, partitions, settings } of missing)
    await kafka.admin((admin) =>
      admin.createTopics({
        topics: [name],
        partitions,
        configs: Object.entries(settings).map(([setting, value]) => ({ name: setting, value })),
      }),
    );
  return missing.map(({ name }) => name);
}

/** What stands against using a topic as the control topic; null: nothing. */
export function controlTopicFault(
  name: string,
  partitions: number,
  settings: Readonly<Record<string, string | null>>,
): string | null {
  if (partitions !== 1)
    return `the control topic ${name} has ${partitions} partitions; it must have one, since the order of edits is the order of its records`;
  if (settings['cleanup.policy'] !== 'compact')
    return `the control topic ${name} has cleanup.policy=${settings['cleanup.policy']}; it must be compact, or the rules are deleted in time`;
  const lag = Number(settings['min.compaction.lag.ms'] ?? 0);
  return lag < DAY_MS
    ? `the control topic ${name} has min.compaction.lag.ms=${lag}; with less than a day edits are gone before a job has read them`
    : null;
}

/** Fails if the control topic cannot be one. */
export async function checkControlTopic(kafka: Kafka, name: string): Promise<void> {
  const metadata = await kafka.admin((admin) => admin.metadata({ topics: [name] }));
  const described = await kafka.admin((admin) =>
    admin.describeConfigs({
      resources: [{ resourceType: TOPIC_RESOURCE, resourceName: name, configurationKeys: null }],
    } as Parameters<typeof admin.describeConfigs>[0]),
  );
  const settings = Object.fromEntries(
    described.flatMap(({ configs }) => configs.map(({ name: key, value }) => [key, value ?? null])),
  );
  const fault = controlTopicFault(name, metadata.topics.get(name)?.partitionsCount ?? 0, settings);
  if (fault !== null) throw new Failure(fault);
}

const TOPIC_RESOURCE = 2;

/** Kafka takes letters, digits, dots, dashes and underscores. */
export function checkTopicName(source: string, topic: string): void {
  if (/^[\w.-]{1,249}$/.test(topic) && topic !== '.' && topic !== '..') return;
  throw new Failure(
    `"${topic}" cannot name a topic of Kafka: say which one holds source ${source}, with --topic ${source}=TOPIC`,
  );
}

/** `--topic source=topic`, for all sources; without it a source's topic has its name. */
export function topicsOfSources(
  sources: readonly string[],
  named: Readonly<Record<string, string>>,
): Record<string, string> {
  for (const name of Object.keys(named))
    if (!sources.includes(name))
      throw new Failure(`--topic names source ${name}; there are ${sources.join(', ')}`);
  const topics = Object.fromEntries(sources.map((name) => [name, named[name] ?? name]));
  for (const [source, topic] of Object.entries(topics)) checkTopicName(source, topic);
  const twice = Object.values(topics).find((topic, i, all) => all.indexOf(topic) !== i);
  if (twice !== undefined)
    throw new Failure(`topic ${twice} is given to two sources; a record has one source`);
  return topics;
}
