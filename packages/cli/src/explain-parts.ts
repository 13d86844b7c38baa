import { spanText } from '@weir/core/language/epl/spans-of-time.ts';
import type {
  AllDetectPlan,
  JoinDetectPlan,
  SequenceDetectPlan,
} from '@weir/core/plan/match-plan.ts';

/** What a rule of steps or sides looks for, as lines of `weir explain`. */
export function partsLines(
  detect: SequenceDetectPlan | AllDetectPlan | JoinDetectPlan,
  latenessMs: number,
): [string, string][] {
  const each =
    detect.keys.length === 0
      ? 'all events together'
      : `each ${detect.keys.map(({ name }) => name).join(', ')}`;
  const shape =
    detect.kind === 'sequence'
      ? sequenceLines(detect, each)
      : detect.kind === 'all'
        ? allLines(detect, each)
        : joinLines(detect, each);
  const spanMs = spanOf(detect);
  const values = detect.columns.length - 1;
  const held =
    values === 0
      ? 'which parts want it'
      : `which parts want it and ${values} value${values === 1 ? '' : 's'}`;
  return [
    ...shape,
    ['keeps', `of each event its time, name, ${held}, for about ${spanText(spanMs + latenessMs)}`],
    [
      'alerts',
      `by the same key; results at most ${spanText(spanMs)} apart are one alert, for at most 1:day`,
    ],
  ];
}

function spanOf(detect: SequenceDetectPlan | AllDetectPlan | JoinDetectPlan): number {
  if (detect.kind === 'sequence') return detect.withinMs + detect.automaton.lookbackMs;
  if (detect.kind === 'all') return detect.withinMs;
  return Math.max(Math.abs(detect.lowMs), Math.abs(detect.highMs)) + 1;
}

const WAYS = { relaxed: 'then', next: 'then, as the very next event,', any: 'then (any)' } as const;

/** The automaton, a line for each position. */
function sequenceLines(plan: SequenceDetectPlan, each: string): [string, string][] {
  const { automaton, steps, skip, withinMs, tests } = plan;
  const { positions, edges, starts, absents, cancel } = automaton;
  const nameOf = (position: number): string => {
    const own = positions[position]!;
    const same = positions.flatMap(({ step }, i) => (step === own.step ? [i] : []));
    const name = steps[own.step]!.name;
    return same.length === 1 ? name : `${name}[${same.indexOf(position) + 1}]`;
  };
  const edgeText = (index: number): string => {
    const { to, contiguity, withinMs: near, absents: none, bars, untils } = edges[index]!;
    const also = [
      ...none.map((one) => `without ${absents[one]!.name}`),
      ...untils.map(({ test }) => `until ${tests[test]!.name}`),
      ...(bars.length > 0 ? ['greedy'] : []),
      ...(near === null ? [] : [`less than ${spanText(near)} later`]),
    ];
    return `${WAYS[contiguity]} ${nameOf(to)}${also.length === 0 ? '' : ` (${also.join(', ')})`}`;
  };
  const shown = positions.slice(0, 40);
  const lines: [string, string][] = [
    ['looks at', `steps within ${spanText(withinMs)}, for ${each}`],
    ['begins with', starts.map((edge) => nameOf(edges[edge]!.to)).join(' or ')],
    ...shown.map(({ edges: out, accepts }, i): [string, string] => {
      const ends = accepts.map((none) =>
        none.length === 0
          ? 'complete'
          : `complete if there is no ${none.map((one) => absents[one]!.name).join(', no ')} until ${none.some((one) => absents[one]!.withinMs !== null) ? 'the deadline' : 'the span ends'}`,
      );
      return ['', `${nameOf(i)}: ${[...ends, ...out.map(edgeText)].join('; ')}`];
    }),
  ];
  if (positions.length > shown.length)
    lines.push(['', `… and ${positions.length - shown.length} more positions`]);
  if (cancel !== null) lines.push(['', `${tests[cancel]!.name} ends what is in the making`]);
  const waits = positions.some(({ accepts }) => accepts.some(({ length }) => length > 0));
  lines.push([
    'results',
    waits
      ? 'when the clock has come to the deadline of the closing absence'
      : 'early: a match is shown when its last event is seen; final when no earlier event can come',
  ]);
  lines.push(['skips', SKIPS[skip.kind]('step' in skip ? (steps[skip.step]?.name ?? '') : '')]);
  const reads = tests.filter(({ withMatch }) => withMatch !== null).map(({ name }) => name);
  lines.push([
    'cost',
    reads.length === 0
      ? 'an event costs the same however many matches are in the making'
      : `${reads.join(', ')} read${reads.length === 1 ? 's' : ''} earlier steps: an event costs as much as matches are in the making`,
  ]);
  return lines;
}

const SKIPS: Readonly<Record<SequenceDetectPlan['skip']['kind'], (step: string) => string>> = {
  'past-last': () => 'past the last event of a match: one match for one attack',
  'to-next': () => 'to the next event: one match for each first event',
  'to-first': (step) => `to the first ${step} of a match`,
  'to-last': (step) => `to the last ${step} of a match`,
  none: () => 'nothing: all matches',
};

function allLines(plan: AllDetectPlan, each: string): [string, string][] {
  const steps = plan.steps.map(({ name, times }) => (times === 1 ? name : `${times} ${name}`));
  const none = plan.absents.map(({ name }) => ` and no ${name}`);
  return [
    [
      'looks at',
      `${steps.join(', ')}${none.join('')} within ${spanText(plan.withinMs)}, in any order, for ${each}`,
    ],
    [
      'results',
      plan.absents.length === 0
        ? 'early: shown when the last of them is seen'
        : `${spanText(plan.withinMs)} after the newest event, when no absence can be broken any more`,
    ],
  ];
}

function joinLines(plan: JoinDetectPlan, each: string): [string, string][] {
  const [a, b] = plan.sides;
  const signed = (ms: number): string => (ms < 0 ? `-${spanText(-ms)}` : spanText(ms));
  const far =
    plan.lowMs === -plan.highMs
      ? `at most ${spanText(plan.highMs)} apart`
      : `${b} from ${signed(plan.lowMs)} to ${signed(plan.highMs)} after ${a}`;
  const alone = plan.sides.filter((_, i) => plan.unmatched[i]);
  return [
    ['looks at', `${plan.pairs ? `pairs of ${a} and ${b}` : `${a} and ${b}`}, ${far}, for ${each}`],
    ...(alone.length === 0
      ? []
      : [
          ['', `and ${alone.join(', ')} without a partner, when none can come any more`] as [
            string,
            string,
          ],
        ]),
    ['results', 'early: a pair is shown when its later event is seen'],
  ];
}
