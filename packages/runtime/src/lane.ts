// Promises of this file (held by lanes.test.ts and tests/parked-rules.test.ts):
//   L1  A lane hands on what its rules would have given from its point on, once each, and nothing of other rules.
//   L2  What was handed on before the point is not handed on again.
import type {
  AlertChange,
  Change,
  FrameFromEngine,
  FrameToEngine,
  Park,
  ParkFrame,
  ParkReason,
  Plan,
  ResultChange,
} from '@weir/core';
import { Supervisor, type RecordedPoint } from './supervisor.ts';

/** Lanes take what processor time others leave. */
const NICENESS = 19;

const LEFT_OUT: ParkReason = {
  limit: 'asked',
  message: 'another engine process runs this rule',
};

export type Given = ResultChange | AlertChange;

export interface LaneOptions {
  /** What the engine that the rules were parked in was given at its beginning; limits may differ. */
  readonly changes: readonly Change[];
  readonly point: RecordedPoint;
  /** What the frame `point.to` had given of the rules when they were parked in its midst. */
  readonly given: readonly Given[];
  /** Rules whose results are handed on. */
  readonly rules: ReadonlySet<string>;
  /** Rules that run: these, and those whose results they read. All others stand still. */
  readonly running: ReadonlySet<string>;
  readonly standing: readonly string[];
  /** Parks of the rules that the point's checkpoint may know of before they are reached: they do not hold here. */
  readonly ordered: readonly ParkFrame[];
  /** New versions of the rules, which take over at a frame; null: they are as they were. */
  readonly edit: Edit | null;
  /** What the lane's rules gave, as the engine's own frames. */
  readonly onFrame: (frame: FrameFromEngine) => void;
  /** Rules of the lane were parked again, and where they can be gone on from. */
  readonly onParked: (parks: readonly Park[], stand: LaneStand) => void;
  readonly onNotice: (text: string) => void;
  readonly onCaughtUp: () => void;
  /** As for the engine that the rules were parked in. */
  readonly engine?: string;
}

/** Gives what came before a frame again, for versions that begin anew. */
export type Refill = (send: (frame: FrameToEngine) => Promise<void>) => Promise<void>;

export interface Edit {
  readonly plan: Plan;
  /** The frame before which they take over. */
  readonly at: number;
  /** For events from when on; null: from behind all that were seen. */
  readonly activeFrom: number | null;
  /** null: what came before is gone. */
  readonly refill: Refill | null;
}

/** Where a lane is: from here another one could go on. */
export interface LaneStand {
  readonly point: RecordedPoint;
  readonly given: readonly Given[];
}

/** A new version that is to meet all events, however old, is active from before all times. */
export const ALWAYS = -8.64e15;

/**
 * Catches rules up: another engine process that is given the recorded frames from a point before, at its own pace, and
 * goes on with its rules until the recording ends.
 */
export class Lane {
  readonly #options: LaneOptions;
  readonly #supervisor: Supervisor;
  readonly #before: ReadonlySet<string>;
  /** Numbers of the frames that are on their way. */
  readonly #sent: number[] = [];
  #current: Given[] = [];
  readonly #parks: Park[] = [];
  #next: number;
  #plan: Plan;
  #isCaughtUp = false;
  #isWarming = false;
  readonly #edits: Edit[];
  readonly #stop = Promise.withResolvers<false>();
  #isStopped = false;

