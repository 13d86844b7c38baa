import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Failure } from '../failure.ts';
import { count } from '../paint.ts';
import { builtJob } from './build-jars.ts';
import { causesOf, until, type FlinkRest } from './flink-rest.ts';
import {
  ADJUSTABLE,
  DELIVERIES,
  jobArguments,
  shownArguments,
  type Delivery,
} from './job-arguments.ts';
import { areTasksRunning, isEnded, jobName, jobOf, marksText, type Job } from './jobs.ts';
import { pairs, wholeNumber } from './options.ts';
import type { Place } from './place.ts';
import { levelsText } from './status-text.ts';

/** What a job is told when it begins. */
export interface StartOptions {
  readonly parallelism?: string;
  readonly delivery?: string;
  readonly bounded?: boolean;
  readonly savepoint?: string;
  /** From the newest checkpoint. */
  readonly resume?: boolean;
  readonly flinkProperty?: readonly string[];
  readonly jobArgument?: readonly string[];
  readonly jobJar?: string;
  readonly node?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export interface StartPlan {
  readonly topics: Readonly<Record<string, string>>;
  readonly controlBase: number;
  readonly levels: number;
}

const MAIN_CLASS = 'io.weir.flink.Job';
const SLOTS_WITHIN_MS = 30_000;
const RUNS_WITHIN_MS = 180_000;

/** Uploads the jar and runs it. Gives the job once all its tasks run; null: nothing was to be done (--dry-run). */
export async function startJob(
  { kafka, rest, names, checkpoints }: Place,
  { topics, controlBase, levels }: StartPlan,
  options: StartOptions,
): Promise<Job | null> {
  const delivery = deliveryOf(options);
  const jar = jarOf(options);
  const parallelism = await parallelismOf(rest, options);
  const given = jobArguments({
    kafka: kafka.place.brokers,
    kafkaProperties: kafka.place.properties,
    topics,
    names,
    controlBase,
    levels,
    parallelism,
    delivery,
    isBounded: options.bounded === true,
    node: options.node ?? process.execPath,
    adjusted: adjustedBy(options),
  });
  if (options.dryRun === true) {
    console.log(`would run ${jar} with\n  ${shownArguments(given).join('\n  ')}`);
    return null;
  }
  const marks = { control: names.control, controlBase, levels, delivery };
  process.stderr.write(`weir: bringing ${jar} to ${rest.address}\n`);
  const { jobid } = await rest.post<{ jobid: string }>(`/jars/${await rest.upload(jar)}/run`, {
    entryClass: MAIN_CLASS,
    programArgsList: given,
    ...(options.savepoint === undefined ? {} : { savepointPath: options.savepoint }),
    flinkConfiguration: {
      'pipeline.name': jobName(names.control),
      'pipeline.global-job-parameters': marksText(marks),
      // A folder for each control topic, so that --resume takes none of another job.
      ...(checkpoints === null ? {} : { 'execution.checkpointing.dir': `file://${checkpoints}` }),
      ...pairs('--flink-property', options.flinkProperty ?? []),
    },
  });
  const job = await running(rest, jobid, names.control);
  tell(job, parallelism, options);
  return job;
}

/** Waits until all tasks run. A job that fails at once, or goes on failing, is told with the reason. */
async function running(rest: FlinkRest, id: string, control: string): Promise<Job> {
  const startedAt = performance.now();
  await until(`job ${id} has all its tasks running, which`, RUNS_WITHIN_MS, async () => {
    const job = await rest.job(id);
    if (job.state === 'FINISHED' || areTasksRunning(job)) return true;
    const waited = performance.now() - startedAt;
    if (isEnded(job.state) || (job.state === 'RESTARTING' && waited > RUNS_WITHIN_MS / 3))
      throw new Failure(
        `job ${id} is ${job.state}: ${causesOf(await rest.failureOf(id)) || 'Flink gives no reason'}`,
      );
    return null;
  });
  const job = await jobOf(rest, control);
  if (job === null)
    throw new Failure(`job ${id} runs, but Flink does not say of which control topic`);
  return job;
}

function tell(job: Job, parallelism: number, { json }: StartOptions): void {
  if (json)
    console.log(
      JSON.stringify({ kind: 'job', id: job.jid, state: job.state, parallelism, ...job.marks }),
    );
  else
    console.log(
      `job ${job.jid} ${job.state === 'FINISHED' ? 'has run' : 'runs'}: ${levelsText(job.marks.levels)}, ${count(parallelism)} parts of each stage, delivery ${job.marks.delivery}`,
    );
}

function deliveryOf({ delivery = 'at-once' }: StartOptions): Delivery {
  const found = DELIVERIES.find((one) => one === delivery);
  if (found === undefined)
    throw new Failure(`--delivery is ${DELIVERIES.join(' or ')}, not ${delivery}`);
  return found;
}

function jarOf({ jobJar }: StartOptions): string {
  const jar = jobJar === undefined ? builtJob() : resolve(jobJar);
  if (jar === null)
    throw new Failure(
      'the job has not been built: weir flink up builds it, or mvn package in flink/; or name it with --job-jar',
    );
  if (!existsSync(jar)) throw new Failure(`${jar} is not there`);
  return jar;
}

/** As many parts as there are free slots, unless it is said. */
async function parallelismOf(
  rest: FlinkRest,
  { parallelism, resume, dryRun }: StartOptions,
): Promise<number> {
  const asked =
    parallelism === undefined ? null : wholeNumber('--parallelism', parallelism, 1, 128);
  // Those of a job that is gone are free a little later: Flink waits for them while the new one begins.
  const isNoneNeeded = dryRun === true || (resume === true && asked !== null);
  const slots = await freeSlots(rest, isNoneNeeded ? 0 : (asked ?? 1));
  return asked ?? Math.max(1, Math.min(slots, 128));
}

/** Task managers that have just begun, or whose job is just gone, are there a little later. */
async function freeSlots(rest: FlinkRest, needed: number): Promise<number> {
  const deadline = performance.now() + SLOTS_WITHIN_MS;
  for (;;) {
    const { 'slots-available': slots } = await rest.get<{ 'slots-available': number }>('/overview');
    if (slots >= needed) return slots;
    if (performance.now() > deadline)
      throw new Failure(
        `the cluster at ${rest.address} has ${slots} free slots, and the job needs ${needed}: end another job, or add task managers`,
      );
    await wait(500);
  }
}

function adjustedBy({ jobArgument = [] }: StartOptions): Record<string, string> {
  const adjusted = pairs('--job-argument', jobArgument);
  const names: readonly string[] = ADJUSTABLE;
  const unknown = Object.keys(adjusted).find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new Failure(
      `--job-argument: the job has no ${unknown} that can be set: ${names.join(', ')}`,
    );
  return adjusted;
}
