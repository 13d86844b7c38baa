// Real processes: a broker, a job manager, task managers, engine processes. What they find is what one engine finds, also
// when some of them are killed.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { readCluster } from '../../packages/cli/src/flink/cluster-file.ts';
import { Kafka } from '../../packages/cli/src/flink/kafka.ts';
import type { AlertChange, ResultChange } from '../../packages/core/src/plan/result.ts';
import { engineProcesses } from '../../bench/process-cost.ts';
import { compare } from './found-results.ts';
import { javaModule, whyWithoutJava } from './java-module.ts';
import { JobWatch } from './job-watch.ts';
import {
  CONFIG,
  loginRecords,
  planOf,
  rulesText,
  runEmbedded,
  type LoginStream,
} from './logins.ts';
import { weirFlink } from './weir-command.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const without = whyWithoutJava();
const folder = mkdtempSync(join(tmpdir(), 'weir-cluster-'));
const at = ['--folder', join(folder, 'cluster')];
const PARTITIONS = 4;

async function flink(...words: string[]): Promise<string> {
  const { code, said } = await weirFlink(words);
  assert.equal(code, 0, `weir flink ${words.join(' ')}: ${said}`);
  return said;
}

const clusterFile = () => readCluster(join(folder, 'cluster'))!;
const kafkaHere = (): Kafka => new Kafka({ brokers: clusterFile().kafka, properties: {} });

before(async () => {
  if (without !== null) return;
  writeFileSync(join(folder, 'weir.yaml'), CONFIG);
  writeFileSync(join(folder, 'rules.weir'), rulesText(5));
  await flink('up', ...at, '--task-managers', '2', '--slots', '2', '--partitions', `${PARTITIONS}`);
});

after(async () => {
  if (without === null) await weirFlink(['stop', ...at, '--cluster']);
  rmSync(folder, { recursive: true, force: true });
});

/** What became final, of lines of JSON: results that are alerts by themselves, and alerts that are put together of results. */
function finalsOf(lines: string, kind: 'result' | 'alert'): string[] {
  return lines
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as (AlertChange & ResultChange) & { kind: string })
    .filter((line) => line.kind === kind && line.change === 'final')
    .map(({ alert, result }) => JSON.stringify(kind === 'alert' ? alert : result))
    .sort();
}

test('the recording of the quick start gives the alerts that npm start shows', async (context) => {
  if (without !== null) return context.skip(without);
  const demo = join(root, 'demo');
  const recording = 'lateral_movement.covenant_psremoting_command.ndjson.gz';
  const rules = ['--rules', join(demo, 'rules'), '--config', join(demo, 'weir.yaml')];
  // Called like the partition, so that both name events alike.
  const file = join(folder, 'windows-0');
  writeFileSync(file, gunzipSync(readFileSync(join(demo, 'recordings', recording))));
  const run = [join(root, 'packages', 'cli', 'bin', 'weir.js'), 'run', 'windows-0', ...rules];
  const embedded = execFileSync(
    process.execPath,
    [...run, '--source', 'windows', '--number-from', '0', '--json'],
    { cwd: folder, encoding: 'utf8', maxBuffer: 1 << 28 },
  );
  const demoAt = [...at, '--prefix', 'demo'];
  await flink(
    'produce',
    ...demoAt,
    file,
    '--topic',
    'windows',
    '--at-arrival',
    '--source',
    'windows',
    '--config',
    join(demo, 'weir.yaml'),
  );
  await flink(
    'submit',
    ...demoAt,
    ...rules,
    '--bounded',
    '--delivery',
    'exactly-once',
    '--parallelism',
    '2',
  );
  await ended('demo-control');
  const alerts = await flink('alerts', ...demoAt, '--json');
  const results = await flink('results', ...demoAt, '--json', '--final');
  assert.equal(finalsOf(embedded, 'result').length, 41);
  assert.deepEqual(finalsOf(results, 'result'), finalsOf(embedded, 'result'));
  assert.deepEqual(finalsOf(alerts, 'alert'), finalsOf(embedded, 'alert'));
});

async function ended(control: string): Promise<void> {
  const watch = new JobWatch(clusterFile().rest, control);
  for (let left = 600; left > 0; left--) {
    if ((await watch.job()) === null) return;
    await wait(200);
  }
  throw new Error(`the job of ${control} did not end`);
}

