// What the same rules over the same events cost on a cluster: CPU time of every process for each event, beside `weir run`.
//
//   npm run bench -- flink-cpu [events] [parallelism]      needs a JDK 17 and Maven
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { loginLines, publishedLogins } from './logins-events.ts';
import { root, saveResult, type Row } from './measured.ts';
import { cpuSeconds, engineProcesses, residentBytes, threadSeconds } from './process-cost.ts';

const EVENTS = Number(process.argv[2] ?? 3_000_000);
const PARALLELISM = Number(process.argv[3] ?? 1);
const PARTITIONS = 4;
const TOPIC = 'logins';

const RULES = `RULE "many failures of a user"
  SOURCES outcome = 'failure'
  AGGREGATE BY user WITHIN 60:s SLIDING HAVING count() >= 10
RULE "a failure, then a success"
  SEQUENCE BY user WITHIN 60:s
    STEP fail FILTER event.outcome == 'failure' && event.host == 'srv7.example.org'
    STEP entered FILTER event.outcome == 'success' && event.host == 'srv7.example.org'
RULE "one host, one network"
  FILTER event.host == 'srv7.example.org' && event.src.startsWith('10.7.7.')
  ALERT BY host FOR 1:hour
`;
const CONFIG = `sources:
  ${TOPIC}:
    format: json
    time: timestamp
    bound: 2s
    idleAfter: 60s
`;

const folder = mkdtempSync(join(tmpdir(), 'weir-flink-cpu-'));
const cluster = join(folder, 'cluster');
const weir = join(root, 'packages', 'cli', 'bin', 'weir.js');
const say = (text: string): void => void process.stderr.write(`${text}\n`);

