import { isMap, isScalar, isSeq, type Node } from 'yaml';
import type { Span } from '../../plan/diagnostic.ts';
import type { Severity } from '../../plan/plan.ts';
import { parseCondition, type Condition } from './condition.ts';
import { applyModifiers, checkModifiers, type RawValue } from './modifiers.ts';
import { SigmaProblem } from './sigma-problem.ts';
import type {
  Detection,
  Item,
  LogSource,
  SigmaDocument,
  SigmaFacts,
  SigmaFilter,
  SigmaRule,
} from './sigma-rule.ts';
import { readCorrelation } from './read-correlation.ts';
import {
  entriesOf,
  entry,
  fail,
  spanOf,
  textAt,
  textsAt,
  type YamlDocument,
} from './yaml-document.ts';

const LEVELS: readonly Severity[] = ['informational', 'low', 'medium', 'high', 'critical'];
const DEPTH_MAX = 20;

/** Reads one document: a rule, a correlation or a filter. Throws SigmaProblem with the place of what is wrong. */
export function readSigma(document: YamlDocument, file: string): SigmaDocument {
  const { root } = document;
  if (!isMap(root)) return fail(root, 'this is not a Sigma rule: it holds no entries');
  if (entry(root, 'action') !== undefined)
    throw new SigmaProblem(
      'E603',
      'rule collections with `action` were taken out of Sigma',
      spanOf(entry(root, 'action')),
      'one document for each rule',
    );
  const facts = readFacts(document, file);
  if (entry(root, 'correlation') !== undefined)
    return readCorrelation(facts, entry(root, 'correlation')!, entry(root, 'generate'));
  if (entry(root, 'filter') !== undefined) return readFilter(facts, root);
  return readRule(facts, root);
}

function readFacts({ root, span, plain }: YamlDocument, file: string): SigmaFacts {
  const text = (name: string): string | null => {
    const node = entry(root, name);
    return node === undefined || node === null ? null : textAt(node, name);
  };
  const level = text('level');
  if (level !== null && !LEVELS.includes(level as Severity))
    fail(entry(root, 'level'), `\`${level}\` is not a level`, LEVELS.join(', '));
  if (entry(root, 'title') === undefined)
    throw new SigmaProblem('E602', 'a rule needs a title', { ...span, end: span.start + 1 });
  return {
    file,
    span,
    titleSpan: spanOf(entry(root, 'title')),
    title: textAt(entry(root, 'title'), 'title'),
    id: text('id'),
    name: text('name'),
    status: text('status'),
    description: text('description'),
    author: text('author'),
    level: level as Severity | null,
    tags: textsAt(entry(root, 'tags'), 'a tag'),
    references: textsAt(entry(root, 'references'), 'a reference'),
    falsePositives: textsAt(entry(root, 'falsepositives'), 'a false positive'),
    taxonomy: text('taxonomy') ?? 'sigma',
    plain: plain() as Record<string, unknown>,
  };
}

function readRule(facts: SigmaFacts, root: Node): SigmaRule {
  const node = entry(root, 'detection');
  if (node === undefined)
    throw new SigmaProblem(
      'E602',
      'this is neither a rule nor a correlation nor a filter: it has no `detection`',
      facts.titleSpan,
    );
  const { detections, conditions } = readDetections(node, 'detection', []);
  return {
    kind: 'rule',
    facts,
    logSource: readLogSource(entry(root, 'logsource'), facts.titleSpan),
    detections,
    conditions,
    fields: textsAt(entry(root, 'fields'), 'a field'),
  };
}

function readFilter(facts: SigmaFacts, root: Node): SigmaFilter {
  const node = entry(root, 'filter');
  const rulesNode = entry(node, 'rules');
  if (rulesNode === undefined) fail(node, 'a filter names its `rules`, or `any`');
  const { detections, conditions } = readDetections(node, 'filter', ['rules']);
  const isAny = isScalar(rulesNode) && rulesNode.value === 'any';
  const nodes = isSeq(rulesNode) ? (rulesNode.items as Node[]) : [rulesNode!];
  return {
    kind: 'filter',
    facts,
    logSource: readLogSource(entry(root, 'logsource'), facts.titleSpan),
    rules: isAny
      ? null
      : nodes.map((one) => ({ name: textAt(one, 'the name of a rule'), span: spanOf(one) })),
    detections,
    condition: conditions[0]!,
  };
}

