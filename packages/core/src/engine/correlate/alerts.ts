import type { Json } from '../../plan/json.ts';
import type { Severity } from '../../plan/plan.ts';
import type { Alert, AlertChange, Result } from '../../plan/result.ts';
import { appended, FewById } from '../../state/few-by-id.ts';
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

/** Results that are one alert, in event order. */
interface Group {
  readonly shown: Shown;
  members: Held[];
  lastAt: number;
  count: number;
  /** Members that are not final. */
  open: number;
  /** Something to tell besides its end. */
  isNews: boolean;
}

/** A member, and the group that it was put into. */
interface Held extends Member {
  group: Group | null;
}

/** The alerts of one rule and key: results whose extents are at most `forMs` apart. */
export class KeyAlerts {
  readonly #members = new FewById<Held>();
  #shown: readonly Shown[] = NONE;
  #nextSerial = 0;
  /** Handles that were given and are ids of results that may go to another alert: none is given again. */
  #given: readonly string[] = NONE;
  /** Nothing came, changed or went since `update`: it has nothing to say while no alert has ended. */
  #isChanged = true;
  /** Of all members but `#fresh`, in event order; null: to be made anew. */
  #groups: readonly Group[] | null = NONE;
  #fresh: readonly Held[] = NONE;
  /** Of the groups of which all results are final: where the first may end. */
  #firstEnd = Infinity;
  #areAllFinal = false;
  /** These two are known. */
  #isAhead = false;

  get isEmpty(): boolean {
    return this.#members.size === 0 && this.#shown.length === 0;
  }

  /** Takes in the newest state of a result. */
  put(member: Member): void {
    const before = this.#members.get(member.id);
    if (before === undefined) {
      const held = heldOf(member);
      this.#members.set(held);
      this.#fresh = appended(this.#fresh, held);
    } else if (!isSameExtent(before, member)) {
      this.#members.set(heldOf(member));
      this.#groups = null;
    } else if (before.final !== member.final) {
      before.final = member.final;
      if (before.group !== null) before.group.open += member.final ? -1 : 1;
      // It changes nothing for people, only when the alert may end.
      this.#isAhead = false;
      return;
    } else return;
    this.#isChanged = true;
  }

