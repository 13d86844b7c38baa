import type { Json } from '../../plan/json.ts';
import type { Severity } from '../../plan/plan.ts';
import type { Alert, AlertChange, Result } from '../../plan/result.ts';
import { compareText } from '../time/event-order.ts';

// Promises of this file:
//   L1  The final alerts of a key are a function of its final results alone (handles apart).
//   L2  An alert keeps the handle that it was first given.

/** A result as alerts see it: its extent is from its first to its last event, of an absence to its deadline. */
export interface Member {
  readonly id: string;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly count: number;
  final: boolean;
}

interface Shown {
  readonly handle: string;
  /** Rises with every alert that is opened: the older one keeps its handle in a merge. */
  readonly serial: number;
  revision: number;
  /** As it was told. */
  alert: Alert | null;
  ids: readonly string[];
}

/** The alerts of one rule and key: results whose extents are at most `forMs` apart. */
export class KeyAlerts {
  readonly #members = new Map<string, Member>();
  #shown: Shown[] = [];
  #nextSerial = 0;
  /** Handles that were given, also to alerts that have ended: none is given again while the key is remembered. */
  #given = new Set<string>();
  /** Nothing came, changed or went since `update`: it has nothing to say while no alert has ended. */
  #isChanged = true;
  /** Of the groups of which all results are final: where the first may end. */
  #firstEnd = Infinity;
  #areAllFinal = false;

  get isEmpty(): boolean {
    return this.#members.size === 0 && this.#shown.length === 0;
  }

  /** Takes in the newest state of a result. */
  put(member: Member): void {
    const before = this.#members.get(member.id);
    if (before !== undefined && isSame(before, member)) return;
    this.#members.set(member.id, member);
    this.#isChanged = true;
  }

