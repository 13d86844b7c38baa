import { setTimeout as wait } from 'node:timers/promises';
import type {
  Change,
  Counts,
  FrameFromEngine,
  FrameToEngine,
  LimitsPlan,
  Park,
  ParkFrame,
  ParkPlace,
  Plan,
} from '@weir/core';
import { Lanes, type Refill, type Supervisor } from '@weir/runtime';
import { Fairness } from '../fairness.ts';
import { parkText } from './park-text.ts';
import { appendPark, parkedOf, readParks, type ParkRecord } from './parks-file.ts';

export interface RuleParksOptions {
  /** What the engine is given at its beginning. */
  readonly changes: readonly Change[];
  readonly plan: Plan;
  /** The file in which parks are kept from run to run. */
  readonly file: string | undefined;
  /** The run follows its input: rules can be brought back while it goes on. */
  readonly isLive: boolean;
  /** Rules that take more of a processor than this part are deferred; null: live runs decide when they fall behind. */
  readonly deferShare: number | null;
  readonly notice: (text: string) => void;
  /** Sends the engine a frame, in turn. */
  readonly send: (frame: FrameToEngine) => Promise<void>;
  /** What lanes give goes where the engine's goes. */
  readonly onFrame: (frame: FrameFromEngine) => void;
  /** Where the frame at hand begins in the input; null: it has no records. */
  readonly placeHere: () => ParkPlace | null;
  readonly refillHere: () => Refill | null;
  /** Rules and limits as they are written now; null: they cannot be read. */
  readonly reload: () => { readonly plan: Plan; readonly limits: LimitsPlan | undefined } | null;
}

/** The file is looked at so often: a release holds well within a second. */
const LOOK_EVERY_MS = 250;

/** What becomes of rules that break limits, or hold up the others, in one run. */
export class RuleParks {
  readonly #options: RuleParksOptions;
  readonly #fairness: Fairness | null;
  readonly #kept: ParkRecord[];
  #linesSeen = 0;
  #lanes!: Lanes;
  #supervisor!: Supervisor;
  /** No park can be sent any more. */
  #isEnding = false;
  /** What could not be caught up, and why. */
  readonly lost = new Map<string, string>();

  constructor(options: RuleParksOptions) {
    this.#options = options;
    const { file, isLive, deferShare } = options;
    const lines = file === undefined ? [] : readParks(file);
    this.#linesSeen = lines.length;
    this.#kept = parkedOf(lines);
    this.#fairness = isLive || deferShare !== null ? new Fairness({ share: deferShare }) : null;
  }

