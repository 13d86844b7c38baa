import { Failure } from '../failure.ts';
import { FlinkRefused, type FlinkRest, type JobDetails, type JobState } from './flink-rest.ts';

/** How a job is called in Flink: by its control topic, since there is one job for each. */
export const jobName = (control: string): string => `weir ${control}`;

/** What of its arguments a job shows in Flink, where it can be asked for as long as the job is known. */
export interface JobMarks {
  readonly control: string;
  readonly controlBase: number;
  readonly levels: number;
  readonly delivery: string;
}

/** As Flink's setting of global parameters: name:value, with commas. Names of topics have neither. */
export const marksText = ({ control, controlBase, levels, delivery }: JobMarks): string =>
  `weir.control:${control},weir.control.base:${controlBase},weir.levels:${levels},weir.delivery:${delivery}`;

export interface Job extends JobDetails {
  readonly marks: JobMarks;
}

const ENDED: readonly JobState[] = ['FAILED', 'CANCELED', 'FINISHED'];

export const isEnded = (state: JobState): boolean => ENDED.includes(state);

/** The job of a control topic: the one that runs, else the one that ran last; null: none that the cluster remembers. */
export async function jobOf(rest: FlinkRest, control: string): Promise<Job | null> {
  const { jobs } = await rest.get<{
    jobs: readonly { jid: string; state: JobState; 'start-time': number }[];
  }>('/jobs/overview');
  const newestFirst = jobs.toSorted(
    (a, b) =>
      Number(isEnded(a.state)) - Number(isEnded(b.state)) || b['start-time'] - a['start-time'],
  );
  for (const { jid } of newestFirst) {
    const marks = await marksOf(rest, jid);
    if (marks?.control === control) return { ...(await rest.job(jid)), marks };
  }
  return null;
}

/** Null: it is no job of Weir's, or Flink knows it no more. */
async function marksOf(rest: FlinkRest, id: string): Promise<JobMarks | null> {
  let given: Record<string, string>;
  try {
    const config = await rest.get<{
      'execution-config'?: { 'user-config'?: Record<string, string> };
    }>(`/jobs/${id}/config`);
    given = config['execution-config']?.['user-config'] ?? {};
  } catch (error) {
    if (error instanceof FlinkRefused) return null;
    throw error;
  }
  const control = given['weir.control'];
  if (control === undefined) return null;
  return {
    control,
    controlBase: Number(given['weir.control.base']),
    levels: Number(given['weir.levels']),
    delivery: given['weir.delivery'] ?? '',
  };
}

/** The job that runs. Fails if there is none. */
export async function runningJobOf(rest: FlinkRest, control: string): Promise<Job> {
  const job = await jobOf(rest, control);
  if (job === null || isEnded(job.state))
    throw new Failure(
      `no job of control topic ${control} runs at ${rest.address}${job === null ? '' : ` (the last one is ${job.state})`}; weir flink submit starts one`,
    );
  return job;
}

/** All tasks run: a job says that it runs long before they do. */
export const areTasksRunning = ({ state, vertices }: JobDetails): boolean =>
  state === 'RUNNING' &&
  vertices.every(
    ({ parallelism, tasks }) => (tasks['RUNNING'] ?? 0) + (tasks['FINISHED'] ?? 0) === parallelism,
  );
