import type { TopicNames } from './topics.ts';

/** What a job is told when it begins; `docs/flink.md` says what each means. */
export interface JobPlan {
  readonly kafka: string;
  readonly kafkaProperties: Readonly<Record<string, string>>;
  /** Topic of each source. */
  readonly topics: Readonly<Record<string, string>>;
  readonly names: TopicNames;
  /** The control topic's records before this offset are what the job begins with; later ones are edits. */
  readonly controlBase: number;
  readonly levels: number;
  readonly parallelism: number;
  readonly delivery: Delivery;
  readonly isBounded: boolean;
  /** Program that runs the engine, on the task managers' machines. */
  readonly node: string;
  /** What else the job is told, or told otherwise: `ADJUSTABLE`. */
  readonly adjusted: Readonly<Record<string, string>>;
}

/** Arguments of the job that an operator may set. */
export const ADJUSTABLE = [
  'parallelism.match',
  'parallelism.level',
  'parallelism.alerts',
  'slots.match',
  'slots.level',
  'slots.alerts',
  'lingerMs',
  'batchBytes',
  'window',
  'answerSeconds',
  'transactionTimeoutMs',
  'retention',
  'engine',
] as const;

export const DELIVERIES = ['at-once', 'exactly-once'] as const;
export type Delivery = (typeof DELIVERIES)[number];

/** As `name=value`, in an order that can be read. */
export function jobArguments(plan: JobPlan): string[] {
  const { names, parallelism } = plan;
  const given: Record<string, string | number> = {
    kafka: plan.kafka,
    ...Object.fromEntries(
      Object.entries(plan.kafkaProperties).map(([name, value]) => [`kafka.${name}`, value]),
    ),
    topics: Object.entries(plan.topics)
      .map(([source, topic]) => `${source}:${topic}`)
      .join(','),
    control: names.control,
    'control.base': plan.controlBase,
    results: names.results,
    alerts: names.alerts,
    'set-aside': names.setAside,
    faults: names.faults,
    levels: plan.levels,
    'parallelism.match': parallelism,
    'parallelism.level': parallelism,
    'parallelism.alerts': parallelism,
    delivery: plan.delivery,
    node: plan.node,
    ...(plan.isBounded ? { bounded: 'true' } : {}),
    ...plan.adjusted,
  };
  return Object.entries(given).map(([name, value]) => `${name}=${value}`);
}

/** The same with nothing that is secret, to be shown. */
export const shownArguments = (given: readonly string[]): string[] =>
  given.map((one) =>
    /^kafka\..*(?:password|jaas|secret|\.key)=?/i.test(one) ? `${one.split('=')[0]}=…` : one,
  );