  constructor(options: LaneOptions) {
    this.#options = options;
    const { changes, point, standing, onNotice, engine } = options;
    this.#next = point.from;
    this.#edits = options.edit === null ? [] : [options.edit];
    this.#plan = planAt(changes, point);
    this.#before = new Set(options.given.map(nameOf));
    this.#supervisor = new Supervisor({
      changes,
      parks:
        standing.length === 0
          ? []
          : [{ type: 'park', rules: standing, reason: LEFT_OUT, from: null }],
      begin: point,
      recording: point.recording,
      niceness: NICENESS,
      onNotice,
      onFrame: (frame) => this.#take(frame),
      ...(engine === undefined ? {} : { engine }),
    });
  }

  /** The oldest frame that the lane may have to be given again. */
  get needs(): number {
    return this.#supervisor.keptFrom ?? this.#next;
  }

  get isCaughtUp(): boolean {
    return this.#isCaughtUp;
  }

  get pid(): number | undefined {
    return this.#supervisor.pid;
  }

  /**
   * Runs to the end of the recording, or until `stop`. false: the recording was given up before it was read, or the lane
   * was stopped. Throws EngineFailed.
   */
  async run(): Promise<boolean> {
    const { recording } = this.#options.point;
    try {
      await this.#supervisor.start();
      await this.#liftOrders();
      while (await Promise.race([recording.reaches(this.#next), this.#stop.promise])) {
        if (this.#isStopped) break;
        for (const edit of this.#edits) if (this.#next === edit.at) await this.#takeOver(edit);
        await this.#give(this.#next);
        this.#next++;
        if (!this.#isCaughtUp && this.#next === recording.end) await this.#lookWhetherCaughtUp();
      }
      if (this.#isStopped || recording.isGivenUp) return false;
      await this.#supervisor.settled();
      return true;
    } catch (error) {
      if (this.#isStopped) return false;
      this.#fellAt = this.#stand();
      throw error;
    } finally {
      await this.#supervisor.close();
    }
  }

  /** New versions of the rules, which take over when the lane comes to where they were saved. */
  edit(edit: Edit): void {
    this.#edits.push(edit);
  }

  /** The newest version of a rule that the lane knows of. */
  versionOf(rule: string): string | undefined {
    const plans = [this.#plan, ...this.#edits.map(({ plan }) => plan)];
    return plans.flatMap(({ rules }) => rules).findLast(({ id }) => id === rule)?.version;
  }

  /** Where the lane was when it could not go on; null: it can. */
  get fellAt(): LaneStand | null {
    return this.#fellAt;
  }

  #fellAt: LaneStand | null = null;

  /** The program ends now. */
  abandon(): void {
    this.#supervisor.abandon();
  }

  /** At once, whatever is on its way. */
  stop(): void {
    this.#isStopped = true;
    this.#stop.resolve(false);
    this.#supervisor.kill();
  }

  /** An order behind another of the same place undoes it there. */
  async #liftOrders(): Promise<void> {
    if (this.#options.point.checkpoint === null) return;
    for (const { rules, from } of this.#options.ordered) {
      this.#sent.push(this.#next);
      await this.#supervisor.send({ type: 'release', rules, from }, null, this.#next);
    }
  }

  async #give(number: number): Promise<void> {
    const { recording } = this.#options.point;
    const frame = this.#forLane(await recording.frame(number), number);
    if (frame === null) return;
    this.#sent.push(number);
    const again = async (): Promise<FrameToEngine> => recording.frame(number);
    await this.#supervisor.send(frame, frame.type === 'edit' ? null : again, number);
  }

  /** What the lane is given of a frame; null: nothing. */
  #forLane(frame: FrameToEngine, number: number): FrameToEngine | null {
    // What another engine was told to leave out is what this one is for.
    if (frame.type === 'park' || frame.type === 'release') return null;
    if (frame.type !== 'edit') return frame;
    const plan = this.#edited(frame.plan, number);
    return plan === null ? null : { ...frame, plan };
  }

  /**
   * Of other rules only those that the lane's rules read follow an edit; the lane's own do until they were parked. null: it
   * changes nothing here.
   */
  #edited({ rules }: Plan, number: number): Plan | null {
    const { running, rules: own, point } = this.#options;
    const follows = (id: string): boolean => running.has(id) && (number < point.to || !own.has(id));
    const known = new Set(this.#plan.rules.map(({ id }) => id));
    const next = [
      ...this.#plan.rules.flatMap((old) => {
        if (!follows(old.id)) return [old];
        const edited = rules.find(({ id }) => id === old.id);
        return edited === undefined ? [] : [edited];
      }),
      ...rules.filter(({ id }) => follows(id) && !known.has(id)),
    ];
    const isSame =
      next.length === this.#plan.rules.length &&
      next.every(({ version }, i) => version === this.#plan.rules[i]!.version);
    if (isSame) return null;
    this.#plan = { ...this.#plan, rules: next };
    return this.#plan;
  }

  async #takeOver({ plan, activeFrom, refill }: Edit): Promise<void> {
    const { rules } = this.#options;
    this.#isWarming = false;
    const send = async (frame: FrameToEngine): Promise<void> => {
      this.#sent.push(this.#next);
      await this.#supervisor.send(frame, null, this.#next);
    };
    const next = new Map(plan.rules.map((rule) => [rule.id, rule]));
    this.#plan = {
      ...this.#plan,
      rules: this.#plan.rules.map((old) => (rules.has(old.id) ? (next.get(old.id) ?? old) : old)),
    };
    await send({ type: 'edit', plan: this.#plan, activeFrom });
    await this.#supervisor.settled();
    if (!this.#isWarming || refill === null) return;
    await refill(send);
    await send({ type: 'refilled' });
  }

  async #lookWhetherCaughtUp(): Promise<void> {
    await this.#supervisor.settled();
    if (this.#next !== this.#options.point.recording.end) return;
    this.#isCaughtUp = true;
    this.#options.onCaughtUp();
  }

  #take(frame: FrameFromEngine): void {
    if (this.#isStopped) return;
    if (frame.type === 'edited')
      this.#isWarming ||= frame.rules.some(({ change }) => change === 'warming');
    const own = this.#own(frame);
    // What a frame gave is known when it is done: only then can others go on from it.
    if (own?.type === 'parked') this.#parks.push(...own.parks);
    else if (own !== null) this.#options.onFrame(own);
    if (frame.type !== 'done') return;
    if (this.#parks.length > 0) this.#options.onParked(this.#parks.splice(0), this.#stand());
    this.#sent.shift();
    this.#current = [];
  }

  /** Where the lane stands in the frame whose outcome is being handed on. */
  #stand(): LaneStand {
    const { point, given } = this.#options;
    const recorded = this.#supervisor.recordHere();
    // The recording may be longer than what the lane has been given.
    const here = {
      ...recorded,
      from: Math.min(recorded.from, this.#next),
      to: Math.min(recorded.to, this.#next),
    };
    if (here.to < point.to) return { point: { ...here, to: point.to }, given };
    const before = here.to === point.to ? given : [];
    return { point: here, given: [...before, ...this.#current] };
  }

  /** What of a frame is the lane's to hand on; null: nothing. */
  #own(frame: FrameFromEngine): FrameFromEngine | null {
    const { rules } = this.#options;
    const isOwn = (rule: string): boolean => rules.has(rule);
    switch (frame.type) {
      case 'results': {
        const changes = frame.changes.filter((one) => isOwn(one.result.rule) && this.#isNew(one));
        return changes.length > 0 ? { ...frame, changes } : null;
      }
      case 'alerts': {
        const changes = frame.changes.filter((one) => isOwn(one.alert.rule) && this.#isNew(one));
        return changes.length > 0 ? { ...frame, changes } : null;
      }
      case 'errors': {
        if ((this.#sent[0] ?? 0) <= this.#options.point.to) return null;
        const errors = frame.errors.filter((one) => one.rules.some(isOwn));
        return errors.length > 0 ? { ...frame, errors } : null;
      }
      case 'parked': {
        const parks = frame.parks.filter((park) => isOwn(park.rule) && !this.#isLifted(park));
        return parks.length > 0 ? { ...frame, parks } : null;
      }
      case 'done':
        return {
          ...frame,
          counts: { ...frame.counts, rules: frame.counts.rules.filter(({ rule }) => isOwn(rule)) },
        };
      default:
        return null;
    }
  }

  #isLifted({ rule, reason }: Park): boolean {
    return this.#options.ordered.some(
      (order) =>
        (order.rules.includes(rule) && JSON.stringify(order.reason) === JSON.stringify(reason)) ||
        (reason.limit === 'level' && order.rules.some((id) => reason.message.includes(id))),
    );
  }

  #isNew(change: Given): boolean {
    const number = this.#sent[0] ?? -1;
    const { to } = this.#options.point;
    if (number < to || (number === to && this.#before.has(nameOf(change)))) return false;
    this.#current.push(change);
    return true;
  }
}

/** The rules in force at the point's checkpoint. */
function planAt(changes: readonly Change[], { edits }: RecordedPoint): Plan {
  const edit = edits.findLast((one) => one.type === 'edit');
  if (edit !== undefined && edit.type === 'edit') return edit.plan;
  const first = changes.findLast(({ kind }) => kind === 'rules');
  return first?.kind === 'rules' ? first.plan : { format: 1, rules: [] };
}

/** Two changes of one name say the same. */
const nameOf = (given: Given): string =>
  'result' in given
    ? `result ${given.result.id} ${given.change} ${given.revision}`
    : `alert ${given.alert.handle} ${given.change} ${given.revision}`;