  /** Parks of earlier runs that hold for the rules as they are: a new version is not parked. */
  get atStart(): ParkFrame[] {
    const versions = new Map(this.#options.plan.rules.map(({ id, version }) => [id, version]));
    return this.#kept
      .filter(({ rule, version }) => versions.get(rule) === version)
      .map(({ rule, reason, from, clause }) => ({
        type: 'park',
        rules: [rule],
        reason,
        from,
        ...(clause === null ? {} : { clause }),
      }));
  }

  attach(supervisor: Supervisor): void {
    const { changes, plan, isLive, onFrame, notice, refillHere } = this.#options;
    this.#supervisor = supervisor;
    this.#lanes = new Lanes({
      main: supervisor,
      changes,
      plan,
      ordered: this.atStart,
      isReleasable: isLive,
      onFrame,
      onParked: (parks, again) => this.#parked(parks, again),
      onCaughtUp: (rules) => {
        for (const rule of rules) notice(`caught up: ${this.#nameOf(rule)}`);
      },
      onLost: (rules, why) => {
        for (const rule of rules) {
          this.lost.set(rule, why);
          notice(`${this.#nameOf(rule)} cannot be caught up: ${why}`);
        }
      },
      onNotice: notice,
      refillHere,
    });
  }

  /** Everything that the engine gives. */
  take(frame: FrameFromEngine): void {
    this.#lanes.take(frame);
    if (frame.type === 'done') this.#defer(frame.counts);
  }

  #defer({ rules }: Counts): void {
    if (this.#fairness === null || this.#isEnding) return;
    const { busyMs } = this.#supervisor;
    const deferral = this.#fairness.next({ now: performance.now(), busyMs, rules });
    if (deferral === null) return;
    const message = `${Math.round(deferral.share * 100)} % of one`;
    const reason = { limit: 'deferred', message } as const;
    this.#options
      .send({ type: 'park', rules: [deferral.rule], reason, from: null })
      // An engine that cannot go on is told by who feeds it.
      .catch(() => {});
  }

  #parked(parks: readonly Park[], again: boolean): void {
    const { file, notice } = this.#options;
    const records = parks.map((park) => ({
      ...park,
      from: park.from ?? this.#options.placeHere(),
    }));
    this.#options.onFrame({ type: 'parked', parks: records });
    const waiting = records
      .filter(({ reason }) => reason.limit === 'level')
      .map(({ rule }) => rule);
    for (const park of records) {
      const isKnown =
        !again &&
        this.#kept.some(({ rule, version }) => rule === park.rule && version === park.version);
      const text = parkText(park, this.#nameOf(park.rule), file);
      notice(isKnown ? `still ${text.join('\n')}` : text.join('\n'));
      if (file === undefined || isKnown || !isKept(park)) continue;
      appendPark(file, { kind: 'park', recordedAt: new Date().toISOString(), ...park, waiting });
    }
  }

  #nameOf(id: string): string {
    return this.#options.plan.rules.find((rule) => rule.id === id)?.name ?? id;
  }

  /** Looks whether somebody brings rules back, until `signal` says enough. */
  async watch(signal: AbortSignal): Promise<void> {
    const { file } = this.#options;
    if (file === undefined) return;
    while (!signal.aborted) {
      await wait(LOOK_EVERY_MS, undefined, { signal }).catch(() => {});
      const lines = readParks(file);
      const news = lines.slice(this.#linesSeen);
      this.#linesSeen = lines.length;
      const released = news.filter(({ kind }) => kind === 'release').map(({ rule }) => rule);
      if (released.length > 0) this.#release(released);
    }
  }

  #release(rules: readonly string[]): void {
    const now = this.#options.reload();
    const back = this.#lanes.release(rules, now?.plan ?? this.#options.plan, now?.limits);
    this.#tellReleased(back);
  }

  #tellReleased(rules: readonly string[]): void {
    if (rules.length === 0) return;
    this.#options.onFrame({ type: 'released', rules });
    for (const rule of rules)
      this.#options.notice(`released: ${this.#nameOf(rule)}; it is caught up beside the others`);
  }

  /** What the engine is to be told of an edit: what it has parked is left to lanes. */
  edited(plan: Plan): Plan {
    return this.#lanes.edited(plan);
  }

  /** New versions of parked rules are caught up from where the old ones stopped. */
  takeOver(plan: Plan, limits: LimitsPlan | undefined): void {
    const news = this.#lanes.parked.filter(({ rule, version }) =>
      plan.rules.some((one) => one.id === rule && one.version !== version),
    );
    const back = this.#lanes.release(
      news.map(({ rule }) => rule),
      plan,
      limits,
    );
    this.#tellReleased(back);
    this.#lanes.follow(plan);
    const { file } = this.#options;
    if (file === undefined) return;
    const recordedAt = new Date().toISOString();
    for (const { rule, version } of news)
      appendPark(file, { kind: 'release', recordedAt, rule, version });
  }

  /** The engine's counts, with those of lanes for what they run. */
  counted(counts: Counts): Counts {
    return { ...counts, rules: this.#lanes.counted(counts.rules) };
  }

  get parked(): Park[] {
    return this.#lanes.parked;
  }

  get inLanes(): { readonly rule: string; readonly isCaughtUp: boolean }[] {
    return this.#lanes.inLanes;
  }

  /** The engine has been given all; what was deferred goes on to the end. */
  async finish(): Promise<void> {
    this.#isEnding = true;
    const behind = this.#lanes.inLanes.filter(({ isCaughtUp }) => !isCaughtUp);
    if (behind.length > 0)
      this.#options.notice(
        `the other rules are done; ${behind.map(({ rule }) => this.#nameOf(rule)).join(', ')} goes on to the end`,
      );
    await this.#lanes.finish();
  }

  /** The program ends now. */
  abandon(): void {
    this.#lanes.abandon();
  }

  async stop(): Promise<void> {
    this.#isEnding = true;
    await this.#lanes.stop();
  }
}

/** Another run finds for itself who waits for whom. */
const isKept = ({ reason }: Park): boolean => reason.limit !== 'level';
