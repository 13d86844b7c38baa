// A million keys on a cluster: how long a checkpoint holds up events, and how much of the state it moves.
//
//   npm run bench -- flink-keys [keys] [events a second] [seconds] [rocksdb|hashmap]      needs a JDK 17 and Maven
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Kafka } from '../packages/cli/src/flink/kafka.ts';
import { root, saveResult, type Row } from './measured.ts';
import { engineProcesses, residentBytes } from './process-cost.ts';

const KEYS = Number(process.argv[2] ?? 1_000_000);
const EVENTS_PER_SECOND = Number(process.argv[3] ?? 2000);
const SECONDS = Number(process.argv[4] ?? 60);
const BACKEND = process.argv[5] ?? 'rocksdb';
const CHECKPOINT_SECONDS = 10;
const PARTITIONS = 4;
const TOPIC = 'wide';

const folder = mkdtempSync(join(tmpdir(), 'weir-flink-keys-'));
const cluster = join(folder, 'cluster');
const weir = join(root, 'packages', 'cli', 'bin', 'weir.js');
const say = (text: string): void => void process.stderr.write(`${text}\n`);

function run(...words: string[]): string {
  return execFileSync(process.execPath, [weir, ...words], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

interface ClusterFacts {
  readonly kafka: string;
  readonly rest: string;
  readonly processes: readonly { readonly name: string; readonly pid: number }[];
}

const START = Date.now() - 600_000;
let sent = 0;

/** One event of each of these keys, a millisecond apart. */
async function send(kafka: Kafka, users: readonly number[]): Promise<void> {
  await kafka.send(
    users.map((user) => {
      const value = JSON.stringify({
        t: START + Math.floor(sent / 10),
        user: `user${user}`,
        outcome: 'failure',
        host: `srv${user % 100}`,
      });
      return { topic: TOPIC, partition: sent++ % PARTITIONS, value };
    }),
  );
}

async function fill(kafka: Kafka): Promise<void> {
  for (let from = 0; from < KEYS; from += 4000)
    await send(
      kafka,
      Array.from({ length: Math.min(4000, KEYS - from) }, (_, i) => from + i),
    );
}

async function goOn(kafka: Kafka): Promise<void> {
  const beganAt = Date.now();
  const before = sent;
  while (Date.now() - beganAt < SECONDS * 1000) {
    const due = Math.floor(((Date.now() - beganAt) * EVENTS_PER_SECOND) / 1000) - (sent - before);
    if (due > 0)
      await send(
        kafka,
        Array.from({ length: due }, () => Math.floor(Math.random() * KEYS)),
      );
    await wait(50);
  }
}

interface Checkpoint {
  readonly id: number;
  readonly chunks: number;
  readonly bytes: number;
  readonly ms: number;
}

/** What the level's part has said of its checkpoints. */
const checkpoints = (): Checkpoint[] =>
  [
    ...readFileSync(join(cluster, 'task-manager-1.log'), 'utf8').matchAll(
      /weir checkpoint (\d+) stage 0: (\d+) chunks, (\d+) bytes in (\d+) ms/g,
    ),
  ].map(([, id, chunks, bytes, ms]) => ({
    id: Number(id),
    chunks: Number(chunks),
    bytes: Number(bytes),
    ms: Number(ms),
  }));

async function readCount(facts: ClusterFacts, job: string): Promise<number> {
  const get = async <T>(path: string): Promise<T> =>
    (await (await fetch(`${facts.rest}${path}`)).json()) as T;
  const { vertices } = await get<{ vertices: { id: string; name: string }[] }>(`/jobs/${job}`);
  const match = vertices.find(({ name }) => name === 'match')!;
  const path = `/jobs/${job}/vertices/${match.id}/metrics`;
  const ids = (await get<{ id: string }[]>(path))
    .map(({ id }) => id)
    .filter((id) => id.endsWith('weir_read'));
  if (ids.length === 0) return 0;
  const values = await get<{ value: string }[]>(`${path}?get=${ids.join(',')}`);
  return values.reduce((sum, { value }) => sum + Number(value), 0);
}

async function main(): Promise<void> {
  writeFileSync(
    join(folder, 'rules.weir'),
    `RULE "many failures of a user"
  SOURCES outcome = 'failure'
  AGGREGATE BY user WITHIN 1:day HAVING count() >= 100
`,
  );
  writeFileSync(
    join(folder, 'weir.yaml'),
    `sources:\n  ${TOPIC}:\n    format: json\n    time: t\n    bound: 2s\n    idleAfter: 1h\n`,
  );
  run(
    'flink',
    'up',
    '--folder',
    cluster,
    '--task-managers',
    '1',
    '--slots',
    '1',
    '--partitions',
    String(PARTITIONS),
  );
  const facts = JSON.parse(readFileSync(join(cluster, 'cluster.json'), 'utf8')) as ClusterFacts;
  const answer = run(
    ...[
      'flink',
      'submit',
      '--folder',
      cluster,
      '--rules',
      'rules.weir',
      '--config',
      'weir.yaml',
      '--json',
    ],
    ...['--partitions', String(PARTITIONS), '--parallelism', '1'],
    ...['--flink-property', `execution.checkpointing.interval=${CHECKPOINT_SECONDS}s`],
    ...['--flink-property', `state.backend.type=${BACKEND}`],
    ...['--flink-property', 'execution.checkpointing.incremental=true'],
  );
  const job = /[0-9a-f]{32}/.exec(answer)![0];
  const kafka = new Kafka({ brokers: facts.kafka, properties: {} });
  say(`${KEYS} keys …`);
  await fill(kafka);
  while ((await readCount(facts, job)) < KEYS) await wait(1000);
  const filled = checkpoints();
  // One checkpoint takes in what the filling left.
  while (checkpoints().length < filled.length + 2) await wait(500);
  const before = checkpoints().length;
  say(`${EVENTS_PER_SECOND} events a second …`);
  await goOn(kafka);
  await wait(CHECKPOINT_SECONDS * 1000);
  await kafka.close();
  report(facts, filled, checkpoints().slice(before));
}

function report(
  facts: ClusterFacts,
  filled: readonly Checkpoint[],
  steady: readonly Checkpoint[],
): void {
  const stored = filled.reduce((sum, { bytes }) => sum + bytes, 0);
  const rows: Row[] = steady.map(({ id, chunks, bytes, ms }) => ({
    checkpoint: id,
    'synchronous ms': ms,
    chunks,
    'MB moved': Math.round(bytes / 1e4) / 100,
  }));
  const slowest = Math.max(...steady.map(({ ms }) => ms));
  const most = Math.max(...steady.map(({ chunks }) => chunks));
  const taskManager = facts.processes.find(({ name }) => name === 'task-manager-1')!.pid;
  const engines = engineProcesses(taskManager).map((pid) =>
    Math.round(residentBytes(pid) / 2 ** 20),
  );
  saveResult(
    'flink-keys',
    `How long does a checkpoint every ${CHECKPOINT_SECONDS} s hold up a part with ${KEYS} keys?`,
    rows,
    `At most ${slowest} ms, with ${EVENTS_PER_SECOND} events a second of any of the keys; at most ${most} chunks (of ${KEYS}) were moved for one. While it was filled, ${Math.round(stored / 1e6)} MB were moved in ${filled.length} checkpoints, the slowest of ${Math.max(0, ...filled.map(({ ms }) => ms))} ms. State backend ${BACKEND}. Resident: task manager ${Math.round(residentBytes(taskManager) / 2 ** 20)} MiB, engines ${engines.join(', ')} MiB.`,
  );
}

try {
  await main();
} finally {
  spawnSync(process.execPath, [weir, 'flink', 'stop', '--folder', cluster, '--cluster'], {
    stdio: 'ignore',
  });
  if (process.env['WEIR_KEEP'] === undefined) rmSync(folder, { recursive: true, force: true });
  else say(folder);
}
