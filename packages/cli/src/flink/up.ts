import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { EXIT } from '../failure.ts';
import { startBroker } from './broker.ts';
import { buildJars, type Jars } from './build-jars.ts';
import {
  isAlive,
  readCluster,
  writeCluster,
  type ClusterFile,
  type ClusterProcess,
} from './cluster-file.ts';
import { clusterReady } from './cluster-ready.ts';
import { startJobManager, startTaskManager, writeFlinkSettings } from './flink-processes.ts';
import { freePorts, LOOPBACK } from './free-ports.ts';
import { checkJava, LOGGING } from './java.ts';
import { Kafka } from './kafka.ts';
import { clientSecurity, keysIn, type Keys } from './keys.ts';
import { wholeNumber } from './options.ts';
import { createMissing, ownTopics, topicNames } from './topics.ts';

export interface UpOptions {
  readonly folder: string;
  readonly taskManagers: string;
  readonly slots: string;
  readonly partitions: string;
  readonly prefix: string;
  readonly tls?: boolean;
  readonly json?: boolean;
}

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** `weir flink up`: a broker and a Flink cluster on this machine, for trying and for tests. */
export async function up(options: UpOptions): Promise<number> {
  const folder = resolve(options.folder);
  const taskManagers = wholeNumber('--task-managers', options.taskManagers, 1, 16);
  checkJava();
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const jars = await buildJars(join(folder, 'build.log'), say);
  const before = readCluster(folder);
  const running = (before?.processes ?? []).filter(({ pid }) => isAlive(pid, folder));
  // What runs keeps its ports and its keys; what begins anew gets free ports.
  const kept = before !== null && running.length > 0 ? { ...before, processes: running } : null;
  const hasKeys =
    kept === null ? options.tls === true : 'security.protocol' in kept.kafkaProperties;
  const keys = hasKeys ? keysIn(folder) : null;
  const cluster = kept ?? (await newCluster(options, keys));
  const starts = startsOf(folder, options, jars, cluster, keys, taskManagers);
  const started = startMissing(folder, cluster, starts);
  await clusterReady(folder, started, taskManagers);
  await makeTopics(started, options.prefix);
  tell(options, started);
  return EXIT.ok;
}

async function newCluster({ partitions }: UpOptions, keys: Keys | null): Promise<ClusterFile> {
  const [kafka, controller, rest, rpc, blob] = (await freePorts(5)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  return {
    format: 1,
    kafka: `${LOOPBACK}:${kafka}`,
    rest: `http://${LOOPBACK}:${rest}`,
    ports: { kafka, controller, rest, rpc, blob },
    partitions: wholeNumber('--partitions', partitions, 1, 1000),
    kafkaProperties: keys === null ? {} : clientSecurity(keys),
    processes: [],
  };
}

/** How each process of the cluster is started, by its name. */
function startsOf(
  folder: string,
  { slots }: UpOptions,
  { brokerLib, flinkLib }: Jars,
  { ports, processes }: ClusterFile,
  keys: Keys | null,
  taskManagers: number,
): Map<string, () => number> {
  const logging = join(folder, 'log4j2.properties');
  writeFileSync(logging, LOGGING);
  const both = { folder, logging, ports, keys };
  const flink = { ...both, lib: flinkLib, slots: wholeNumber('--slots', slots, 1, 64) };
  if (processes.length === 0) writeFlinkSettings(flink);
  const starts = new Map([
    ['kafka', () => startBroker({ ...both, lib: brokerLib })],
    ['job-manager', () => startJobManager(flink)],
  ]);
  for (let i = 1; i <= taskManagers; i++)
    starts.set(`task-manager-${i}`, () => startTaskManager(flink, `task-manager-${i}`));
  return starts;
}

function startMissing(
  folder: string,
  cluster: ClusterFile,
  starts: ReadonlyMap<string, () => number>,
): ClusterFile {
  const processes: ClusterProcess[] = [...cluster.processes];
  for (const [name, start] of starts) {
    if (cluster.processes.some((one) => one.name === name)) continue;
    processes.push({ name, pid: start() });
    say(`starting ${name} (log: ${join(folder, `${name}.log`)})`);
    // Written after each, so that nothing runs of which nobody knows.
    writeCluster(folder, { ...cluster, processes });
  }
  return { ...cluster, processes };
}

async function makeTopics(cluster: ClusterFile, prefix: string): Promise<void> {
  const kafka = new Kafka({ brokers: cluster.kafka, properties: cluster.kafkaProperties });
  try {
    await createMissing(kafka, ownTopics(topicNames(prefix), cluster.partitions));
  } finally {
    await kafka.close();
  }
}

function tell({ json, folder }: UpOptions, { kafka, rest, processes }: ClusterFile): void {
  if (json) console.log(JSON.stringify({ kind: 'cluster', kafka, rest, processes }));
  else
    console.log(`Kafka ${kafka}
Flink ${rest}
It goes on running: weir flink stop --cluster ends it. All it writes is in ${folder}.`);
}