function readLogSource(node: Node | null | undefined, place: Span): LogSource {
  if (node === undefined || node === null)
    throw new SigmaProblem('E602', 'a `logsource` is missing', place);
  const part = (name: string): string | null => {
    const value = entry(node, name);
    return value === undefined || value === null ? null : textAt(value, name).toLowerCase();
  };
  entriesOf(node, 'logsource');
  return { category: part('category'), product: part('product'), service: part('service') };
}

function readDetections(
  node: Node | null | undefined,
  what: string,
  besides: readonly string[],
): { detections: Map<string, Detection>; conditions: Condition[] } {
  const detections = new Map<string, Detection>();
  const entries = entriesOf(node, what);
  for (const { name, value } of entries)
    if (!['condition', 'timeframe', ...besides].includes(name))
      detections.set(name, readDetection(value, 0));
  const node_ = entries.find(({ name }) => name === 'condition')?.value;
  if (node_ === undefined || node_ === null) return fail(node, `the ${what} has no condition`);
  const nodes = isSeq(node_) ? (node_.items as Node[]) : [node_];
  if (nodes.length === 0) fail(node_, 'the condition is empty');
  const names = [...detections.keys()];
  return {
    detections,
    conditions: nodes.map((one) => parseCondition(textAt(one, 'a condition'), names, placeIn(one))),
  };
}

/** Where a piece of a scalar's text stands; quoted and folded text by its beginning. */
function placeIn(node: Node): (from: number, to: number) => Span {
  const { start, end } = spanOf(node);
  const isPlain = isScalar(node) && node.type === 'PLAIN' && end - start < 4000;
  const isQuoted = isScalar(node) && (node.type === 'QUOTE_SINGLE' || node.type === 'QUOTE_DOUBLE');
  const shift = isQuoted ? 1 : 0;
  return (from, to) =>
    isPlain || isQuoted
      ? {
          start: Math.min(start + shift + from, end - 1),
          end: Math.max(Math.min(start + shift + to, end), start + 1),
        }
      : { start, end };
}

function readDetection(node: Node | null, depth: number): Detection {
  const span = spanOf(node);
  if (depth > DEPTH_MAX) return fail(node, 'the detection is nested too deeply');
  if (isMap(node)) {
    const items = entriesOf(node, 'a detection').map(({ name, key, value }) =>
      readItem(name, key, value),
    );
    if (items.length === 0) fail(node, 'the detection is empty');
    return { link: 'and', items, span };
  }
  if (!isSeq(node)) return { link: 'or', items: [keywords([node], span)], span };
  const nodes = node.items as (Node | null)[];
  if (nodes.length === 0) return fail(node, 'the detection is empty');
  const isNested = (one: Node | null): boolean => isMap(one) || isSeq(one);
  const plain = nodes.filter((one) => !isNested(one));
  const nested = nodes.filter(isNested).map((one) => readDetection(one, depth + 1));
  return {
    link: 'or',
    items: [...(plain.length > 0 ? [keywords(plain, span)] : []), ...nested],
    span,
  };
}

const keywords = (nodes: readonly (Node | null)[], span: Span): Item => ({
  field: null,
  modifiers: [],
  values: nodes.map((node) => applyModifiers(rawOf(node), [], spanOf(node))),
  link: 'or',
  isNegated: false,
  span,
  appliedBy: [],
});

function readItem(name: string, key: Node, node: Node | null): Item {
  const [field = '', ...modifiers] = name.split('|');
  const span = spanOf(key);
  checkModifiers(modifiers, span);
  const nodes = isSeq(node) ? (node.items as (Node | null)[]) : [node];
  const values = nodes.map((one) =>
    applyModifiers(rawOf(one), modifiers, one === null ? span : spanOf(one)),
  );
  return {
    field: field === '' ? null : field,
    modifiers,
    values,
    link: modifiers.includes('all') ? 'and' : 'or',
    isNegated: modifiers.includes('neq'),
    span: { start: span.start, end: Math.max(span.end, spanOf(node).end) },
    appliedBy: [],
  };
}

function rawOf(node: Node | null): RawValue {
  if (node === null) return null;
  if (!isScalar(node)) return fail(node, 'a value must be text, a number, true, false or null');
  const { value, source } = node;
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number')
    // A number that a double cannot hold is compared as the text of its digits, as events have it.
    return Number.isInteger(value) && !Number.isSafeInteger(value)
      ? (source ?? String(value))
      : value;
  return fail(node, 'this value is of no kind that Sigma has');
}
