import { resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { EXIT, Failure } from '../failure.ts';
import { isAlive, readCluster, writeCluster } from './cluster-file.ts';
import { until, type FlinkRest } from './flink-rest.ts';
import { isEnded, jobOf } from './jobs.ts';
import { withPlace } from './place.ts';
import { stopWithSavepoint, tellSavepoint, type SavepointOptions } from './savepoint.ts';

export interface StopOptions extends SavepointOptions {
  readonly savepoint?: boolean;
  readonly drain?: boolean;
  readonly cluster?: boolean;
}

/** `weir flink stop`: ends the job, and with `--cluster` what `weir flink up` has started. */
export async function stop(options: StopOptions): Promise<number> {
  if (options.savepoint === true && options.drain === true)
    throw new Failure(
      '--drain ends all that is open, so that nothing is left to go on from: not with --savepoint',
    );
  const isJobMeant =
    options.cluster !== true || options.savepoint === true || options.drain === true;
  if (isJobMeant)
    await withPlace(options, ({ rest, names }) => stopJob(rest, names.control, options));
  if (options.cluster === true) await stopCluster(resolve(options.folder), options);
  return EXIT.ok;
}

async function stopJob(rest: FlinkRest, control: string, options: StopOptions): Promise<void> {
  const job = await jobOf(rest, control);
  if (job === null || isEnded(job.state)) {
    process.stderr.write(`weir: no job of control topic ${control} runs\n`);
    return;
  }
  const { jid } = job;
  if (options.savepoint === true || options.drain === true) {
    const location = await stopWithSavepoint(rest, jid, options.drain === true, options);
    if (options.savepoint === true) tellSavepoint(location, options);
  } else await rest.patch(`/jobs/${jid}?mode=cancel`);
  await until(`the end of job ${jid}`, 120_000, async () =>
    isEnded((await rest.job(jid)).state) ? true : null,
  );
  if (options.json) console.log(JSON.stringify({ kind: 'stopped', job: jid }));
  else console.log(`job ${jid} has ended`);
}

const GOES_WITHIN_MS = 15_000;

/** Ends the processes of the folder, the broker last; who does not go in time is killed. What they stored stays. */
async function stopCluster(folder: string, { json }: StopOptions): Promise<void> {
  const cluster = readCluster(folder);
  const alive = (): { name: string; pid: number }[] =>
    (cluster?.processes ?? []).filter(({ pid }) => isAlive(pid, folder));
  if (cluster === null || alive().length === 0) {
    process.stderr.write(`weir: nothing that ${folder} tells of runs\n`);
    return;
  }
  const running = alive().reverse();
  for (const { pid } of running) process.kill(pid, 'SIGTERM');
  const deadline = performance.now() + GOES_WITHIN_MS;
  while (alive().length > 0 && performance.now() < deadline) await wait(100);
  for (const { pid } of alive()) process.kill(pid, 'SIGKILL');
  writeCluster(folder, { ...cluster, processes: [] });
  const names = running.map(({ name }) => name);
  if (json) console.log(JSON.stringify({ kind: 'cluster-stopped', processes: names }));
  else console.log(`ended ${names.join(', ')}; what they stored stays in ${folder}`);
}
