// Shows that what a cluster finds is what one engine finds, whatever dies: while events come, engine processes, task managers,
// the job manager and the broker are killed, the network between them is slow and cut, and a rule changes.
//
//   npm run prove:flink -- [KILLS] [SEED] [--rate EVENTS/S] [--no-cuts] [--json]      needs a JDK 17 and Maven
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { readControl } from '../packages/cli/src/flink/control-topic.ts';
import type { RulesRecord } from '../packages/cli/src/flink/control-records.ts';
import { Kafka } from '../packages/cli/src/flink/kafka.ts';
import { topicNames } from '../packages/cli/src/flink/topics.ts';
import { Random } from '../tests/engine/random.ts';
import { Disturber, type Disturbed } from '../tests/flink/disturber.ts';
import { runEmbeddedAside } from '../tests/flink/embedded-run.ts';
import { failurePlan } from '../tests/flink/failure-plan.ts';
import { compare, type Found } from '../tests/flink/found-results.ts';
import { JobWatch } from '../tests/flink/job-watch.ts';
import type { LoginStream } from '../tests/flink/logins.ts';
import { manyLogins, TOPIC } from '../tests/flink/many-logins.ts';
import { Operator } from '../tests/flink/operator.ts';
import { slowNetwork } from '../tests/flink/relay.ts';
import { RelayedCluster } from '../tests/flink/relayed-cluster.ts';
import { Traffic } from '../tests/flink/traffic.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rate: { type: 'string', default: '20000' },
    cuts: { type: 'boolean', default: true },
    json: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
  },
  allowNegative: true,
});
const KILLS = Number(positionals[0] ?? 20);
const SEED = Number(positionals[1] ?? 1);
const RATE = Number(options.rate);

const RECOVERED_WITHIN_MS = 30_000;
const CLOSES_AFTER_MS = 180_000;
const TASK_MANAGERS = 3;
const PARALLELISM = 2;
const CUTS = [
  ['kafka'],
  ['job-manager'],
  ...Array.from({ length: TASK_MANAGERS }, (_, i) => [
    `task-manager-${i + 1}-calls`,
    `task-manager-${i + 1}-data`,
  ]),
];

const FLINK_SETTINGS = {
  // What Flink says of a job is as of now, so that what is to be hit is hit.
  'web.refresh-interval': 50,
  // Longer than several times there and back.
  'heartbeat.timeout': 4000,
  // With a delay of up to 400 ms each way a receiver's leave to send more is a second old: so much has to be on its way
  // for 20,000 events a second to pass.
  'taskmanager.network.memory.buffers-per-channel': 16,
  'taskmanager.network.memory.floating-buffers-per-gate': 64,
  // Slots of a job that went with its job manager are given back then.
  'taskmanager.slot.timeout': '4s',
};
/** And here: a fetch takes up to a second, in which a part reads 10,000 events. */
const KAFKA_SETTINGS = {
  'max.partition.fetch.bytes': 8 * 2 ** 20,
};

const say = (text: string): void => void process.stderr.write(`${text}\n`);
const seconds = (ms: number): number => Math.round(ms / 100) / 10;
const random = new Random(SEED);
const late = slowNetwork(new Random(SEED + 1));
const names = topicNames('weir');
let isSlow = false;

interface Row {
  readonly step: string;
  readonly network: string;
  readonly 'all run, s': number | null;
  readonly 'checkpoint, s': number | null;
  readonly 'records behind': number;
}
const rows: Row[] = [];

interface Outcome {
  readonly found: Found;
  readonly stream: LoginStream;
  readonly edits: number;
  /** How long after the last event all was as it should be. */
  readonly drainedMs: number;
}

async function prove(cluster: RelayedCluster, kafka: Kafka): Promise<Outcome> {
  const operator = new Operator(cluster.folder, [
    ...['--delivery', 'exactly-once', '--parallelism', String(PARALLELISM)],
    ...Object.entries(KAFKA_SETTINGS).flatMap(([name, value]) => [
      '--kafka-property',
      `${name}=${value}`,
    ]),
  ]);
  say('the job …');
  await operator.begin();
  const watch = new JobWatch(cluster.facts.rest, names.control);
  const traffic = new Traffic({
    stream: manyLogins(SEED, RATE, Date.now()),
    topic: TOPIC,
    brokers: cluster.quietKafka,
  });
  try {
    return await disturb(cluster, operator, watch, traffic, kafka);
  } finally {
    await traffic.end();
  }
}

