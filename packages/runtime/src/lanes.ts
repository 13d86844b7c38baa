import { readsResultsOf } from '@weir/core/plan/reading.ts';
import type {
  Change,
  FrameFromEngine,
  LimitsPlan,
  LimitValues,
  Park,
  ParkFrame,
  Plan,
  RuleCounts,
} from '@weir/core';
import { ALWAYS, Lane, type Edit, type Given, type LaneStand, type Refill } from './lane.ts';
import type { Recording } from './recording.ts';
import type { Supervisor } from './supervisor.ts';

export interface LanesOptions {
  /** The engine in whose place lanes run rules. */
  readonly main: Supervisor;
  /** What it was given at its beginning. */
  readonly changes: readonly Change[];
  readonly plan: Plan;
  /** Parks that the engine was told of at its beginning. */
  readonly ordered: readonly ParkFrame[];
  /** Rules may be brought back while it runs: what it is given is kept from a park on. */
  readonly isReleasable: boolean;
  /** What lanes give, to be handed on like what the engine gives. */
  readonly onFrame: (frame: FrameFromEngine) => void;
  /** Rules were parked: `again` by a lane that was catching them up. */
  readonly onParked: (parks: readonly Park[], again: boolean) => void;
  readonly onCaughtUp: (rules: readonly string[]) => void;
  /** Rules cannot be caught up, or no further, and why. */
  readonly onLost: (rules: readonly string[], why: string) => void;
  readonly onNotice: (text: string) => void;
  /** What gives the input before the frame at hand again, for new versions that begin anew; null: it is gone. */
  readonly refillHere: () => Refill | null;
}

/** Rules that were parked at one moment, and are caught up together. */
interface Group {
  readonly rules: Map<string, Park>;
  /** null: nothing was recorded. */
  stand: LaneStand | null;
  /** The plan at the stand's checkpoint. */
  readonly plan: Plan;
  readonly takeOverAt: number;
  /** New versions, and what came before the frame at which they take over. */
  edit: Edit | null;
  readonly refill: Refill | null;
  lane: Lane | null;
  running: Promise<void> | null;
}

/** The rules that an engine has parked, and the lanes that catch some of them up. */
export class Lanes {
  readonly #options: LanesOptions;
  readonly #groups: Group[] = [];
  #recording: Recording | null = null;
  /** The rules in force in the engine, and those at its last checkpoint or before. */
  #plan: Plan;
  #changes: readonly Change[];
  /** What the frame at hand has given so far. */
  #current: FrameFromEngine[] = [];
  #parks: Park[] = [];
  /** Counts of rules that run in lanes. */
  readonly #counts = new Map<string, RuleCounts>();

  constructor(options: LanesOptions) {
    this.#options = options;
    this.#plan = options.plan;
    this.#changes = options.changes;
  }

  /** Everything that the engine gives, before it is handed on. */
  take(frame: FrameFromEngine): void {
    if (frame.type === 'parked') this.#parks.push(...frame.parks);
    if (frame.type === 'results' || frame.type === 'alerts') this.#current.push(frame);
    if (frame.type !== 'done') return;
    if (this.#parks.length > 0) this.#park(this.#parks.splice(0));
    this.#current = [];
    this.#forget();
  }

  /** Rules that see no event, with why: neither the engine nor a lane runs them. */
  get parked(): Park[] {
    return this.#groups
      .filter(({ lane }) => lane === null)
      .flatMap(({ rules }) => [...rules.values()]);
  }

  /** Rules that lanes run, and whether they have caught up. */
  get inLanes(): { readonly rule: string; readonly isCaughtUp: boolean }[] {
    return this.#groups.flatMap(({ lane, rules }) =>
      lane === null ? [] : [...rules.keys()].map((rule) => ({ rule, isCaughtUp: lane.isCaughtUp })),
    );
  }

  /** Process ids of the lanes' engines, for those who watch them. */
  get pids(): number[] {
    return this.#groups.flatMap(({ lane }) => lane?.pid ?? []);
  }

  /** The engine's counts, with those of the lanes for the rules that they run. */
  counted(rules: readonly RuleCounts[]): RuleCounts[] {
    return [...Map.groupBy(rules, ({ rule }) => rule)].flatMap(([rule, versions]) => {
      const own = this.#counts.get(rule);
      if (own === undefined) return versions;
      // What it found is counted anew from the lane's beginning on; what it cost, both have spent.
      const before = versions.reduce(sumOf);
      return [{ ...own, calls: own.calls + before.calls, cpuMs: own.cpuMs + before.cpuMs }];
    });
  }

