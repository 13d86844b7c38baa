import { setTimeout as wait } from 'node:timers/promises';
import type { Plan, RulePlan } from '@weir/core';
import { isoTime } from '@weir/core/plan/civil.ts';
import { stateTextOf } from '@weir/core/plan/state-text.ts';
import { Failure } from '../failure.ts';
import { shown } from '../paint.ts';
import {
  changedRecords,
  newestOf,
  type ControlEntry,
  type KeyedRecord,
} from './control-records.ts';
import { readControl, writeControl } from './control-topic.ts';
import { newestOf as newestEventOf } from './job-clock.ts';
import { checkLevelMoves } from './level-check.ts';
import type { FlinkRest } from './flink-rest.ts';
import type { Job } from './jobs.ts';
import type { Place } from './place.ts';
import type { Submission } from './submit.ts';

/** Events that are on their way must not find the edit already behind them. */
const AHEAD_MS = 10_000;

const NEWEST_WITHIN_MS = 12_000;

/** Gives a job that runs what has changed. */
export async function editJob(place: Place, job: Job, submission: Submission): Promise<void> {
  const { kafka, names } = place;
  const { options, wanted } = submission;
  const there = newestOf((await readControl(kafka, names.control)).entries);
  const { at, from } = await activeFromOf(place, job, submission);
  const records = changedRecords(there, wanted, at).filter(({ key }) => key !== 'sources');
  const changes = ruleChanges(there, records);
  checkLosses(submission, changes);
  const before = there.get('rules')?.record;
  const next = records.find(({ record }) => record.kind === 'rules')?.record;
  if (before?.kind === 'rules' && next?.kind === 'rules')
    checkLevelMoves(before.plan.rules, next.plan.rules);
  if (options.dryRun !== true) await writeControl(kafka, names.control, records);
  tell(submission, job, records, changes, { at, from });
  if (changedRecords(there, wanted, at).some(({ key }) => key === 'sources'))
    process.stderr.write(
      'weir: the sources or limits of weir.yaml have changed; a job reads them only when it begins anew, so they are not in force\n',
    );
}

interface ActiveFrom {
  readonly at: number;
  /** In words, where it comes from. */
  readonly from: string;
}

/** Behind the newest event that the job has read, else now; and a little more. */
async function activeFromOf(
  { rest }: Place,
  job: Job,
  submission: Submission,
): Promise<ActiveFrom> {
  const { options } = submission;
  if (options.activeFrom !== undefined) {
    const at = Date.parse(options.activeFrom);
    if (Number.isNaN(at))
      throw new Failure(
        `--active-from takes a time such as 2026-03-02T08:00:00Z, not ${options.activeFrom}`,
      );
    return { at, from: 'as asked' };
  }
  const newest = await knownNewest(rest, job);
  if (newest === null)
    return {
      at: Date.now() + AHEAD_MS,
      from: 'now and 10 s, since the job has read nothing yet',
    };
  return { at: newest + AHEAD_MS, from: 'the newest event, and 10 s' };
}

/** A job that has just begun says so a little later, and Flink asks its parts every ten seconds only. */
async function knownNewest(rest: FlinkRest, job: Job): Promise<number | null> {
  const deadline = performance.now() + NEWEST_WITHIN_MS;
  let newest = await newestEventOf(rest, job);
  while (newest === null && performance.now() < deadline) {
    await wait(500);
    newest = await newestEventOf(rest, job);
  }
  return newest;
}

export interface RuleChange {
  readonly rule: string;
  readonly change: 'new' | 'kept' | 'warming' | 'gone';
}

/** What an edit does to each rule that it touches. */
export function ruleChanges(
  there: ReadonlyMap<string, ControlEntry>,
  records: readonly KeyedRecord[],
): RuleChange[] {
  const next = records.find(({ record }) => record.kind === 'rules')?.record;
  if (next?.kind !== 'rules') return [];
  const before = there.get('rules')?.record;
  return changesBetween(before?.kind === 'rules' ? before.plan : null, next.plan);
}

function changesBetween(before: Plan | null, next: Plan): RuleChange[] {
  const old = new Map((before?.rules ?? []).map((rule) => [rule.id, rule]));
  const changed = next.rules.flatMap((rule): RuleChange[] => {
    const was = old.get(rule.id);
    old.delete(rule.id);
    if (was?.version === rule.version) return [];
    return [{ rule: rule.id, change: changeOf(was, rule) }];
  });
  return [...changed, ...[...old.keys()].map((rule) => ({ rule, change: 'gone' as const }))];
}

function changeOf(was: RulePlan | undefined, rule: RulePlan): RuleChange['change'] {
  if (was === undefined) return 'new';
  return stateTextOf(was) === stateTextOf(rule) ? 'kept' : 'warming';
}

/** A file that cannot be read must not take a rule away that runs. */
function checkLosses({ hasErrors }: Submission, changes: readonly RuleChange[]): void {
  const gone = changes.filter(({ change }) => change === 'gone').map(({ rule }) => rule);
  if (!hasErrors || gone.length === 0) return;
  throw new Failure(
    `nothing was changed: the rules have errors, and these would be gone from the job: ${gone.join(', ')}`,
  );
}

const WORDS = {
  new: 'is new, and begins with that: it has not seen what came before',
  kept: 'goes on with what it has seen',
  warming: 'is changed in what it reads or keeps: it begins without what came before (warming)',
  gone: 'runs no more; what it had open is final',
} as const satisfies Record<RuleChange['change'], string>;

function tell(
  { options, wanted }: Submission,
  { jid }: Job,
  records: readonly KeyedRecord[],
  changes: readonly RuleChange[],
  { at, from }: ActiveFrom,
): void {
  const edit = records.find(({ record }) => record.kind === 'rules')?.record;
  const number = edit?.kind === 'rules' ? edit.edit : null;
  const lists = records.flatMap(({ record }) => (record.kind === 'list' ? [record.list.name] : []));
  if (options.json) {
    const activeFrom = number === null ? null : at;
    console.log(
      JSON.stringify({ kind: 'edit', job: jid, edit: number, activeFrom, rules: changes, lists }),
    );
    return;
  }
  const word = options.dryRun === true ? 'would be given' : 'is given';
  if (number !== null) {
    console.log(
      `job ${jid} ${word} edit ${number}, in force for events from ${isoTime(at)} on (${from})`,
    );
    for (const { rule, change } of changes) console.log(`  ${shown(rule)} ${WORDS[change]}`);
  }
  for (const name of lists) console.log(`job ${jid} ${word} the list ${name}`);
  if (records.length === 0)
    console.log(
      `job ${jid} has these ${wanted.length > 0 ? 'rules and lists' : ''} already: nothing to do`,
    );
}
