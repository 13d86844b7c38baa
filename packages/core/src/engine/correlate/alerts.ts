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
  text: string;
  ids: readonly string[];
}

/** The alerts of one rule and key: results whose extents are at most `forMs` apart. */
export class KeyAlerts {
  #members: Member[] = [];
  #shown: Shown[] = [];
  #nextSerial = 0;
  /** Handles that were given, also to alerts that have ended: none is given again while the key is remembered. */
  #given: string[] = [];

  get isEmpty(): boolean {
    return this.#members.length === 0 && this.#shown.length === 0;
  }

  /** Takes in the newest state of a result. */
  put(member: Member): void {
    this.remove(member.id);
    this.#members.push(member);
  }

  remove(id: string): void {
    this.#members = this.#members.filter((member) => member.id !== id);
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
    for (const group of groups) {
      const ids = group.map(({ id }) => id);
      const shown = this.#shown.find(
        (one) => !claimed.has(one.handle) && one.ids.some((id) => ids.includes(id)),
      );
      const isNew = shown === undefined;
      const taken = shown ?? this.#newShown(ids, facts.handleOf);
      claimed.set(taken.handle, taken);
      pending.push({ group, shown: taken, isNew });
    }
    for (const { group, shown, isNew } of pending) {
      const alert = alertOf(facts, shown.handle, group, null);
      const text = JSON.stringify(alert);
      const isFinal =
        group.every(({ final }) => final) && settledBefore > lastOf(group) + facts.forMs;
      shown.ids = alert.results;
      if (isFinal || text !== shown.text)
        changes.push({
          change: isFinal ? 'final' : isNew ? 'open' : 'amend',
          revision: ++shown.revision,
          alert,
        });
      shown.text = text;
      if (isFinal) this.#members = this.#members.filter((member) => !group.includes(member));
      else next.push(shown);
    }
    for (const gone of this.#shown)
      if (!claimed.has(gone.handle)) changes.push(this.#ended(gone, claimed));
    this.#shown = next.sort((a, b) => a.serial - b.serial);
    return changes;
  }

  /** An alert whose results went to an older one says so; one whose results were all withdrawn is withdrawn. */
  #ended(gone: Shown, claimed: ReadonlyMap<string, Shown>): AlertChange {
    const into = [...claimed.values()].find(({ ids }) => ids.some((id) => gone.ids.includes(id)));
    const alert: Alert = { ...(JSON.parse(gone.text) as Alert), mergedInto: into?.handle ?? null };
    return {
      change: into === undefined ? 'withdraw' : 'final',
      revision: gone.revision + 1,
      alert,
    };
  }

  #newShown(ids: readonly string[], handleOf: AlertFacts['handleOf']): Shown {
    const handle = this.#freshHandle(ids.map(handleOf));
    return { handle, serial: this.#nextSerial++, revision: 0, text: '', ids };
  }

  #freshHandle(ids: readonly string[]): string {
    const fresh = ids.find((id) => !this.#given.includes(id)) ?? `${ids[0]!}-${this.#nextSerial}`;
    this.#given.push(fresh);
    return fresh;
  }

  /** The clock at which an alert may become final although nothing comes; Infinity if none is open. */
  dueMs({ forMs, maxMs }: Pick<AlertFacts, 'forMs' | 'maxMs'>): number {
    if (this.#members.length === 0 || !this.#members.every(({ final }) => final)) return Infinity;
    return Math.min(...groupsOf(this.#members, { forMs, maxMs }).map(lastOf)) + forMs + 1;
  }

  toJson(): Json {
    return {
      members: this.#members.map((m) => ({ ...m })),
      shown: this.#shown.map((s) => ({ ...s })),
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
    alerts.#members = members.map((m) => ({ ...m }));
    alerts.#shown = shown.map((s) => ({ ...s }));
    alerts.#given = [...given];
    alerts.#nextSerial = nextSerial;
    return alerts;
  }
}

export interface AlertFacts {
  readonly rule: string;
  readonly tenant: string;
  readonly severity: Severity | null;
  readonly key: Readonly<Record<string, string>>;
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

const lastOf = (group: readonly Member[]): number => Math.max(...group.map(({ lastAt }) => lastAt));

/** Results in event order; one that begins more than `forMs` after what came before, or `maxMs` after the first, begins anew. */
function groupsOf(
  members: readonly Member[],
  { forMs, maxMs }: Pick<AlertFacts, 'forMs' | 'maxMs'>,
): Member[][] {
  const ordered = members.toSorted(
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

function alertOf(
  facts: AlertFacts,
  handle: string,
  group: readonly Member[],
  mergedInto: string | null,
): Alert {
  return {
    handle,
    rule: facts.rule,
    tenant: facts.tenant,
    severity: facts.severity,
    key: facts.key,
    firstAt: group[0]!.firstAt,
    lastAt: lastOf(group),
    results: group.map(({ id }) => id),
    count: group.reduce((sum, member) => sum + member.count, 0),
    mergedInto,
  };
}