  remove(id: string): void {
    if (!this.#members.delete(id)) return;
    this.#groups = null;
    this.#isChanged = true;
  }

  /** Whether `update` may have something to say. */
  hasNews(forMs: number, settledBefore: number): boolean {
    if (!this.#isAhead && !this.#isChanged) this.#lookAhead(this.#groups!);
    return this.#isChanged || settledBefore > this.#firstEnd + forMs;
  }

  /**
   * What has changed for people. `settledBefore`: no result of this key that is not known yet begins before it.
   * Costs what is new where results come one after another, else all that the key has.
   */
  update(facts: AlertFacts, settledBefore: number): AlertChange[] {
    let changes: AlertChange[] = this.#putLast(facts) ? [] : this.#regroup(facts);
    let haveEnded = false;
    for (const group of this.#groups!) {
      const isFinal = group.open === 0 && settledBefore > group.lastAt + facts.forMs;
      if (isFinal || group.isNews) {
        const change = tell(facts, group, isFinal);
        if (changes.length === 0) changes = [change];
        else changes.push(change);
      }
      if (isFinal) this.#end(group);
      haveEnded ||= isFinal;
    }
    if (haveEnded) this.#groups = this.#groups!.filter(({ members }) => members.length > 0);
    this.#lookAhead(this.#groups!);
    return changes;
  }

  /** Puts what is new behind what there is. false: it does not all come last. */
  #putLast(facts: AlertFacts): boolean {
    let groups = this.#groups;
    if (groups === null) return false;
    const fresh = this.#fresh.length > 1 ? this.#fresh.toSorted(compareMembers) : this.#fresh;
    const newest = groups.at(-1)?.members.at(-1);
    if (fresh.length > 0 && newest !== undefined && compareMembers(newest, fresh[0]!) > 0)
      return false;
    for (const member of fresh) {
      let group: Group | undefined = groups.at(-1);
      if (group === undefined || !isNear(group, member, facts)) {
        group = groupOf(this.#newShown([member.id], facts.handleOf));
        groups = appended(groups, group);
      }
      join(group, member);
      group.isNews = true;
    }
    this.#groups = groups;
    this.#fresh = NONE;
    return true;
  }

  #end(group: Group): void {
    for (const { id } of group.members) {
      this.#members.delete(id);
      // What is final does not come again.
      if (this.#given.includes(id)) this.#given = this.#given.filter((one) => one !== id);
    }
    group.members = [];
    this.#shown = this.#shown.filter((shown) => shown !== group.shown);
  }

  /** All groups anew: each goes on as the oldest of the alerts whose results it has. */
  #regroup(facts: AlertFacts): AlertChange[] {
    const claimed = new Map<string, Shown>();
    const shownOf = new Map<string, Shown>();
    for (const shown of this.#shown) for (const id of shown.ids) shownOf.set(id, shown);
    const before = this.#shown;
    this.#shown = NONE;
    this.#fresh = NONE;
    this.#groups = groupsOf(this.#members, facts).map((members) => {
      const ids = members.map(({ id }) => id);
      const known = oldestOf(ids, shownOf, claimed);
      const shown = known ?? this.#newShown(ids, facts.handleOf);
      if (known !== undefined) this.#shown = appended(this.#shown, known);
      claimed.set(shown.handle, shown);
      const group = groupOf(shown);
      for (const member of members) join(group, member);
      group.isNews = shown.alert === null || !isSameAlert(alertOf(facts, group), shown.alert);
      return group;
    });
    for (const group of this.#groups) group.shown.ids = group.members.map(({ id }) => id);
    this.#shown = this.#shown.toSorted((a, b) => a.serial - b.serial);
    return before
      .filter(({ handle }) => !claimed.has(handle))
      .map((gone) => this.#ended(gone, claimed));
  }

  #lookAhead(groups: readonly Pick<Group, 'open' | 'lastAt'>[]): void {
    this.#isChanged = false;
    this.#isAhead = true;
    this.#areAllFinal = groups.length > 0;
    this.#firstEnd = Infinity;
    for (const { open, lastAt } of groups)
      if (open > 0) this.#areAllFinal = false;
      else if (lastAt < this.#firstEnd) this.#firstEnd = lastAt;
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
    const shown = { handle, serial: this.#nextSerial++, revision: 0, alert: null, ids };
    this.#shown = appended(this.#shown, shown);
    return shown;
  }

  #freshHandle(ids: readonly string[]): string {
    const fresh = ids.find((id) => !this.#given.includes(id)) ?? `${ids[0]!}-${this.#nextSerial}`;
    this.#given = appended(this.#given, fresh);
    return fresh;
  }

  /** The clock at which an alert may become final although nothing comes; Infinity if none is open. */
  dueMs({ forMs, maxMs }: Pick<AlertFacts, 'forMs' | 'maxMs'>): number {
    if (this.#members.size === 0) return Infinity;
    if (this.#isChanged) {
      const groups = groupsOf(this.#members, { forMs, maxMs }).map((members) => ({
        open: members.filter(({ final }) => !final).length,
        lastAt: Math.max(...members.map(({ lastAt }) => lastAt)),
      }));
      this.#lookAhead(groups);
      this.#isChanged = true;
    } else if (!this.#isAhead) this.#lookAhead(this.#groups!);
    return this.#areAllFinal ? this.#firstEnd + forMs + 1 : Infinity;
  }

  toJson(): Json {
    return {
      members: [...this.#members.values()].map(({ group: _group, ...member }) => member),
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
    for (const member of members) alerts.#members.set(heldOf(member));
    alerts.#groups = null;
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

const heldOf = ({ id, firstAt, lastAt, count, final }: Member): Held => ({
  id,
  firstAt,
  lastAt,
  count,
  final,
  group: null,
});

// Not frozen: where a list may be a frozen one, V8 makes an object for each step of going through it.
const NONE: readonly never[] = [];
const FEW = 8;

const isSameExtent = (a: Member, b: Member): boolean =>
  a.firstAt === b.firstAt && a.lastAt === b.lastAt && a.count === b.count;

/** Event order of results. */
const compareMembers = (a: Member, b: Member): number =>
  a.firstAt - b.firstAt || a.lastAt - b.lastAt || compareText(a.id, b.id);

const groupOf = (shown: Shown): Group => ({
  shown,
  members: [],
  lastAt: -Infinity,
  count: 0,
  open: 0,
  isNews: false,
});

function join(group: Group, member: Held): void {
  member.group = group;
  // Most groups are of one.
  if (group.members.length < FEW) group.members = appended(group.members, member) as Held[];
  else group.members.push(member);
  if (member.lastAt > group.lastAt) group.lastAt = member.lastAt;
  group.count += member.count;
  if (!member.final) group.open++;
}

/** It begins neither more than `forMs` after what came before, nor `maxMs` after the first. */
const isNear = (
  { members, lastAt }: Pick<Group, 'lastAt'> & { readonly members: readonly Member[] },
  { firstAt }: Member,
  { forMs, maxMs }: Pick<AlertFacts, 'forMs' | 'maxMs'>,
): boolean => firstAt - lastAt <= forMs && firstAt < members[0]!.firstAt + maxMs;

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

/** Results in event order, where one that is not near those before begins anew. */
function groupsOf(members: FewById<Held>, facts: Pick<AlertFacts, 'forMs' | 'maxMs'>): Held[][] {
  const ordered = [...members.values()].sort(compareMembers);
  const groups: { readonly members: Held[]; lastAt: number }[] = [];
  for (const member of ordered) {
    const group = groups.at(-1);
    if (group !== undefined && isNear(group, member, facts)) {
      group.members.push(member);
      group.lastAt = Math.max(group.lastAt, member.lastAt);
    } else groups.push({ members: [member], lastAt: member.lastAt });
  }
  return groups.map((group) => group.members);
}

/** The alert that a group is, told: opened, amended or ended. */
function tell(facts: AlertFacts, group: Group, isFinal: boolean): AlertChange {
  const { shown } = group;
  const isNew = shown.alert === null;
  // At its end it may be as it was told.
  const alert = shown.alert === null || group.isNews ? alertOf(facts, group) : shown.alert;
  shown.alert = alert;
  shown.ids = alert.results;
  group.isNews = false;
  const change = isFinal ? 'final' : isNew ? 'open' : 'amend';
  return { change, revision: ++shown.revision, alert };
}

function alertOf(facts: AlertFacts, { shown, members, lastAt, count }: Group): Alert {
  return {
    handle: shown.handle,
    rule: facts.rule,
    tenant: facts.tenant,
    severity: facts.severity,
    key: shown.alert?.key ?? facts.key(),
    firstAt: members[0]!.firstAt,
    lastAt,
    results: members.map(({ id }) => id),
    count,
    mergedInto: null,
  };
}
