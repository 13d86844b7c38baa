import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../failure.ts';

/** What `weir flink up` started: the file `cluster.json` of its folder. */
export interface ClusterFile {
  readonly format: 1;
  /** host:port of the broker, for clients. */
  readonly kafka: string;
  /** Address of Flink's REST interface. */
  readonly rest: string;
  readonly ports: ClusterPorts;
  /** Partitions of topics that are made. */
  readonly partitions: number;
  /** What clients must say to the broker besides its address, as Kafka names it. */
  readonly kafkaProperties: Readonly<Record<string, string>>;
  readonly processes: readonly ClusterProcess[];
}

export interface ClusterPorts {
  readonly kafka: number;
  readonly controller: number;
  readonly rest: number;
  readonly rpc: number;
  readonly blob: number;
}

export interface ClusterProcess {
  readonly name: string;
  readonly pid: number;
}

const fileIn = (folder: string): string => join(folder, 'cluster.json');

export function readCluster(folder: string): ClusterFile | null {
  const file = fileIn(folder);
  if (!existsSync(file)) return null;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ClusterFile;
  } catch {
    throw new Failure(`${file} is broken: remove it; processes that it named may still run`);
  }
}

/** Replaced at once, so that nobody reads half of it. It may hold a password. */
export function writeCluster(folder: string, cluster: ClusterFile): void {
  const file = fileIn(folder);
  writeFileSync(`${file}.new`, `${JSON.stringify(cluster, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** Does the process still run, and is it ours? Ids are used again: its command line must name the folder. */
export function isAlive(pid: number, folder: string): boolean {
  const { stdout } = spawnSync('ps', ['-ww', '-o', 'stat=,command=', '-p', String(pid)], {
    encoding: 'utf8',
  });
  return stdout.includes(folder) && !stdout.startsWith('Z');
}
