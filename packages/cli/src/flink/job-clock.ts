import type { FlinkRest, JobVertex, Metric } from './flink-rest.ts';
import type { Job } from './jobs.ts';

/** How the job calls what it measures. */
export const METRICS = {
  /** The least time that any rule of a part has come to, ms; not a number before the first event. */
  clock: 'weir_clock',
  /** The highest time that any event of a part has come to, ms. */
  newest: 'weir_newest',
  read: 'weir_read',
  /** Of Flink's connector: what waits in the topics. */
  behind: 'pendingRecords',
} as const;

/** The stage that reads logs: only its clock is of their events alone. */
const MATCH = 'match';

/** The highest clock of the parts that read logs, ms; null: none has said so. Events may be ahead of it by their bounds. */
export async function clockOf(rest: FlinkRest, job: Job): Promise<number | null> {
  const stage = job.vertices.filter(({ name }) => name === MATCH);
  const times = (await metricValues(rest, job, stage, METRICS.clock)).filter(Number.isFinite);
  return times.length === 0 ? null : Math.max(...times);
}

/** The highest time that any event has come to, ms; null: none has been read. */
export async function newestOf(rest: FlinkRest, job: Job): Promise<number | null> {
  const stage = job.vertices.filter(({ name }) => name === MATCH);
  const times = (await metricValues(rest, job, stage, METRICS.newest)).filter(Number.isFinite);
  return times.length === 0 ? null : Math.max(...times);
}

/** A sum over all subtasks; null: nobody has said. */
export async function metricSum(rest: FlinkRest, job: Job, name: string): Promise<number | null> {
  const values = await metricValues(rest, job, job.vertices, name);
  const numbers = values.filter((value) => Number.isFinite(value) && value >= 0);
  return numbers.length === 0 ? null : numbers.reduce((sum, value) => sum + value, 0);
}

/** What the subtasks of vertices say under a name, whatever stands before it. */
async function metricValues(
  rest: FlinkRest,
  job: Job,
  vertices: readonly JobVertex[],
  name: string,
): Promise<number[]> {
  const found = await Promise.all(
    vertices.map(async ({ id }) => {
      const path = `/jobs/${job.jid}/vertices/${id}/metrics`;
      const all = await rest.get<readonly Metric[]>(path);
      const ids = all.map((one) => one.id).filter((one) => one.split('.').at(-1) === name);
      if (ids.length === 0) return [];
      return rest.get<readonly Metric[]>(`${path}?get=${ids.map(encodeURIComponent).join(',')}`);
    }),
  );
  return found.flat().map(({ value }) => (value === undefined ? Number.NaN : Number(value)));
}
