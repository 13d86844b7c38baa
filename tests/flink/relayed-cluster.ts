// A broker and a Flink cluster of real processes that speak with each other through relays only, and can be killed.
//
// What passes a relay: all clients of the broker, the remote calls of the job manager and of each task manager, and the data
// between task managers. What does not: the files of the job that task managers fetch from the job manager's blob server,
// since Flink cannot announce another port for it than it listens at; and the REST interface, which is not between them.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startBroker } from '../../packages/cli/src/flink/broker.ts';
import { buildJars } from '../../packages/cli/src/flink/build-jars.ts';
import { writeCluster, type ClusterFile } from '../../packages/cli/src/flink/cluster-file.ts';
import { clusterReady } from '../../packages/cli/src/flink/cluster-ready.ts';
import {
  startJobManager,
  startTaskManager,
  writeFlinkSettings,
} from '../../packages/cli/src/flink/flink-processes.ts';
import { freePorts, LOOPBACK } from '../../packages/cli/src/flink/free-ports.ts';
import { LOGGING } from '../../packages/cli/src/flink/java.ts';
import { TcpRelay } from './relay.ts';

export interface RelayedPlan {
  readonly folder: string;
  readonly taskManagers: number;
  /** How late each piece is, asked anew for each. */
  readonly delayMs: () => number;
  readonly flinkSettings: Readonly<Record<string, string | number>>;
}

export class RelayedCluster {
  readonly folder: string;
  /** The broker's port for those who are not disturbed: the traffic, and who compares. */
  readonly quietKafka: string;
  readonly facts: ClusterFile;
  /** By what they lead to. */
  readonly relays: ReadonlyMap<string, TcpRelay>;
  readonly #starts: ReadonlyMap<string, () => number>;
  readonly #pids = new Map<string, number>();

  private constructor(
    folder: string,
    quietKafka: string,
    facts: ClusterFile,
    relays: ReadonlyMap<string, TcpRelay>,
    starts: ReadonlyMap<string, () => number>,
  ) {
    this.folder = folder;
    this.quietKafka = quietKafka;
    this.facts = facts;
    this.relays = relays;
    this.#starts = starts;
  }

  static async start(plan: RelayedPlan): Promise<RelayedCluster> {
    const { folder } = plan;
    mkdirSync(folder, { recursive: true });
    const jars = await buildJars(join(folder, 'build.log'), (line) => console.error(line));
    const relays = new Map<string, TcpRelay>();
    /** Gives the port of a relay to a port. */
    const relay = async (name: string, port: number): Promise<number> => {
      const one = new TcpRelay({ port: 0, to: () => port, delayMs: plan.delayMs });
      relays.set(name, one);
      return one.start();
    };
    const [kafka, quiet, controller, rest, rpc, blob] = await portsOf(6);
    const ports = {
      kafka: kafka!,
      controller: controller!,
      rest: rest!,
      rpc: await relay('job-manager', rpc!),
      blob: blob!,
    };
    const advertised = await relay('kafka', kafka!);
    const logging = join(folder, 'log4j2.properties');
    writeFileSync(logging, LOGGING);
    const both = { folder, logging, ports, keys: null };
    const broker = {
      ...both,
      lib: jars.brokerLib,
      settings: listeners(kafka!, advertised, quiet!, controller!),
    };
    const settings = { 'jobmanager.rpc.bind-port': rpc!, ...plan.flinkSettings };
    const flink = { ...both, lib: jars.flinkLib, slots: 1, settings };
    writeFlinkSettings(flink);
    const starts = new Map([
      ['kafka', () => startBroker(broker)],
      ['job-manager', () => startJobManager(flink)],
    ]);
    for (let i = 1; i <= plan.taskManagers; i++) {
      const name = `task-manager-${i}`;
      const [calls, data] = (await portsOf(2)) as [number, number];
      const own = {
        'taskmanager.rpc.port': await relay(`${name}-calls`, calls),
        'taskmanager.rpc.bind-port': calls,
        'taskmanager.data.port': await relay(`${name}-data`, data),
        'taskmanager.data.bind-port': data,
      };
      starts.set(name, () => startTaskManager(flink, name, own));
    }
    const facts: ClusterFile = {
      format: 1,
      kafka: `${LOOPBACK}:${advertised}`,
      rest: `http://${LOOPBACK}:${rest}`,
      ports,
      partitions: 4,
      kafkaProperties: {},
      processes: [],
    };
    const cluster = new RelayedCluster(folder, `${LOOPBACK}:${quiet}`, facts, relays, starts);
    try {
      for (const name of starts.keys()) cluster.revive(name);
      await clusterReady(folder, facts, plan.taskManagers);
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  get taskManagers(): string[] {
    return [...this.#starts.keys()].filter((name) => name.startsWith('task-manager'));
  }

  pidOf(name: string): number {
    return this.#pids.get(name)!;
  }

  /** Engine processes of a task manager. */
  enginesOf(name: string): number[] {
    const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,stat='], { encoding: 'utf8' });
    return lines
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, parent, state]) => Number(parent) === this.pidOf(name) && state?.[0] !== 'Z')
      .map(([pid]) => Number(pid));
  }

  kill(name: string): void {
    killHard(this.pidOf(name));
  }

  /** Starts it, for the first time or again. */
  revive(name: string): void {
    this.#pids.set(name, this.#starts.get(name)!());
    const processes = [...this.#pids].map(([one, pid]) => ({ name: one, pid }));
    writeCluster(this.folder, { ...this.facts, processes });
  }

  /** Ends all that it has started; engines end with their task managers. */
  async stop(): Promise<void> {
    const engines = this.taskManagers
      .filter((name) => this.#pids.has(name))
      .flatMap((name) => this.enginesOf(name));
    for (const pid of [...this.#pids.values(), ...engines]) killHard(pid);
    await Promise.all([...this.relays.values()].map((relay) => relay.stop()));
  }
}

export function killHard(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}

/** Ports that were given before are given again as soon as nobody listens, so each is given once. */
const given = new Set<number>();
async function portsOf(count: number): Promise<number[]> {
  const fresh = (await freePorts(count + given.size)).filter((port) => !given.has(port));
  const ports = fresh.slice(0, count);
  for (const port of ports) given.add(port);
  return ports;
}

/** Clients are sent to the relay; the broker itself, and who must not be disturbed, use the quiet port. */
const listeners = (
  kafka: number,
  advertised: number,
  quiet: number,
  controller: number,
): string[] => [
  `listeners=CLIENTS://${LOOPBACK}:${kafka},QUIET://${LOOPBACK}:${quiet},CONTROLLER://${LOOPBACK}:${controller}`,
  `advertised.listeners=CLIENTS://${LOOPBACK}:${advertised},QUIET://${LOOPBACK}:${quiet}`,
  'listener.security.protocol.map=CONTROLLER:PLAINTEXT,CLIENTS:PLAINTEXT,QUIET:PLAINTEXT',
  'inter.broker.listener.name=QUIET',
];
