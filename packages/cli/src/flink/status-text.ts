import { isoTime } from '@weir/core/plan/civil.ts';
import { count, cut, shown, type Paint } from '../paint.ts';
import type { RuleStanding } from './rule-standings.ts';

/** All that is known of a job; null where nobody has said. */
export interface JobStatus {
  readonly control: string;
  readonly rest: string;
  readonly job: string | null;
  readonly state: string | null;
  readonly levels: number | null;
  readonly delivery: string | null;
  readonly runningMs: number | null;
  /** How many tasks are in which state. */
  readonly tasks: Readonly<Record<string, number>>;
  readonly restarts: number | null;
  /** Why it failed last. */
  readonly failure: string | null;
  readonly checkpoints: CheckpointStatus | null;
  /** Records that were read. */
  readonly read: number | null;
  /** Records that wait in the topics. */
  readonly behind: number | null;
  /** Event time that the job has come to, ms. */
  readonly clock: number | null;
  readonly rules: readonly RuleStanding[];
  /** Newest first. */
  readonly faults: readonly string[];
}

export interface CheckpointStatus {
  readonly completed: number;
  readonly failed: number;
  readonly last: {
    readonly at: number;
    readonly bytes: number;
    readonly tookMs: number;
    readonly path: string | null;
  } | null;
}

export function statusText(status: JobStatus, paint: Paint): string {
  const sections = [jobLines(status, paint), ruleLines(status, paint), faultLines(status, paint)];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

function jobLines(status: JobStatus, paint: Paint): string[] {
  const { job, state, control, rest, failure } = status;
  if (job === null)
    return [
      paint.red(`no job of control topic ${control} at ${rest}; weir flink submit starts one`),
    ];
  const line = (word: string, text: string): string => `  ${paint.dim(word.padEnd(11))} ${text}`;
  const isWell = state === 'RUNNING';
  const tasks = Object.entries(status.tasks).map(
    ([name, n]) => `${count(n)} ${name.toLowerCase()}`,
  );
  return [
    `job ${job} ${(isWell ? paint.green : paint.red)(state ?? '')}`,
    line(
      'control',
      `${control} at ${rest}, ${levelsText(status.levels)}, delivery ${status.delivery}`,
    ),
    line('for', durationText(status.runningMs ?? 0)),
    line('tasks', tasks.join(', ') || 'none'),
    line(
      'restarts',
      `${status.restarts ?? 'unknown'}${failure === null ? '' : `; the last failure: ${shown(failure)}`}`,
    ),
    line('checkpoints', checkpointText(status.checkpoints)),
    line(
      'read',
      `${readText(status.read)}${status.behind === null ? '' : `, ${count(status.behind)} still to read`}`,
    ),
    ...(status.clock === null ? [] : [line('clock', isoTime(status.clock))]),
  ];
}

export const levelsText = (levels: number | null): string =>
  levels === 1 ? '1 level' : `${levels ?? 'unknown'} levels`;

const readText = (read: number | null): string =>
  read === null ? 'the job has not said' : `${count(read)} records`;

function checkpointText(checkpoints: CheckpointStatus | null): string {
  if (checkpoints === null) return 'none are taken';
  const { completed, failed, last } = checkpoints;
  const counted = `${count(completed)} complete${failed > 0 ? `, ${count(failed)} failed` : ''}`;
  if (last === null) return counted;
  return `${counted}; the last at ${isoTime(last.at)}, ${count(last.bytes)} bytes, in ${count(last.tookMs)} ms`;
}

function ruleLines({ rules }: JobStatus, paint: Paint): string[] {
  if (rules.length === 0) return [];
  const width = Math.max(...rules.map(({ rule }) => cut(shown(rule), NAME_MAX).length));
  const rows = rules.map((rule) => {
    const name = cut(shown(rule.rule), NAME_MAX).padEnd(width);
    return `  ${name}  ${rule.version}  ${standingText(rule, paint)}`;
  });
  return [`${count(rules.length)} rules`, ...rows];
}

const NAME_MAX = 70;

export function standingText(
  { standing, reason, edit, activeFrom }: RuleStanding,
  paint: Paint,
): string {
  const from = activeFrom === null ? '' : `, for events from ${isoTime(activeFrom)} on`;
  switch (standing) {
    case 'parked':
      return paint.yellow(`parked (${reason?.limit}): ${shown(reason?.message ?? '')}`);
    case 'warming':
      return paint.yellow(
        `warming since edit ${edit}${from}: it has begun without what came before, which it is not given`,
      );
    case 'enabled':
    case 'shadow':
    case 'disabled':
      return paint.dim(`${standing}${activeFrom === null ? '' : ` since edit ${edit}${from}`}`);
  }
}

function faultLines({ faults }: JobStatus, paint: Paint): string[] {
  if (faults.length === 0) return [];
  return ['newest faults', ...faults.map((fault) => `  ${paint.yellow(shown(cut(fault, 300)))}`)];
}

function durationText(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const;
  const from = parts.findIndex(([number]) => number > 0);
  return parts
    .slice(from === -1 ? 3 : from)
    .slice(0, 2)
    .map(([number, unit]) => `${number} ${unit}`)
    .join(' ');
}