async function disturb(
  cluster: RelayedCluster,
  operator: Operator,
  watch: JobWatch,
  traffic: Traffic,
  kafka: Kafka,
): Promise<Outcome> {
  const disturber = new Disturber(cluster, watch, operator, random);
  await wait(20_000);
  say(`${traffic.sent} events so far, the newest is ${traffic.lateMs} ms late`);
  for (const step of failurePlan(random, KILLS, options.cuts ? CUTS : [])) {
    if (step.kind === 'delay') {
      isSlow = step.isSlow;
      say(`the network is ${isSlow ? 'slow' : 'quick'}`);
      await wait(10_000);
      continue;
    }
    const done = await disturber.do(step);
    rows.push(rowOf(done, await watch.behind()));
    say(JSON.stringify({ ...rows.at(-1), sent: traffic.sent, lateMs: traffic.lateMs }));
    if (done.recovery === null) throw new Error(`${done.what}: the job did not recover`);
    await wait(random.between(2000, 9000));
  }
  isSlow = false;
  const stream = await traffic.stop(CLOSES_AFTER_MS);
  return check(kafka, stream);
}

function rowOf({ what, isAtMoment, recovery }: Disturbed, behind: number): Row {
  return {
    step: isAtMoment ? what : `${what}: missed it`,
    network: isSlow ? '200 ms ± 200 ms' : 'quick',
    'all run, s': recovery && seconds(recovery.runningMs),
    'checkpoint, s': recovery && seconds(recovery.checkpointMs),
    'records behind': behind,
  };
}

const FINAL_WITHIN_MS = 240_000;
async function check(kafka: Kafka, stream: LoginStream): Promise<Outcome> {
  const stoppedAt = Date.now();
  const { entries } = await readControl(kafka, names.control);
  const said = entries.map(({ record }) => record).filter((one) => one.kind === 'rules');
  const [first, ...edits] = said as [RulesRecord, ...RulesRecord[]];
  say(`${stream.events} events, ${edits.length} edits; the same embedded …`);
  const embedded = await runEmbeddedAside(
    stream,
    TOPIC,
    first.plan,
    edits.map(({ plan, activeFrom }) => ({ plan, activeFrom: activeFrom! })),
  );
  say(`embedded found ${embedded.results.filter((one) => one.change === 'final').length} results`);
  for (;;) {
    const found = await compare(kafka, names, embedded, folder);
    const waited = Date.now() - stoppedAt;
    if (found.wrong.length === 0 || waited > FINAL_WITHIN_MS)
      return { found, stream, edits: edits.length, drainedMs: waited };
    await wait(3000);
  }
}

const folder = mkdtempSync(join(tmpdir(), 'weir-prove-flink-'));
let cluster: RelayedCluster | null = null;
let kafka: Kafka | null = null;
let outcome: Outcome | null = null;
let failure: string | null = null;
// The processes of the cluster outlive the one that has started them.
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void cluster?.stop().finally(() => process.exit(1)));
try {
  say(`cluster … (${folder})`);
  cluster = await RelayedCluster.start({
    folder,
    taskManagers: TASK_MANAGERS,
    delayMs: () => (isSlow ? late() : 0),
    flinkSettings: FLINK_SETTINGS,
  });
  kafka = new Kafka({ brokers: cluster.quietKafka, properties: {} });
  outcome = await prove(cluster, kafka);
} catch (error) {
  failure = (error as Error).stack ?? String(error);
} finally {
  await kafka?.close().catch(() => {});
  await cluster?.stop();
}

const times = rows
  .map((row) => Math.max(row['all run, s'] ?? Infinity, row['checkpoint, s'] ?? Infinity))
  .toSorted((a, b) => a - b);
const wrong = [
  ...(failure === null ? [] : [failure]),
  ...(outcome?.found.wrong ?? []),
  ...(times.some((time) => time * 1000 >= RECOVERED_WITHIN_MS)
    ? [`${times.filter((time) => time * 1000 >= RECOVERED_WITHIN_MS).length} times over 30 s`]
    : []),
];
const summary = {
  seed: SEED,
  rate: RATE,
  kills: KILLS,
  events: outcome?.stream.events ?? null,
  edits: outcome?.edits ?? null,
  drainedMs: outcome?.drainedMs ?? null,
  found: outcome?.found ?? null,
  'recovery p50, s': times[Math.floor(times.length / 2)] ?? null,
  'recovery max, s': times.at(-1) ?? null,
  wrong,
};
console.error();
if (options.json) console.log(JSON.stringify({ ...summary, rows }));
else {
  console.table(rows);
  console.log(summary);
}
if (options.keep || wrong.length > 0) say(`all that was written is in ${folder}`);
else rmSync(folder, { recursive: true, force: true });
process.exitCode = wrong.length > 0 ? 1 : 0;