  remove(id: string): void {
    if (this.#members.delete(id)) this.#isChanged = true;
  }

  /** Whether `update` may have something to say. */
  hasNews(forMs: number, settledBefore: number): boolean {
    return this.#isChanged || settledBefore > this.#firstEnd + forMs;
  }

  /**
   * What has changed for people. `settledBefore`: no result of this key that is not known yet begins before it.
   */
  update(facts: AlertFacts, settledBefore: number): AlertChange[] {
    const changes: AlertChange[] = [];
    const groups = groupsOf(this.#members, facts);
    const claimed = new Map<string, Shown>();
    const next: Shown[] = [];
    const pending: { group: readonly Member[]; shown: Shown; isNew: boolean }[] = [];
    const shownOf = new Map<string, Shown>();
    for (const shown of this.#shown) for (const id of shown.ids) shownOf.set(id, shown);
    for (const group of groups) {
      const ids = group.map(({ id }) => id);
      const shown = oldestOf(ids, shownOf, claimed);
      const isNew = shown === undefined;
      const taken = shown ?? this.#newShown(ids, facts.handleOf);
      claimed.set(taken.handle, taken);
      pending.push({ group, shown: taken, isNew });
    }
    for (const { group, shown, isNew } of pending) {
      const alert = alertOf(facts, shown, group);
      const isFinal =
        group.every(({ final }) => final) && settledBefore > lastOf(group) + facts.forMs;
      shown.ids = alert.results;
      if (isFinal || shown.alert === null || !isSameAlert(alert, shown.alert))
        changes.push({
          change: isFinal ? 'final' : isNew ? 'open' : 'amend',
          revision: ++shown.revision,
          alert,
        });
      shown.alert = alert;
      if (isFinal) for (const { id } of group) this.#members.delete(id);
      else next.push(shown);
    }
    for (const gone of this.#shown)
      if (!claimed.has(gone.handle)) changes.push(this.#ended(gone, claimed));
    this.#shown = next.sort((a, b) => a.serial - b.serial);
    this.#lookAhead(pending.map(({ group }) => group));
    return changes;
  }

  #lookAhead(groups: readonly (readonly Member[])[]): void {
    this.#isChanged = false;
    this.#areAllFinal = this.#members.size > 0;
    this.#firstEnd = Infinity;
    for (const group of groups) {
      if (!this.#members.has(group[0]!.id)) continue;
      const lastAt = lastOf(group);
      if (!group.every(({ final }) => final)) this.#areAllFinal = false;
      else if (lastAt < this.#firstEnd) this.#firstEnd = lastAt;
    }
  }

  /** An alert whose results went to an older one says so; one whose results were all withdrawn is withdrawn. */
  #ended(gone: Shown, claimed: ReadonlyMap<string, Shown>): AlertChange {
    const into = [...claimed.values()].find(({ ids }) => ids.some((id) => gone.ids.includes(id)));
    const alert: Alert = { ...gone.alert!, mergedInto: into?.handle ?? null };
    return {
      change: into === undefined ? 'withdraw' : 'final',
      revision: gone.revision + 1,
      alert,
    };
  }

  #newShown(ids: readonly string[], handleOf: AlertFacts['handleOf']): Shown {
    const handle = this.#freshHandle(ids.map(handleOf));
    return { handle, serial: this.#nextSerial++, revision: 0, alert: null, ids };
  }

  #freshHandle(ids: readonly string[]): string {
    const fresh = ids.find((id) => !this.#given.has(id)) ?? `${ids[0]!}-${this.#nextSerial}`;
    this.#given.add(fresh);
    return fresh;
  }

  /** The clock at which an alert may become final although nothing comes; Infinity if none is open. */
  dueMs({ forMs, maxMs }: Pick<AlertFacts, 'forMs' | 'maxMs'>): number {
    if (this.#isChanged) {
      this.#lookAhead(groupsOf(this.#members, { forMs, maxMs }));
      this.#isChanged = true;
    }
    return this.#areAllFinal ? this.#firstEnd + forMs + 1 : Infinity;
  }

  toJson(): Json {
    return {
      members: [...this.#members.values()].map((m) => ({ ...m })),
      shown: this.#shown.map((s) => ({ ...s })) as unknown as Json,
      given: [...this.#given],
      nextSerial: this.#nextSerial,
    };
  }

  static fromJson(json: Json): KeyAlerts {
    const alerts = new KeyAlerts();
    const { members, shown, given, nextSerial } = json as unknown as {
      members: Member[];
      shown: Shown[];
      given: string[];
      nextSerial: number;
    };
    for (const member of members) alerts.#members.set(member.id, { ...member });
    alerts.#shown = shown.map((s) => ({ ...s }));
    alerts.#given = new Set(given);
    alerts.#nextSerial = nextSerial;
    return alerts;
  }
}

export interface AlertFacts {
  readonly rule: string;
  readonly tenant: string;
  readonly severity: Severity | null;
  readonly key: () => Readonly<Record<string, string>>;
  readonly forMs: number;
  readonly maxMs: number;
  /** The handle of an alert that begins with a result of this id. */
  readonly handleOf: (id: string) => string;
}

export function memberOf(result: Result, isFinal: boolean): Member {
  const last = result.last.at(-1) ?? result.first.at(-1);
  return {
    id: result.id,
    firstAt: result.first[0]?.at ?? result.at,
    lastAt: Math.max(last?.at ?? result.at, result.at),
    count: result.count,
    final: isFinal,
  };
}

const isSame = (a: Member, b: Member): boolean =>
  a.firstAt === b.firstAt && a.lastAt === b.lastAt && a.count === b.count && a.final === b.final;

function lastOf(group: readonly Member[]): number {
  let lastAt = -Infinity;
  for (const member of group) if (member.lastAt > lastAt) lastAt = member.lastAt;
  return lastAt;
}

/** Of two states of one alert. */
const isSameAlert = (a: Alert, b: Alert): boolean =>
  a.firstAt === b.firstAt &&
  a.lastAt === b.lastAt &&
  a.count === b.count &&
  a.results.length === b.results.length &&
  a.results.every((id, i) => id === b.results[i]);

/** Of the alerts that have one of the results and are not claimed yet. */
function oldestOf(
  ids: readonly string[],
  shownOf: ReadonlyMap<string, Shown>,
  claimed: ReadonlyMap<string, Shown>,
): Shown | undefined {
  let oldest: Shown | undefined;
  for (const id of ids) {
    const shown = shownOf.get(id);
    if (shown === undefined || claimed.has(shown.handle)) continue;
    if (oldest === undefined || shown.serial < oldest.serial) oldest = shown;
  }
  return oldest;
}

/** Results in event order; one that begins more than `forMs` after what came before, or `maxMs` after the first, begins anew. */
function groupsOf(
  members: ReadonlyMap<string, Member>,
  { forMs, maxMs }: Pick<AlertFacts, 'forMs' | 'maxMs'>,
): Member[][] {
  const ordered = [...members.values()].sort(
    (a, b) => a.firstAt - b.firstAt || a.lastAt - b.lastAt || compareText(a.id, b.id),
  );
  const groups: Member[][] = [];
  let lastAt = -Infinity;
  for (const member of ordered) {
    const group = groups.at(-1);
    if (
      group !== undefined &&
      member.firstAt - lastAt <= forMs &&
      member.firstAt < group[0]!.firstAt + maxMs
    ) {
      group.push(member);
      lastAt = Math.max(lastAt, member.lastAt);
    } else {
      groups.push([member]);
      lastAt = member.lastAt;
    }
  }
  return groups;
}

function alertOf(facts: AlertFacts, { handle, alert }: Shown, group: readonly Member[]): Alert {
  return {
    handle,
    rule: facts.rule,
    tenant: facts.tenant,
    severity: facts.severity,
    key: alert?.key ?? facts.key(),
    firstAt: group[0]!.firstAt,
    lastAt: lastOf(group),
    results: group.map(({ id }) => id),
    count: group.reduce((sum, member) => sum + member.count, 0),
    mergedInto: null,
  };
}
