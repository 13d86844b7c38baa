import { EXIT } from '../failure.ts';
import { paintFor } from '../paint.ts';
import type { FlinkRest } from './flink-rest.ts';
import { causesOf } from './flink-rest.ts';
import { readControl } from './control-topic.ts';
import { clockOf, METRICS, metricSum } from './job-clock.ts';
import { jobOf, type Job } from './jobs.ts';
import { newestFaults } from './newest-faults.ts';
import { withPlace, type Place, type PlaceOptions } from './place.ts';
import { ruleStandings } from './rule-standings.ts';
import { statusText, type JobStatus, type CheckpointStatus } from './status-text.ts';

const FAULTS_SHOWN = 5;

/** `weir flink status`: how the job is. Exit code 1 if it does not run. */
export async function status(options: PlaceOptions & { readonly json?: boolean }): Promise<number> {
  return withPlace(options, async (place) => {
    const found = await statusOf(place);
    if (options.json) console.log(JSON.stringify({ kind: 'status', ...found }));
    else console.log(statusText(found, paintFor(process.stdout)));
    return found.state === 'RUNNING' ? EXIT.ok : EXIT.errors;
  });
}

async function statusOf(place: Place): Promise<JobStatus> {
  const { kafka, rest, names } = place;
  const there = await kafka.admin((admin) => admin.listTopics());
  const has = (topic: string): boolean => there.includes(topic);
  const [job, entries] = await Promise.all([
    jobOf(rest, names.control),
    has(names.control) ? readControl(kafka, names.control).then((found) => found.entries) : [],
  ]);
  const faults = has(names.faults) ? await newestFaults(kafka, names.faults, FAULTS_SHOWN) : [];
  const base = job?.marks.controlBase ?? Infinity;
  const common = { control: names.control, rest: rest.address, faults };
  if (job === null) return { ...common, ...NO_JOB, rules: ruleStandings(entries, base, null) };
  const [facts, clock] = await Promise.all([factsOf(rest, job), clockOf(rest, job)]);
  return { ...common, ...facts, clock, rules: ruleStandings(entries, base, clock) };
}

const NO_JOB = {
  job: null,
  state: null,
  levels: null,
  delivery: null,
  runningMs: null,
  tasks: {},
  restarts: null,
  failure: null,
  checkpoints: null,
  read: null,
  behind: null,
  clock: null,
} as const;

async function factsOf(
  rest: FlinkRest,
  job: Job,
): Promise<Omit<JobStatus, 'control' | 'rest' | 'faults' | 'rules' | 'clock'>> {
  const [restarts, checkpoints, failure, read, behind] = await Promise.all([
    jobMetric(rest, job, 'numRestarts'),
    checkpointsOf(rest, job),
    rest.failureOf(job.jid),
    metricSum(rest, job, METRICS.read),
    metricSum(rest, job, METRICS.behind),
  ]);
  const tasks: Record<string, number> = {};
  for (const vertex of job.vertices)
    for (const [state, number] of Object.entries(vertex.tasks))
      if (number > 0) tasks[state] = (tasks[state] ?? 0) + number;
  return {
    job: job.jid,
    state: job.state,
    levels: job.marks.levels,
    delivery: job.marks.delivery,
    runningMs: job.duration,
    tasks,
    restarts,
    failure: failure === '' ? null : causesOf(failure).slice(0, 500),
    checkpoints,
    read,
    behind,
  };
}

async function jobMetric(rest: FlinkRest, job: Job, name: string): Promise<number | null> {
  const [found] = await rest.get<readonly { value?: string }[]>(
    `/jobs/${job.jid}/metrics?get=${name}`,
  );
  return found?.value === undefined ? null : Number(found.value);
}

async function checkpointsOf(rest: FlinkRest, job: Job): Promise<CheckpointStatus | null> {
  const { counts, latest } = await rest.get<{
    counts?: { completed: number; failed: number };
    latest?: {
      completed?: {
        state_size: number;
        end_to_end_duration: number;
        latest_ack_timestamp: number;
        external_path?: string;
      } | null;
    };
  }>(`/jobs/${job.jid}/checkpoints`);
  if (counts === undefined) return null;
  const last = latest?.completed ?? null;
  return {
    completed: counts.completed,
    failed: counts.failed,
    last:
      last === null
        ? null
        : {
            at: last.latest_ack_timestamp,
            bytes: last.state_size,
            tookMs: last.end_to_end_duration,
            path: last.external_path ?? null,
          },
  };
}
