import { Worker } from 'node:worker_threads';
import type { TrafficNews, TrafficPlan } from './login-traffic.ts';
import type { LoginStream } from './logins.ts';

/** The thread that writes logins as time goes by. */
export class Traffic {
  readonly #worker: Worker;
  readonly #whole: Promise<LoginStream>;
  sent = 0;
  lateMs = 0;

  constructor(plan: TrafficPlan) {
    this.#worker = new Worker(new URL('./login-traffic.ts', import.meta.url), { workerData: plan });
    this.#whole = new Promise((resolve, reject) => {
      this.#worker.on('message', ({ sent, lateMs, whole }: TrafficNews) => {
        this.sent = sent;
        this.lateMs = Math.round(lateMs);
        if (whole !== null) resolve(whole);
      });
      this.#worker.once('error', reject);
    });
    this.#whole.catch(() => {});
  }

  /** Ends the stream. Gives what it was, when all of it is written. */
  stop(closesAfterMs: number): Promise<LoginStream> {
    this.#worker.postMessage(closesAfterMs);
    return this.#whole;
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}
