import { setTimeout as wait } from 'node:timers/promises';
import { FlinkRest } from '../../packages/cli/src/flink/flink-rest.ts';
import { METRICS, metricSum } from '../../packages/cli/src/flink/job-clock.ts';
import { areTasksRunning, isEnded, jobOf, type Job } from '../../packages/cli/src/flink/jobs.ts';

interface Checkpoints {
  readonly counts: { readonly in_progress: number };
  readonly latest: {
    readonly completed: null | {
      readonly trigger_timestamp: number;
      readonly end_to_end_duration: number;
      readonly state_size: number;
    };
  };
}

/** Looks at the job of a control topic, and takes no answer for the answer that nothing runs. */
export class JobWatch {
  readonly #rest: FlinkRest;
  readonly #control: string;

  constructor(rest: string, control: string) {
    this.#rest = new FlinkRest(rest);
    this.#control = control;
  }

  async job(): Promise<Job | null> {
    try {
      const job = await jobOf(this.#rest, this.#control);
      return job === null || isEnded(job.state) ? null : job;
    } catch {
      return null;
    }
  }

  async checkpoints(id: string): Promise<Checkpoints | null> {
    try {
      return await this.#rest.get<Checkpoints>(`/jobs/${id}/checkpoints`);
    } catch {
      return null;
    }
  }

  /** Slots that are free and task managers that are there. */
  async overview(): Promise<{ slots: number; taskManagers: number } | null> {
    try {
      const found = await this.#rest.get<{ 'slots-available': number; taskmanagers: number }>(
        '/overview',
      );
      return { slots: found['slots-available'], taskManagers: found.taskmanagers };
    } catch {
      return null;
    }
  }

  /** Has a checkpoint begun, and waits until it has. False: none did within the time. */
  async checkpointing(withinMs: number): Promise<boolean> {
    const deadline = Date.now() + withinMs;
    const job = await this.job();
    if (job === null) return false;
    await this.#rest.post(`/jobs/${job.jid}/checkpoints`, {}).catch(() => {});
    while (Date.now() < deadline) {
      if (((await this.checkpoints(job.jid))?.counts.in_progress ?? 0) > 0) return true;
      await wait(10);
    }
    return false;
  }

  /** Records that the job has not read yet, as far as it says. */
  async behind(): Promise<number> {
    const job = await this.job();
    if (job === null) return Number.NaN;
    return (await metricSum(this.#rest, job, METRICS.behind).catch(() => null)) ?? Number.NaN;
  }

  /** Some task is about to be given its state. False: none was within the time. */
  async restoring(withinMs: number): Promise<boolean> {
    const deadline = Date.now() + withinMs;
    while (Date.now() < deadline) {
      const job = await this.job();
      if (job?.vertices.some(({ tasks }) => (tasks['INITIALIZING'] ?? 0) > 0)) return true;
      await wait(50);
    }
    return false;
  }

  /**
   * Waits until all tasks run and a checkpoint is complete that began after `begun`. Gives how long after `since` each was
   * so, or null if it took too long.
   */
  async recovered(since: number, begun: number, withinMs: number): Promise<Recovery | null> {
    let runningAt = 0;
    while (Date.now() < begun + withinMs) {
      const job = await this.job();
      const isRunning = job !== null && areTasksRunning(job);
      // A job that has not noticed yet says that it runs: only what runs at the end counts.
      if (!isRunning) runningAt = 0;
      else if (runningAt === 0) runningAt = Date.now();
      const latest = isRunning ? (await this.checkpoints(job.jid))?.latest.completed : null;
      if (latest != null && latest.trigger_timestamp > begun)
        return {
          runningMs: runningAt - since,
          checkpointMs: latest.trigger_timestamp + latest.end_to_end_duration - since,
          stateBytes: latest.state_size,
        };
      await wait(200);
    }
    return null;
  }
}

export interface Recovery {
  readonly runningMs: number;
  readonly checkpointMs: number;
  readonly stateBytes: number;
}
