import type { DetectPlan, ParkReason, RulePlan } from '@weir/core';
import { stateTextOf } from '@weir/core/plan/state-text.ts';
import type { ControlEntry } from './control-records.ts';

/** What became of a rule, as far as the control topic tells. */
export interface RuleStanding {
  readonly rule: string;
  readonly name: string;
  readonly version: string;
  readonly standing: 'enabled' | 'warming' | 'parked' | 'shadow' | 'disabled';
  /** Why it is parked. */
  readonly reason: ParkReason | null;
  /** Since which edit it is as it is. */
  readonly edit: number;
  /** Event time from which on this version holds; null: from the job's beginning. */
  readonly activeFrom: number | null;
}

/** What the control topic says of one rule, as its records are gone through. */
interface Life {
  readonly plan: RulePlan;
  readonly edit: number;
  readonly activeFrom: number | null;
  /** Event time from which on it has begun without what came before; null: it has seen all. */
  readonly warmingFrom: number | null;
  readonly reason: ParkReason | null;
}

/**
 * Goes through the records in order. `base`: the offset from which on records are edits of the job that runs; what lies
 * before was there when it began. A rule whose state text changes in an edit begins without what came before: it is
 * warming until the longest of its windows has passed, since in Flink nobody gives it the past. `clock`: how far the job
 * has come; null: it has not said, and a rule that was warming is taken to be so still.
 */
export function ruleStandings(
  entries: readonly ControlEntry[],
  base: number,
  clock: number | null,
): RuleStanding[] {
  let lives = new Map<string, Life>();
  for (const { record, offset } of entries) {
    if (record.kind === 'rules')
      lives = new Map(
        record.plan.rules.map((plan) => {
          const begun = { plan, edit: record.edit, activeFrom: record.activeFrom };
          const before = lives.get(plan.id);
          return [plan.id, offset < base ? firstLife(before, begun) : nextLife(before, begun)];
        }),
      );
    else if (record.kind === 'park' || record.kind === 'release')
      for (const rule of record.rules) {
        const life = lives.get(rule);
        const reason = record.kind === 'park' ? record.reason : null;
        if (life !== undefined) lives.set(rule, { ...life, reason });
      }
  }
  return [...lives.values()].map((life) => standingOf(life, clock));
}

type Begun = Pick<Life, 'plan' | 'edit' | 'activeFrom'>;

/** Before the job began. A new version is not parked, whatever the old one did. */
const firstLife = (before: Life | undefined, begun: Begun): Life => ({
  ...begun,
  activeFrom: null,
  warmingFrom: null,
  reason: before?.plan.version === begun.plan.version ? before.reason : null,
});

/** By an edit of the job. */
function nextLife(before: Life | undefined, begun: Begun): Life {
  if (before?.plan.version === begun.plan.version) return before;
  const isKept = before !== undefined && stateTextOf(before.plan) === stateTextOf(begun.plan);
  const warmingFrom = isKept ? before.warmingFrom : (begun.activeFrom ?? -Infinity);
  return { ...begun, warmingFrom, reason: null };
}

function standingOf(life: Life, clock: number | null): RuleStanding {
  const { plan, edit, activeFrom, reason } = life;
  const { status } = plan.facts;
  const usual = status === 'shadow' ? 'shadow' : 'enabled';
  const lively = isWarming(life, clock) ? 'warming' : usual;
  return {
    rule: plan.id,
    name: plan.name,
    version: plan.version,
    standing: status === 'disabled' ? 'disabled' : reason === null ? lively : 'parked',
    reason,
    edit,
    activeFrom,
  };
}

function isWarming({ plan, warmingFrom }: Life, clock: number | null): boolean {
  const spanMs = spanOf(plan.detect);
  if (warmingFrom === null || spanMs === 0) return false;
  return clock === null || clock < warmingFrom + spanMs;
}

/** How far back a rule looks, ms; without an end where nothing limits it. */
function spanOf(detect: DetectPlan): number {
  if (detect.kind === 'simple') return 0;
  if (detect.kind !== 'window') return ('withinMs' in detect ? detect.withinMs : null) ?? Infinity;
  const { window } = detect;
  if (window.kind === 'session') return window.maxMs ?? Infinity;
  return window.kind === 'count' ? Infinity : window.lengthMs;
}

/** Rules that a record has parked in another version than they have now. */
export function staleParks(entries: readonly ControlEntry[]): string[] {
  const parked = new Set<string>();
  for (const { record } of entries) {
    if (record.kind !== 'park' && record.kind !== 'release') continue;
    for (const rule of record.rules)
      if (record.kind === 'park') parked.add(rule);
      else parked.delete(rule);
  }
  const own = ruleStandings(entries, 0, null);
  return [...parked].filter((rule) => own.every((one) => one.rule !== rule || one.reason === null));
}
