/** Rules of Sigma as EPL: text that the parser of EPL reads. */
import { nameText } from '../epl/print.ts';
import { spanText } from '../epl/spans-of-time.ts';
import { stringText } from '../code/print-code.ts';
import { fieldCode, joined, ruleCode } from './rule-code.ts';
import type { LogSource, SigmaCorrelation, SigmaFacts, SigmaRule } from './sigma-rule.ts';

/** The EPL of a rule. Throws SigmaProblem. */
export function ruleText(rule: SigmaRule): string {
  return [
    ...headLines(rule.facts),
    ...sourceLines(rule.logSource),
    `FILTER ${ruleCode(rule)}`,
  ].join('\n  ');
}

function headLines(facts: SigmaFacts): string[] {
  const lines = [`RULE ${stringText(facts.title)}`];
  const one = (word: string, text: string | null): void => {
    if (text !== null && text.trim() !== '') lines.push(`${word} ${stringText(text.trim())}`);
  };
  const list = (word: string, texts: readonly string[]): void => {
    if (texts.length > 0) lines.push(`${word} ${texts.map(stringText).join(', ')}`);
  };
  one('ID', facts.id ?? facts.name);
  one('DESCRIPTION', facts.description);
  if (facts.level !== null) lines.push(`SEVERITY ${facts.level}`);
  list('TAGS', facts.tags);
  one('OWNER', facts.author);
  list('REFERENCES', facts.references);
  list('FALSE POSITIVES', facts.falsePositives);
  return lines;
}

type SourceField = keyof LogSource;
/** From the widest to the narrowest. */
const SOURCE_FIELDS: readonly SourceField[] = ['product', 'category', 'service'];

function sourceLines(...logSources: readonly LogSource[]): string[] {
  const tests = SOURCE_FIELDS.flatMap((field) => {
    const values = logSources.map((logSource) => logSource[field]);
    if (values.includes(null)) return [];
    return [`$${field} = [${[...new Set(values as string[])].map(stringText).join(', ')}]`];
  });
  return tests.length === 0 ? [] : [`SOURCES ${tests.join(' AND ')}`];
}

/** What SOURCES of several rules together cannot say: which of them an event belongs to. */
function sourceCode(logSource: LogSource): string[] {
  return SOURCE_FIELDS.flatMap((field) => {
    const value = logSource[field];
    return value === null ? [] : [`utils.equals(event.$${field}, ${stringText(value)})`];
  });
}

/** The EPL of a correlation over the rules that it reads. */
export function correlationText(
  correlation: SigmaCorrelation,
  rules: readonly SigmaRule[],
): string {
  const logSources = rules.map(({ logSource }) => logSource);
  const isOneSource = logSources.every(
    (one) => JSON.stringify(one) === JSON.stringify(logSources[0]),
  );
  const codes = rules.map((rule) =>
    joined([...(isOneSource ? [] : sourceCode(rule.logSource)), ruleCode(rule)], 'and'),
  );
  const cases = rules.map(({ facts }, i) => ({ names: [facts.id, facts.name], code: codes[i]! }));
  if (correlation.type === 'temporal_ordered')
    return [
      ...headLines(correlation.facts),
      ...sourceLines(...logSources),
      `SEQUENCE BY ${keysText(correlation, cases)}`,
      `WITHIN ${spanText(correlation.timespanMs)}`,
      ...stepNames(rules).map((name, i) => `STEP ${name} FILTER ${codes[i]}`),
    ].join('\n  ');
  return [
    ...headLines(correlation.facts),
    ...sourceLines(...logSources),
    `FILTER ${joined(codes, 'or')}`,
    `AGGREGATE BY ${keysText(correlation, cases)}`,
    `WITHIN ${spanText(correlation.timespanMs)} SLIDING`,
    `HAVING ${havingText(correlation, cases)}`,
  ].join('\n  ');
}

/** Rules by their names, as far as these can be names of steps. */
function stepNames(rules: readonly SigmaRule[]): string[] {
  const seen = new Set<string>();
  return rules.map(({ facts }, i) => {
    const name = (facts.name ?? '').replace(/\W/g, '_');
    const own = /^[A-Za-z_]/.test(name) && !seen.has(name) ? name : `step_${i + 1}`;
    seen.add(own);
    return own;
  });
}

interface Case {
  /** By which aliases may call the rule. */
  readonly names: readonly (string | null)[];
  readonly code: string;
}

function keysText(correlation: SigmaCorrelation, cases: readonly Case[]): string {
  if (correlation.groupBy.length === 0) return '*';
  return correlation.groupBy
    .map((field) => {
      const code = aliasedCode(correlation, cases, field);
      return code === fieldCode(field) && isPlain(field)
        ? nameText({ path: field.split('.') })
        : `${field.replace(/\W/g, '_')} = ${code}`;
    })
    .join(', ');
}

const isPlain = (field: string): boolean => /^[\w$@]+(?:\.[\w$@]+)*$/.test(field);

/** A field that may be another one in the events of each rule. */
function aliasedCode({ aliases }: SigmaCorrelation, cases: readonly Case[], field: string): string {
  const alias = aliases.get(field);
  const fields = cases.map(({ names }) => {
    const name = names.find((one) => one !== null && alias?.has(one));
    return fieldCode((name && alias?.get(name)) ?? field);
  });
  if (new Set(fields).size <= 1) return fields[0] ?? fieldCode(field);
  const [last, ...before] = fields.map((code, i) => ({ code, when: cases[i]!.code })).toReversed();
  return before.reduce((rest, { code, when }) => `(${when} ? ${code} : ${rest})`, last!.code);
}

const OPERATORS = { gt: '>', gte: '>=', lt: '<', lte: '<=', eq: '==', neq: '!=' } as const;

function havingText(correlation: SigmaCorrelation, cases: readonly Case[]): string {
  const { type, fields, percentile, comparisons } = correlation;
  if (type === 'temporal') return temporalText(correlation, cases);
  const codes = fields.map((field) => aliasedCode(correlation, cases, field));
  const aggregate = {
    event_count: 'count()',
    value_count: `distinct(${codes.join(', ')})`,
    value_sum: `sum(${codes[0]})`,
    value_avg: `avg(${codes[0]})`,
    value_percentile: `percentile(${codes[0]}, ${percentile ?? 50})`,
    value_median: `percentile(${codes[0]}, 50)`,
    temporal: '',
    temporal_ordered: '',
  }[type];
  return comparisons
    .map(({ operator, number }) => `${aggregate} ${OPERATORS[operator]} ${number}`)
    .join(' && ');
}

/** Each of the rules, or as many of them as the condition says, within the timespan; one event may serve several. */
function temporalText({ comparisons }: SigmaCorrelation, cases: readonly Case[]): string {
  const counts = cases.map(({ code }) => `count(${code}) >= 1`);
  const isAll =
    comparisons.length === 0 ||
    comparisons.every(({ operator, number }) => operator === 'gte' && number === cases.length);
  if (isAll) return counts.join(' && ');
  const met = counts.map((count) => `(${count} ? 1 : 0)`).join(' + ');
  return comparisons
    .map(({ operator, number }) => `${met} ${OPERATORS[operator]} ${number}`)
    .join(' && ');
}
