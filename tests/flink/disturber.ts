import { setTimeout as wait } from 'node:timers/promises';
import { answers } from '../../packages/cli/src/flink/free-ports.ts';
import type { Random } from '../engine/random.ts';
import type { Step, Victim } from './failure-plan.ts';
import type { JobWatch, Recovery } from './job-watch.ts';
import type { Operator } from './operator.ts';
import { killHard, type RelayedCluster } from './relayed-cluster.ts';

const CUT_MS = 60_000;
const REVIVED_AFTER_MS = 1000;
const RECOVERED_WITHIN_MS = 180_000;
/** Events must not be past it when the edit is told, also if it has to be told again. */
const EDIT_AHEAD_MS = 90_000;

export interface Disturbed {
  readonly what: string;
  /** Was it really at the moment that was meant? */
  readonly isAtMoment: boolean;
  /** null: it did not recover. */
  readonly recovery: Recovery | null;
}

/** Does to a cluster what a plan says, brings back what died, and says how long it took to be well again. */
export class Disturber {
  readonly #cluster: RelayedCluster;
  readonly #watch: JobWatch;
  readonly #operator: Operator;
  readonly #random: Random;

  constructor(cluster: RelayedCluster, watch: JobWatch, operator: Operator, random: Random) {
    this.#cluster = cluster;
    this.#watch = watch;
    this.#operator = operator;
    this.#random = random;
  }

  async do(step: Exclude<Step, { kind: 'delay' }>): Promise<Disturbed> {
    return step.kind === 'cut' ? this.#cut(step.relays) : this.#kill(step);
  }

  async #cut(relays: readonly string[]): Promise<Disturbed> {
    for (const name of relays) this.#cluster.relays.get(name)!.cut(CUT_MS);
    await wait(CUT_MS);
    const now = Date.now();
    // Without its job manager the job may be at its end, like one whose job manager has died.
    const recovery = await this.#watch.recovered(now, now, RECOVERED_WITHIN_MS);
    return { what: `cut ${relays.join(', ')}`, isAtMoment: true, recovery };
  }

  async #kill({ victim, moment }: Extract<Step, { kind: 'kill' }>): Promise<Disturbed> {
    let isAtMoment = true;
    let told: Promise<void> | null = null;
    if (moment === 'checkpoint') isAtMoment = await this.#watch.checkpointing(5000);
    if (moment === 'restore') {
      this.#killOne('engine');
      isAtMoment = await this.#watch.restoring(30_000);
    }
    if (moment === 'rule change') {
      this.#operator.edit(Date.now() + EDIT_AHEAD_MS);
      told = this.#operator.tell();
      told.catch(() => {});
      await wait(this.#random.between(800, 2500));
    }
    const killedAt = Date.now();
    const name = this.#killOne(victim);
    await this.#revive(victim, name);
    const resumed = victim === 'job-manager' ? this.#operator.resume() : null;
    resumed?.catch(() => {});
    // A job with nothing to write completes checkpoints without a broker, too.
    const begun = victim === 'kafka' ? Date.now() : killedAt;
    const recovery = await this.#watch.recovered(killedAt, begun, RECOVERED_WITHIN_MS);
    await resumed;
    await told;
    return { what: `kill ${name} (${moment})`, isAtMoment, recovery };
  }

  /** Gives the name of what was killed. */
  #killOne(victim: Victim): string {
    const { taskManagers } = this.#cluster;
    if (victim !== 'engine' && victim !== 'task-manager') {
      this.#cluster.kill(victim);
      return victim;
    }
    // Those that have work.
    const working = taskManagers.filter((name) => this.#cluster.enginesOf(name).length > 0);
    const manager = this.#random.of(working.length > 0 ? working : taskManagers);
    if (victim === 'task-manager') {
      this.#cluster.kill(manager);
      return manager;
    }
    const engines = this.#cluster.enginesOf(manager);
    if (engines.length > 0) killHard(this.#random.of(engines));
    return `engine of ${manager}`;
  }

  /** What was killed is started again, and listens. Engines are their task managers' business. */
  async #revive(victim: Victim, name: string): Promise<void> {
    if (victim === 'engine') return;
    await wait(REVIVED_AFTER_MS);
    this.#cluster.revive(name);
    const { kafka } = this.#cluster.facts.ports;
    while (victim === 'kafka' && !(await answers(kafka))) await wait(100);
    while (victim === 'job-manager' && (await this.#watch.overview()) === null) await wait(100);
  }
}