  #park(parks: readonly Park[]): void {
    const news = parks.filter(({ rule }) => !this.#groups.some(({ rules }) => rules.has(rule)));
    if (news.length === 0) return;
    const rules = new Map(news.map((park) => [park.rule, park]));
    const isDeferred = news.some(({ reason }) => reason.limit === 'deferred');
    let stand: LaneStand | null = null;
    if (isDeferred || this.#options.isReleasable) {
      const point = this.#options.main.recordHere();
      this.#recording = point.recording;
      const given = this.#current.flatMap((frame) => givenOf(frame, rules));
      stand = { point, given };
    }
    const group: Group = {
      rules,
      stand,
      plan: this.#plan,
      takeOverAt: stand?.point.to ?? 0,
      edit: null,
      refill: stand === null ? null : this.#options.refillHere(),
      lane: null,
      running: null,
    };
    this.#groups.push(group);
    this.#options.onParked(news, false);
    if (isDeferred) this.#start(group);
  }

  /**
   * Brings rules back: a lane catches each up from where it was parked, with those that were parked along with it.
   * `limits` and `plan` are those of now: versions that differ take over from there on. Gives the rules that come back.
   */
  release(asked: readonly string[], plan: Plan, limits: LimitsPlan | undefined): readonly string[] {
    this.#changes = this.#changes.map((change) =>
      change.kind === 'sources'
        ? { ...change, sources: withLimits(change.sources, limits) }
        : change,
    );
    const groups = this.#groups.filter(
      ({ lane, rules }) => lane === null && asked.some((rule) => rules.has(rule)),
    );
    for (const group of groups) {
      const isNew = plan.rules.some(
        ({ id, version }) =>
          group.rules.has(id) && version !== this.#plan.rules.find((one) => one.id === id)?.version,
      );
      if (isNew && group.stand !== null)
        group.edit = { plan, at: group.takeOverAt, activeFrom: ALWAYS, refill: group.refill };
      this.#start(group);
    }
    return groups.flatMap(({ rules }) => [...rules.keys()]);
  }

  /**
   * What the engine is to be told of an edit: rules that it has parked stay with it as they are, since what becomes of
   * them is a lane's; those that are no more are forgotten.
   */
  edited(plan: Plan): Plan {
    const ids = new Set(plan.rules.map(({ id }) => id));
    for (const group of [...this.#groups]) {
      for (const rule of group.rules.keys()) if (!ids.has(rule)) group.rules.delete(rule);
      if (group.rules.size > 0) continue;
      group.lane?.stop();
      this.#groups.splice(this.#groups.indexOf(group), 1);
    }
    const kept = new Map(
      this.#plan.rules
        .filter(({ id }) => this.#groups.some(({ rules }) => rules.has(id)))
        .map((rule) => [rule.id, rule]),
    );
    this.#plan = { ...plan, rules: plan.rules.map((rule) => kept.get(rule.id) ?? rule) };
    return this.#plan;
  }

  /** New versions of rules that lanes run take over in them where they would have in the engine. */
  follow(plan: Plan): void {
    for (const { lane, rules } of this.#groups) {
      const isNew = plan.rules.some(
        ({ id, version }) => rules.has(id) && lane?.versionOf(id) !== version,
      );
      if (lane === null || !isNew || this.#recording === null) continue;
      const at = this.#recording.end;
      lane.edit({ plan, at, activeFrom: null, refill: this.#options.refillHere() });
    }
  }

  #start(group: Group): void {
    const names = [...group.rules.keys()];
    const { stand } = group;
    if (stand === null || stand.point.recording.isGivenUp)
      return this.#options.onLost(
        names,
        stand === null ? 'its input was not recorded' : 'more came than may be recorded',
      );
    const rules = new Set(names);
    const running = new Set([...rules, ...readBy(rules, group.plan)]);
    // An engine that is asked whom it knows would have to be started first: rules of later edits are named too.
    const all = new Set(
      [...this.#options.plan.rules, ...group.plan.rules, ...this.#plan.rules].map(({ id }) => id),
    );
    const lane = new Lane({
      changes: this.#changes.map(withoutShare),
      point: stand.point,
      given: stand.given,
      rules,
      running,
      standing: [...all].filter((id) => !running.has(id)),
      ordered: this.#options.ordered.filter((order) => order.rules.some((id) => rules.has(id))),
      // A checkpoint may lie behind it; then the new version is that of the checkpoint, and another one begins there.
      edit: group.edit && { ...group.edit, at: Math.max(group.edit.at, stand.point.from) },
      onFrame: (frame) => {
        if (frame.type === 'done') this.#count(frame.counts.rules);
        else this.#options.onFrame(frame);
      },
      onParked: (parks, now) => this.#parkedAgain(group, parks, now),
      onNotice: (text) => this.#options.onNotice(`${names.join(', ')}: ${text}`),
      onCaughtUp: () => this.#options.onCaughtUp(names),
    });
    group.lane = lane;
    group.running = this.#follow(group, lane);
  }

  /** Ends when the lane does; what it could not do is told. */
  async #follow(group: Group, lane: Lane): Promise<void> {
    let why = '';
    try {
      await lane.run();
    } catch (error) {
      why = error instanceof Error ? error.message : 'its engine failed';
    }
    // It was stopped, and another one may run already.
    if (group.lane !== lane) return;
    if (this.#recording?.isGivenUp) why = 'more came than may be recorded';
    if (why === '') return;
    group.lane = null;
    group.stand = lane.fellAt ?? group.stand;
    this.#options.onLost([...group.rules.keys()], why);
  }

  #count(rules: readonly RuleCounts[]): void {
    for (const [rule, versions] of Map.groupBy(rules, (one) => one.rule))
      this.#counts.set(rule, versions.reduce(sumOf));
  }

  /** All rules of a lane stand or go together: what broke a limit would hold up those that read it. */
  #parkedAgain(group: Group, parks: readonly Park[], stand: LaneStand): void {
    for (const park of parks) group.rules.set(park.rule, park);
    group.stand = stand;
    group.lane?.stop();
    group.lane = null;
    this.#options.onParked(parks, true);
  }

  /** What no lane and no parked rule can need is dropped from the recording. */
  #forget(): void {
    if (this.#recording === null) return;
    const needed = this.#groups.flatMap(({ lane, stand }) =>
      lane !== null ? [lane.needs] : stand === null ? [] : [stand.point.from],
    );
    this.#recording.forget(Math.min(this.#recording.end, ...needed));
  }

  /** The engine has been given all: lanes run to the end of what was recorded. */
  async finish(): Promise<void> {
    this.#recording?.finish();
    // A lane may be followed by another one.
    for (const group of this.#groups) await group.running;
  }

  /** The program ends now. */
  abandon(): void {
    for (const { lane } of this.#groups) lane?.abandon();
  }

  /** At once, with what has been given. */
  async stop(): Promise<void> {
    this.#recording?.finish();
    for (const { lane } of this.#groups) lane?.stop();
    for (const { running } of this.#groups) await running;
  }
}

/** Two versions of a rule, counted as one. */
function sumOf(a: RuleCounts, b: RuleCounts): RuleCounts {
  return {
    rule: a.rule,
    matched: a.matched + b.matched,
    filterCalls: a.filterCalls + b.filterCalls,
    filterErrors: a.filterErrors + b.filterErrors,
    late: a.late + b.late,
    excepted: a.excepted + b.excepted,
    results: a.results + b.results,
    flagged: a.flagged || b.flagged,
    parked: a.parked && b.parked,
    calls: a.calls + b.calls,
    cpuMs: a.cpuMs + b.cpuMs,
  };
}

function givenOf(frame: FrameFromEngine, rules: ReadonlyMap<string, Park>): Given[] {
  if (frame.type === 'results') return frame.changes.filter(({ result }) => rules.has(result.rule));
  if (frame.type === 'alerts') return frame.changes.filter(({ alert }) => rules.has(alert.rule));
  return [];
}

/** The rules whose results these read, and theirs in turn. */
function readBy(rules: ReadonlySet<string>, plan: Plan): Set<string> {
  const found = new Set<string>();
  const visit = (id: string): void => {
    const reader = plan.rules.find((rule) => rule.id === id);
    for (const rule of plan.rules) {
      if (reader === undefined || found.has(rule.id) || !readsResultsOf(reader, rule)) continue;
      found.add(rule.id);
      visit(rule.id);
    }
  };
  rules.forEach(visit);
  return found;
}

function withLimits<T extends { readonly limits?: LimitsPlan }>(
  sources: T,
  limits: LimitsPlan | undefined,
): T {
  const { limits: _, ...rest } = sources;
  return (limits === undefined ? rest : { ...rest, limits }) as T;
}

/** A lane has all the time that there is: a share of the processor is no limit in it. */
function withoutShare(change: Change): Change {
  if (change.kind !== 'sources' || change.sources.limits === undefined) return change;
  const { all, tenants, rules } = change.sources.limits;
  const free = (limits: LimitValues): LimitValues => ({ ...limits, cpuShare: null });
  const limits: LimitsPlan = {
    all: free(all),
    tenants: tenants.map((one) => ({ ...one, limits: free(one.limits) })),
    rules: rules.map((one) => ({ ...one, limits: free(one.limits) })),
  };
  return { ...change, sources: { ...change.sources, limits } };
}