const stream = (seed: number, events: number): LoginStream => ({
  seed,
  events,
  partitions: PARTITIONS,
  startAt: Date.now() - 600_000,
  eventsPerSecond: events / 200,
  users: 300,
});

async function produce(kafka: Kafka, topic: string, of: LoginStream, restMs = 0): Promise<void> {
  let waiting: { topic: string; partition: number; value: string }[] = [];
  for (const { partition, record } of loginRecords(of)) {
    waiting.push({ topic, partition, value: record });
    if (waiting.length < 2000) continue;
    await kafka.send(waiting);
    waiting = [];
    if (restMs > 0) await wait(restMs);
  }
  if (waiting.length > 0) await kafka.send(waiting);
}

test('the job in one process, with a real broker', async (context) => {
  if (without !== null) return context.skip(without);
  const of = stream(11, 20_000);
  const names = [...at, '--prefix', 'one'];
  // It makes the topics and writes the control topic; the job is another one.
  const submit = [
    'submit',
    ...names,
    '--rules',
    join(folder, 'rules.weir'),
    '--config',
    join(folder, 'weir.yaml'),
    '--topic',
    'logins=one-logins',
  ];
  await flink(...submit, '--bounded');
  await ended('one-control');
  const kafka = kafkaHere();
  await produce(kafka, 'one-logins', of);
  const job = spawn(
    'java',
    [
      '-Xmx768m',
      '--add-opens=java.base/java.util=ALL-UNNAMED',
      '-cp',
      javaModule.jobClassPath,
      'io.weir.flink.Job',
      ...jobArguments('one'),
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const [code] = (await once(job, 'exit')) as [number];
  assert.equal(code, 0);
  const embedded = runEmbedded(of, 'one-logins', planOf(rulesText(5)), []);
  const topics = { results: 'one-results', alerts: 'one-alerts' };
  const found = await compare(kafka, topics, embedded, folder);
  await kafka.close();
  assert.deepEqual(found.wrong, []);
  assert.ok(found.finals > 100);
});

const jobArguments = (prefix: string): string[] => [
  `kafka=${clusterFile().kafka}`,
  `topics=logins:${prefix}-logins`,
  `control=${prefix}-control`,
  'control.base=1000',
  ...['results', 'alerts', 'set-aside', 'faults'].map((one) => `${one}=${prefix}-${one}`),
  'levels=2',
  'parallelism.match=2',
  'parallelism.level=2',
  'delivery=exactly-once',
  'bounded=true',
  `node=${process.execPath}`,
  'flink.execution.checkpointing.interval=1s',
];

test('an engine and a task manager are killed, and nothing is lost or given twice', async (context) => {
  if (without !== null) return context.skip(without);
  const of = stream(12, 60_000);
  const names = [...at, '--prefix', 'kill'];
  const submit = [
    'submit',
    ...names,
    '--rules',
    join(folder, 'rules.weir'),
    '--config',
    join(folder, 'weir.yaml'),
    '--topic',
    'logins=kill-logins',
  ];
  await flink(...submit, '--delivery', 'exactly-once', '--parallelism', '2');
  const kafka = kafkaHere();
  const watch = new JobWatch(clusterFile().rest, 'kill-control');
  const producing = produce(kafka, 'kill-logins', of, 500);
  await wait(4000);
  const taskManagers = clusterFile().processes.filter(({ name }) =>
    name.startsWith('task-manager'),
  );
  const engine = taskManagers.flatMap(({ pid }) => engineProcesses(pid))[0]!;
  process.kill(engine, 'SIGKILL');
  await wait(5000);
  process.kill(taskManagers[0]!.pid, 'SIGKILL');
  await wait(500);
  await flink('up', ...at, '--task-managers', '2', '--slots', '2', '--partitions', `${PARTITIONS}`);
  await producing;
  await flink('stop', ...names, '--drain');
  assert.equal(await watch.job(), null);
  const embedded = runEmbedded(of, 'kill-logins', planOf(rulesText(5)), []);
  const found = await compare(
    kafka,
    { results: 'kill-results', alerts: 'kill-alerts' },
    embedded,
    folder,
  );
  await kafka.close();
  assert.deepEqual(found.wrong, []);
  assert.ok(found.finals > 100);
});
