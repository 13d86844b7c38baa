import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClusterPorts } from './cluster-file.ts';
import { LOOPBACK } from './free-ports.ts';
import { startJava, type JavaProcess } from './java.ts';
import { internalSecurity, type Keys } from './keys.ts';

export interface FlinkPlan {
  readonly folder: string;
  readonly lib: string;
  readonly logging: string;
  readonly ports: Pick<ClusterPorts, 'rest' | 'rpc' | 'blob'>;
  /** Of each task manager. */
  readonly slots: number;
  readonly keys: Keys | null;
  /** Settings of all its processes besides, or in place of, the usual ones. */
  readonly settings?: Readonly<Record<string, string | number>>;
}

/** Writes what job manager and task managers read. */
export function writeFlinkSettings(plan: FlinkPlan): void {
  for (const name of ['conf', 'tmp', 'checkpoints', 'savepoints', 'upload'])
    mkdirSync(join(plan.folder, name), { recursive: true, mode: 0o700 });
  writeFileSync(join(plan.folder, 'conf', 'config.yaml'), flinkSettings(plan), { mode: 0o600 });
}

export function flinkSettings({ folder, ports, slots, keys, settings = {} }: FlinkPlan): string {
  const lines = {
    'jobmanager.rpc.address': LOOPBACK,
    'jobmanager.rpc.port': ports.rpc,
    'jobmanager.bind-host': LOOPBACK,
    'taskmanager.host': LOOPBACK,
    'taskmanager.bind-host': LOOPBACK,
    'taskmanager.numberOfTaskSlots': slots,
    'rest.address': LOOPBACK,
    'rest.bind-address': LOOPBACK,
    'rest.port': ports.rest,
    'blob.server.port': ports.blob,
    // A task manager that died is missed within seconds.
    'heartbeat.interval': 1000,
    'heartbeat.timeout': 8000,
    // And a job manager that is back is found as soon.
    'cluster.registration.error-delay': 1000,
    'io.tmp.dirs': join(folder, 'tmp'),
    'execution.checkpointing.interval': '2s',
    'execution.checkpointing.min-pause': '200ms',
    'execution.checkpointing.timeout': '60s',
    'execution.checkpointing.dir': `file://${join(folder, 'checkpoints')}`,
    'execution.checkpointing.savepoint-dir': `file://${join(folder, 'savepoints')}`,
    'execution.checkpointing.externalized-checkpoint-retention': 'RETAIN_ON_CANCELLATION',
    'restart-strategy.type': 'fixed-delay',
    'restart-strategy.fixed-delay.attempts': 1000,
    'restart-strategy.fixed-delay.delay': '500ms',
    'pipeline.max-parallelism': 128,
    'web.upload.dir': join(folder, 'upload'),
    'web.refresh-interval': 500,
    'metrics.fetcher.update-interval': 1000,
    ...(keys === null ? {} : internalSecurity(keys)),
    ...settings,
  };
  return Object.entries(lines)
    .map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`)
    .join('');
}

export function startJobManager(plan: FlinkPlan): number {
  return startJava({
    ...processOf(plan, 'job-manager'),
    options: [...OPENS, '-Xmx512m'],
    main: [
      'org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint',
      '--configDir',
      join(plan.folder, 'conf'),
    ],
  });
}

/** `settings`: of this one, and they win. */
export function startTaskManager(
  plan: FlinkPlan,
  name: string,
  settings: Readonly<Record<string, string | number>> = {},
): number {
  return startJava({
    ...processOf(plan, name),
    options: [
      ...OPENS,
      '-Xms640m',
      '-Xmx640m',
      '-XX:MaxDirectMemorySize=384m',
      '-XX:MaxMetaspaceSize=256m',
    ],
    main: [
      'org.apache.flink.runtime.taskexecutor.TaskManagerRunner',
      '--configDir',
      join(plan.folder, 'conf'),
      '-D',
      `taskmanager.resource-id=${name}`,
      ...Object.entries(MEMORY).flatMap(([part, value]) => ['-D', `taskmanager.${part}=${value}`]),
      ...Object.entries(settings).flatMap(([setting, value]) => ['-D', `${setting}=${value}`]),
    ],
  });
}

const processOf = (
  { folder, lib, logging }: FlinkPlan,
  name: string,
): Pick<JavaProcess, 'folder' | 'log' | 'logging' | 'classFolders'> => ({
  folder,
  log: join(folder, `${name}.log`),
  logging,
  classFolders: [lib],
});

/** Flink's start script works these out; whoever starts the class has to say them, in agreement with the JVM's options. */
const MEMORY = {
  'cpu.cores': '1.0',
  'memory.framework.heap.size': '128mb',
  'memory.task.heap.size': '512mb',
  'memory.framework.off-heap.size': '128mb',
  'memory.task.off-heap.size': '128mb',
  'memory.network.min': '128mb',
  'memory.network.max': '128mb',
  'memory.managed.size': '128mb',
  'memory.jvm-metaspace.size': '256mb',
  'memory.jvm-overhead.min': '192mb',
  'memory.jvm-overhead.max': '192mb',
};

const EXPORTED = ['java.rmi/sun.rmi.registry', 'java.security.jgss/sun.security.krb5'];

const OPENED = [
  'lang',
  'net',
  'io',
  'nio',
  'lang.reflect',
  'text',
  'time',
  'util',
  'util.concurrent',
  'util.concurrent.atomic',
  'util.concurrent.locks',
];

/** Parts of the JDK that Flink reaches into: the `env.java.opts.all` of its own start scripts. */
const OPENS = [
  ...EXPORTED.map((name) => `--add-exports=${name}=ALL-UNNAMED`),
  ...OPENED.map((name) => `--add-opens=java.base/java.${name}=ALL-UNNAMED`),
  '--add-opens=java.base/sun.nio.ch=ALL-UNNAMED',
];