function run(...words: string[]): string {
  return execFileSync(process.execPath, [weir, ...words], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

const partitionFile = (partition: number): string => `${TOPIC}-${partition}`;

/** A file for each partition, called like it, so that embedded runs and the cluster name events alike. */
async function writeEvents(): Promise<void> {
  const files = Array.from({ length: PARTITIONS }, (_, i) =>
    createWriteStream(join(folder, partitionFile(i))),
  );
  let i = 0;
  for (const line of loginLines({ ...publishedLogins, events: EVENTS })) {
    const file = files[i++ % PARTITIONS]!;
    if (!file.write(`${line}\n`)) await once(file, 'drain');
  }
  for (const file of files) {
    file.end();
    await once(file, 'close');
  }
}

interface Found {
  readonly finals: number;
  readonly digest: string;
}

/** Final results, as a set. */
function found(lines: readonly string[]): Found {
  const finals = lines
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { kind: string; change: string; result: unknown })
    .filter(({ kind, change }) => kind === 'result' && change === 'final')
    .map(({ result }) => JSON.stringify(result))
    .sort();
  const hash = createHash('sha256');
  for (const one of new Set(finals)) hash.update(one).update('\n');
  return { finals: new Set(finals).size, digest: hash.digest('hex') };
}

interface Embedded {
  readonly found: Found;
  readonly engineSeconds: number;
  readonly hostSeconds: number;
  readonly seconds: number;
}

async function runEmbedded(): Promise<Embedded> {
  const files = Array.from({ length: PARTITIONS }, (_, i) => partitionFile(i));
  const out = join(folder, 'embedded.ndjson');
  const began = performance.now();
  const child = spawn(
    process.execPath,
    [
      weir,
      'run',
      ...files,
      '--rules',
      'rules.weir',
      '--config',
      'weir.yaml',
      '--number-from',
      '0',
      '--out',
      out,
    ],
    { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  let engineSeconds = 0;
  let hostSeconds = 0;
  const looking = setInterval(() => {
    for (const pid of engineProcesses(child.pid!))
      engineSeconds = Math.max(engineSeconds, cpuSeconds(pid) ?? 0);
    hostSeconds = cpuSeconds(child.pid!) ?? hostSeconds;
  }, 50);
  await once(child, 'exit');
  clearInterval(looking);
  const seconds = (performance.now() - began) / 1000;
  return {
    found: found(readFileSync(out, 'utf8').split('\n')),
    engineSeconds,
    hostSeconds,
    seconds,
  };
}

interface Sample {
  readonly at: number;
  readonly read: number;
  readonly processes: ReadonlyMap<string, number>;
  readonly threads: ReadonlyMap<string, number>;
}

interface ClusterFacts {
  readonly rest: string;
  readonly processes: readonly { readonly name: string; readonly pid: number }[];
}

const stages = ['match', 'level-0', 'alert-stage'] as const;

class Watched {
  readonly #facts: ClusterFacts;
  readonly #job: string;

  constructor(facts: ClusterFacts, job: string) {
    this.#facts = facts;
    this.#job = job;
  }

  async get<T>(path: string): Promise<T> {
    const answer = await fetch(`${this.#facts.rest}${path}`);
    return (await answer.json()) as T;
  }

  async #read(): Promise<number> {
    const { vertices } = await this.get<{ vertices: { id: string; name: string }[] }>(
      `/jobs/${this.#job}`,
    );
    const match = vertices.find(({ name }) => name === 'match')!;
    const path = `/jobs/${this.#job}/vertices/${match.id}/metrics`;
    const all = await this.get<{ id: string }[]>(path);
    const ids = all.map(({ id }) => id).filter((id) => id.endsWith('weir_read'));
    const values = await this.get<{ value: string }[]>(`${path}?get=${ids.join(',')}`);
    return values.reduce((sum, { value }) => sum + Number(value), 0);
  }

  async sample(): Promise<Sample> {
    const processes = new Map<string, number>();
    const threads = new Map<string, number>();
    for (const { name, pid } of this.#facts.processes) {
      processes.set(name.replace(/-\d+$/, ''), cpuSeconds(pid) ?? 0);
      if (!name.startsWith('task-manager')) continue;
      for (const [thread, seconds] of threadSeconds(pid))
        threads.set(thread, (threads.get(thread) ?? 0) + seconds);
      for (const engine of engineProcesses(pid))
        processes.set('engines', (processes.get('engines') ?? 0) + (cpuSeconds(engine) ?? 0));
    }
    return { at: performance.now(), read: await this.#read(), processes, threads };
  }

  async state(): Promise<string> {
    return (await this.get<{ state: string }>(`/jobs/${this.#job}`)).state;
  }
}

/** Samples while the job reads, from a fifth of the events on: then Java and the engines are warm. */
async function watch(watched: Watched): Promise<{ first: Sample; last: Sample; engines: number }> {
  let first: Sample | null = null;
  let last: Sample | null = null;
  let engines = 0;
  for (;;) {
    const state = await watched.state();
    if (state === 'FAILED') throw new Error('the job has failed');
    if (state === 'FINISHED') break;
    const now = await watched.sample();
    if (first === null && now.read > EVENTS * 0.2) first = now;
    if (now.read > (last?.read ?? 0) && now.read < EVENTS) last = now;
    engines = Math.max(engines, now.processes.get('engines') ?? 0);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  if (first === null || last === null) throw new Error('the job was too short to be watched');
  return { first, last, engines };
}

const micros = (seconds: number, events: number): number =>
  Math.round((seconds / events) * 1e8) / 100;

async function main(): Promise<void> {
  writeFileSync(join(folder, 'rules.weir'), RULES);
  writeFileSync(join(folder, 'weir.yaml'), CONFIG);
  say(`${EVENTS} events …`);
  await writeEvents();
  say('embedded …');
  const embedded = await runEmbedded();
  say('cluster …');
  const up = [
    'flink',
    'up',
    '--folder',
    cluster,
    '--task-managers',
    '1',
    '--slots',
    String(PARALLELISM),
  ];
  run(...up, '--partitions', String(PARTITIONS));
  const facts = JSON.parse(readFileSync(join(cluster, 'cluster.json'), 'utf8')) as ClusterFacts;
  const at = ['--folder', cluster];
  run(
    'flink',
    'submit',
    ...at,
    '--rules',
    'rules.weir',
    '--config',
    'weir.yaml',
    '--partitions',
    String(PARTITIONS),
    '--dry-run',
  );
  for (let i = 0; i < PARTITIONS; i++)
    run('flink', 'produce', ...at, partitionFile(i), '--topic', TOPIC, '--partition', String(i));
  say('the job …');
  const submit = [
    'flink',
    'submit',
    ...at,
    '--rules',
    'rules.weir',
    '--config',
    'weir.yaml',
    '--bounded',
    '--flink-property',
    'execution.checkpointing.interval=10s',
    '--parallelism',
    String(PARALLELISM),
    '--json',
  ];
  const answer = run(...submit);
  const job = /[0-9a-f]{32}/.exec(answer)![0];
  const { first, last } = await watch(new Watched(facts, job));
  const got = found(run('flink', 'results', ...at, '--json', '--final').split('\n'));
  if (got.digest !== embedded.found.digest)
    throw new Error(
      `embedded found ${embedded.found.finals}, the cluster ${got.finals} results, and not the same`,
    );
  report(embedded, first, last);
}

function report(embedded: Embedded, first: Sample, last: Sample): void {
  const events = last.read - first.read;
  const spent = (name: string): number =>
    (last.processes.get(name) ?? 0) - (first.processes.get(name) ?? 0);
  const threads = [...last.threads].map(
    ([name, seconds]) => [name, seconds - (first.threads.get(name) ?? 0)] as const,
  );
  const jit = threads
    .filter(([name]) => /CompilerThre|C1|C2/.test(name))
    .reduce((sum, [, seconds]) => sum + seconds, 0);
  const embeddedEngine = micros(embedded.engineSeconds, EVENTS);
  const engines = micros(spent('engines'), events);
  const rows: Row[] = [
    { process: 'embedded: engine', 'CPU us/event': embeddedEngine },
    {
      process: 'embedded: host that reads files',
      'CPU us/event': micros(embedded.hostSeconds, EVENTS),
    },
    { process: `Flink: engines (${stages.join(', ')})`, 'CPU us/event': engines },
    {
      process: 'Flink: task manager, compiling aside',
      'CPU us/event': micros(spent('task-manager') - jit, events),
    },
    { process: 'Flink: task manager, compiling', 'CPU us/event': micros(jit, events) },
    { process: 'Flink: job manager', 'CPU us/event': micros(spent('job-manager'), events) },
    { process: 'broker', 'CPU us/event': micros(spent('kafka'), events) },
  ];
  for (const [name, seconds] of threads.sort((a, b) => b[1] - a[1]).slice(0, 8))
    rows.push({ process: `  thread ${name}`, 'CPU us/event': micros(seconds, events) });
  const rate = Math.round(events / ((last.at - first.at) / 1000));
  const share = Math.round((embeddedEngine / engines) * 100);
  saveResult(
    'flink-cpu',
    `What do the same rules over the same ${EVENTS} events cost on a cluster?`,
    rows,
    `Engines do ${share} % of the embedded engine's events for each second of CPU. ${rate} events/s from topic to topics with parallelism ${PARALLELISM}, all processes on this machine. Both found the same ${embedded.found.finals} final results. Resident: ${memory()}.`,
  );
}

function memory(): string {
  const facts = JSON.parse(readFileSync(join(cluster, 'cluster.json'), 'utf8')) as ClusterFacts;
  return facts.processes
    .map(({ name, pid }) => `${name} ${Math.round(residentBytes(pid) / 2 ** 20)} MiB`)
    .join(', ');
}

try {
  await main();
} finally {
  spawnSync(process.execPath, [weir, 'flink', 'stop', '--folder', cluster, '--cluster'], {
    stdio: 'ignore',
  });
  rmSync(folder, { recursive: true, force: true });
}
