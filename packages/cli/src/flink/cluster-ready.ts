import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../failure.ts';
import { isAlive, type ClusterFile } from './cluster-file.ts';
import { FlinkRest, until } from './flink-rest.ts';
import { answers } from './free-ports.ts';

const READY_WITHIN_MS = 90_000;
const LAST_WORDS_MAX = 1500;

/** Waits until the broker listens and all task managers are there. Fails as soon as one of the processes has ended. */
export async function clusterReady(
  folder: string,
  cluster: ClusterFile,
  taskManagers: number,
): Promise<void> {
  const { ports, rest } = cluster;
  await until('the start of the broker', READY_WITHIN_MS, async () => {
    checkAlive(folder, cluster);
    return (await answers(ports.kafka)) ? true : null;
  });
  const flink = new FlinkRest(rest);
  await until('the start of Flink', READY_WITHIN_MS, async () => {
    checkAlive(folder, cluster);
    if (!(await answers(ports.rest))) return null;
    const overview = await flink.get<{ taskmanagers?: number }>('/overview').catch(() => null);
    return (overview?.taskmanagers ?? 0) >= taskManagers ? true : null;
  });
}

function checkAlive(folder: string, { processes }: ClusterFile): void {
  const dead = processes.find(({ pid }) => !isAlive(pid, folder));
  if (dead === undefined) return;
  const last = readFileSync(join(folder, `${dead.name}.log`), 'utf8')
    .trim()
    .slice(-LAST_WORDS_MAX);
  throw new Failure(
    `${dead.name} has ended; weir flink stop --cluster ends the others. Its last words:\n${last}`,
  );
}
