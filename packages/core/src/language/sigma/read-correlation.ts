import { isMap, isScalar, isSeq, type Node } from 'yaml';
import { SigmaProblem } from './sigma-problem.ts';
import type { Comparison, CorrelationType, SigmaCorrelation, SigmaFacts } from './sigma-rule.ts';
import { entriesOf, entry, fail, spanOf, textAt, textsAt } from './yaml-document.ts';

export const CORRELATION_TYPES: readonly CorrelationType[] = [
  'event_count',
  'value_count',
  'value_sum',
  'value_avg',
  'value_percentile',
  'value_median',
  'temporal',
  'temporal_ordered',
];
const COMPARISONS: readonly Comparison[] = ['gt', 'gte', 'lt', 'lte', 'eq', 'neq'];
/** Months and years as pySigma counts them. */
const UNITS_MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  M: 2_629_746_000,
  y: 31_556_952_000,
};

/** Reads the `correlation` of a document. Source: Sigma correlation rules specification 2.1. */
export function readCorrelation(
  facts: SigmaFacts,
  node: Node | null,
  generate: Node | null | undefined,
): SigmaCorrelation {
  const type = typeOf(node);
  const condition = entry(node, 'condition');
  if (type.startsWith('value_') || type === 'event_count') {
    if (!isMap(condition))
      fail(condition ?? node, `a correlation of type ${type} needs a condition`);
  }
  const { comparisons, fields, percentile } = conditionOf(condition);
  if (type.startsWith('value_') && fields.length === 0)
    fail(condition, `${type} needs the \`field\` whose values it looks at`);
  return {
    kind: 'correlation',
    facts,
    type,
    rules: rulesOf(node),
    groupBy: textsAt(entry(node, 'group-by'), 'a field'),
    aliases: aliasesOf(entry(node, 'aliases')),
    timespanMs: timespanOf(node),
    fields,
    percentile,
    comparisons,
    // Sigma has it beside the correlation; older rules have it in it.
    isGenerating: isTrue(generate) || isTrue(entry(node, 'generate')),
    span: spanOf(node),
  };
}

const isTrue = (node: Node | null | undefined): boolean => isScalar(node) && node.value === true;

function typeOf(node: Node | null): CorrelationType {
  entriesOf(node, 'correlation');
  const text = textAt(entry(node, 'type') ?? node, 'the type of a correlation');
  const type = CORRELATION_TYPES.find((one) => one === text);
  return (
    type ??
    fail(
      entry(node, 'type'),
      `\`${text}\` is not a type of correlation`,
      CORRELATION_TYPES.join(', '),
    )
  );
}

function rulesOf(node: Node | null): SigmaCorrelation['rules'] {
  const rules = entry(node, 'rules');
  const nodes = isSeq(rules) ? (rules.items as Node[]) : rules ? [rules] : [];
  if (nodes.length === 0) fail(node, 'a correlation names the rules that it reads');
  return nodes.map((one) => ({ name: textAt(one, 'the name of a rule'), span: spanOf(one) }));
}

function aliasesOf(node: Node | null | undefined): Map<string, Map<string, string>> {
  if (node === undefined || node === null) return new Map();
  return new Map(
    entriesOf(node, 'aliases').map(({ name, value }) => [
      name,
      new Map(entriesOf(value, 'an alias').map((one) => [one.name, textAt(one.value, 'a field')])),
    ]),
  );
}

function timespanOf(node: Node | null): number {
  const found = entry(node, 'timespan') ?? entry(node, 'timeframe');
  if (found === undefined || found === null)
    return fail(node, 'a correlation needs its `timespan`', '5m');
  const text = textAt(found, 'timespan');
  const [, count, unit] = /^(\d+)([smhdwMy])$/.exec(text) ?? [];
  if (count === undefined || Number(count) === 0)
    return fail(found, `\`${text}\` is not a timespan: a number and s, m, h, d, w, M or y`, '5m');
  return Number(count) * UNITS_MS[unit!]!;
}

function conditionOf(
  node: Node | null | undefined,
): Pick<SigmaCorrelation, 'comparisons' | 'fields' | 'percentile'> {
  const comparisons: { operator: Comparison; number: number }[] = [];
  let fields: string[] = [];
  let percentile: number | null = null;
  if (node === undefined || node === null) return { comparisons, fields, percentile };
  for (const { name, key, value } of entriesOf(node, 'a condition')) {
    const operator = COMPARISONS.find((one) => one === name);
    if (operator !== undefined) comparisons.push({ operator, number: numberAt(value) });
    else if (name === 'field') fields = textsAt(value, 'a field');
    else if (name === 'percentile') percentile = numberAt(value);
    else
      throw new SigmaProblem(
        'E602',
        `a condition has no entry called ${name}`,
        spanOf(key),
        COMPARISONS.join(', '),
      );
  }
  if (comparisons.length === 0) fail(node, 'the condition compares with nothing', 'gte: 10');
  return { comparisons, fields, percentile };
}

function numberAt(node: Node | null): number {
  const value = isScalar(node) ? Number(node.value) : Number.NaN;
  return Number.isFinite(value) ? value : fail(node, 'a number is needed here');
}
