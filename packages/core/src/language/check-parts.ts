import type { AnyNode } from 'acorn';
import type { Diagnostic, Span } from '../plan/diagnostic.ts';
import { staticKey } from './code/tree-names.ts';
import type {
  Code,
  KeySyntax,
  RuleSyntax,
  SequenceItem,
  SourceSyntax,
  StepSyntax,
} from './epl/syntax.ts';
import { nearest } from './diagnostics/nearest.ts';
import { visit } from './epl/visit.ts';
import { hasInput, isStrict } from './lower-parts.ts';

type Add = (code: Diagnostic['code'], message: string, span: Span, correction?: string) => void;

/** What can be said of SEQUENCE, ALL and JOIN without compiling their code. */
export function checkParts(rule: RuleSyntax, add: Add): void {
  const { sequence, all, join } = rule;
  if (sequence !== null) checkSequence(rule, sequence, add);
  if (all !== null) checkAll(all.items, add);
  const keys = (sequence ?? all ?? join)?.keys ?? [];
  for (const part of partsOf(rule)) {
    checkKeys(part, keys.length, add);
    checkNever(rule, part, add);
  }
}

interface Part {
  readonly name: string;
  readonly span: Span;
  readonly keys: readonly KeySyntax[] | null;
  readonly sources: readonly SourceSyntax[];
  readonly filter: Code | null;
}

function partsOf({ sequence, all, join }: RuleSyntax): readonly Part[] {
  return join !== null ? join.sides : leavesOf((sequence ?? all)?.items ?? []);
}

const leavesOf = (items: readonly SequenceItem[]): Exclude<SequenceItem, { kind: 'group' }>[] =>
  items.flatMap((item) => (item.kind === 'group' ? leavesOf(item.items) : [item]));

function checkKeys({ name, keys, span }: Part, count: number, add: Add): void {
  if (keys !== null && keys.length !== count)
    add(
      'E210',
      `${name} has ${keys.length} keys and the rule ${count}: they are compared one by one`,
      span,
    );
}

function checkSequence(
  rule: RuleSyntax,
  { items, skip, keys, span }: NonNullable<RuleSyntax['sequence']>,
  add: Add,
): void {
  const steps = leavesOf(items).filter((item): item is StepSyntax => item.kind === 'step');
  if (steps.length === 0)
    return add('E217', 'a sequence needs a step', span, 'STEP first FILTER …');
  checkFirst(items, add);
  checkAbsents(items, true, add);
  if (isStrict(items) && !hasInput(rule))
    add(
      'E209',
      'NEXT and CONSECUTIVE ask for the very next event: next to what?',
      span,
      'say what the input is: FILTER true, or SOURCES',
    );
  if ('step' in skip) {
    const names = steps.map(({ name }) => name);
    if (!names.includes(skip.step))
      add('E216', `SKIP names no step: ${skip.step}`, span, nearest(skip.step, names));
    else if (skip.kind === 'to-first' && names[0] === skip.step)
      add(
        'W508',
        `no match begins before the first ${skip.step} of another`,
        span,
        'SKIP NONE, or SKIP TO NEXT',
      );
  }
  for (const step of steps)
    if (step.withinMs !== null && step.loop !== null)
      add('W505', `each event of ${step.name} may be so far after the one before it`, step.span);
  if (skip.kind === 'past-last') checkEqualities(steps, keys ?? [], add);
}

/** What a sequence begins with is next to nothing. */
function checkFirst(items: readonly SequenceItem[], add: Add): void {
  const first = items.find(({ kind }) => kind !== 'absent');
  if (first === undefined) return;
  if (
    first.kind !== 'absent' &&
    first.isOptional &&
    items.some((item) => item !== first && item.kind !== 'absent')
  )
    add('W506', `without ${first.name} its events are no evidence of the match`, first.span);
  if (first.kind === 'group') return checkFirst(first.items, add);
  if (first.kind === 'step' && first.contiguity !== 'relaxed')
    add(
      'E206',
      `${first.name} is the first step: it follows nothing`,
      first.span,
      `leave out ${first.contiguity.toUpperCase()}`,
    );
}

/** WITHIN is for absences at the ends: those that look back from the first event, or ahead from the last. */
function checkAbsents(items: readonly SequenceItem[], isTop: boolean, add: Add): void {
  const firstStep = items.findIndex(({ kind }) => kind !== 'absent');
  const lastStep = items.findLastIndex(({ kind }) => kind !== 'absent');
  items.forEach((item, i) => {
    if (item.kind === 'group') return checkAbsents(item.items, false, add);
    if (item.kind !== 'absent') return;
    const isLeading = isTop && i < firstStep;
    const isClosing = isTop && i > lastStep;
    if (item.withinMs !== null && !isLeading && !isClosing)
      add(
        'E207',
        `${item.name} lies between steps: it is absent from one to the other`,
        item.span,
        'leave out WITHIN',
      );
    if (item.withinMs === null && isLeading)
      add(
        'E208',
        `${item.name} comes before the first event: how far does it look back?`,
        item.span,
        `ABSENT ${item.name} … WITHIN 10:min`,
      );
    if (item.isNext && isLeading)
      add(
        'E206',
        `${item.name} comes before the first event, and is next to nothing`,
        item.span,
        'leave out NEXT',
      );
  });
}

function checkAll(items: readonly SequenceItem[], add: Add): void {
  if (!items.some(({ kind }) => kind === 'step'))
    add('E217', 'ALL needs a step', items[0]!.span, 'STEP first FILTER …');
  for (const item of items) {
    const wrong =
      item.kind === 'group'
        ? 'groups'
        : item.kind === 'absent'
          ? item.isNext
            ? 'NEXT'
            : item.withinMs !== null
              ? 'WITHIN of an absence'
              : null
          : wrongOfStep(item);
    if (wrong !== null)
      add(
        'E215',
        `the steps of ALL have no order, and no ${wrong}`,
        item.span,
        'STEP name FILTER … TIMES n',
      );
  }
}

function wrongOfStep({ contiguity, isOptional, withinMs, loop }: StepSyntax): string | null {
  if (contiguity !== 'relaxed') return contiguity.toUpperCase();
  if (isOptional) return 'OPTIONAL';
  if (withinMs !== null) return 'WITHIN of a step';
  if (loop === null) return null;
  if (loop.until !== null) return 'UNTIL';
  if (loop.isGreedy || loop.inner !== 'relaxed') return 'GREEDY, CONSECUTIVE or COMBINATIONS';
  return loop.most !== loop.least ? 'range: TIMES n is at least n' : null;
}

// ---- what is not meant ---------------------------------------------------------------------------------------------

/** `event.user == match.first.user`: under one key a second attack is lost under PAST LAST. */
function checkEqualities(steps: readonly StepSyntax[], keys: readonly KeySyntax[], add: Add): void {
  const known = keys.flatMap(({ value }) =>
    value.kind === 'field' ? [value.field.path.join('.')] : [],
  );
  for (const { filter } of steps) {
    if (filter === null || !('params' in filter.tree) || filter.tree.params.length < 2) continue;
    const [event, match] = filter.tree.params.map((param) =>
      param.type === 'Identifier' ? param.name : null,
    );
    visit(filter.tree.body, (node) => {
      if (node.type !== 'BinaryExpression' || (node.operator !== '==' && node.operator !== '==='))
        return;
      const paths = [node.left, node.right].map((side) => chainOf(side as AnyNode));
      const own = paths
        .find((path) => path?.[0] === event)
        ?.slice(1)
        .join('.');
      const other = paths
        .find((path) => path?.[0] === match)
        ?.slice(2)
        .join('.');
      if (own === undefined || other === undefined || own === '' || known.includes(own)) return;
      add('W507', `${own} is compared with an earlier step, and is not in BY`, node, `BY ${own}`);
    });
  }
}

/** `a.b.c` as its names; null: it is no such chain. */
function chainOf(node: AnyNode): string[] | null {
  if (node.type === 'Identifier') return [node.name];
  if (node.type !== 'MemberExpression') return null;
  const name = node.computed ? null : staticKey(node.property as AnyNode);
  const rest = chainOf(node.object as AnyNode);
  return name === null || rest === null ? null : [...rest, name];
}

/** Conditions that contradict each other, or are never true. */
function checkNever(rule: RuleSyntax, part: Part, add: Add): void {
  const never = (why: string): void =>
    add(
      'W509',
      `${part.name} can never match: ${why}`,
      part.span,
      'compare its conditions with those of the rule',
    );
  const sources = [...rule.sources, ...part.sources];
  for (const [i, { field, values }] of sources.entries()) {
    const name = field.path.join('.');
    const other = sources.slice(i + 1).find((one) => one.field.path.join('.') === name);
    if (other !== undefined && !other.values.some((value) => values.includes(value)))
      return never(`${name} cannot be ${values.join(' or ')} and ${other.values.join(' or ')}`);
  }
  const seen = new Map<string, unknown>();
  for (const filter of [rule.filter, part.filter]) {
    for (const one of conjuncts(filter)) {
      if (one.type === 'Literal' && !one.value) return never('its condition is always false');
      const equal = equalityOf(one);
      if (equal === null) continue;
      const [path, value] = equal;
      if (seen.has(path) && seen.get(path) !== value)
        return never(
          `${path} cannot be ${JSON.stringify(seen.get(path))} and ${JSON.stringify(value)}`,
        );
      seen.set(path, value);
    }
  }
}

function conjuncts(code: Code | null): AnyNode[] {
  if (code === null || code.names !== 'event') return [];
  const parts = (node: AnyNode): AnyNode[] =>
    node.type === 'LogicalExpression' && node.operator === '&&'
      ? [...parts(node.left as AnyNode), ...parts(node.right as AnyNode)]
      : [node];
  return parts(code.tree as AnyNode);
}

/** `event.path === constant`, of which two with different constants contradict each other. */
function equalityOf(node: AnyNode): [path: string, value: unknown] | null {
  if (node.type !== 'BinaryExpression' || (node.operator !== '==' && node.operator !== '==='))
    return null;
  const [path] = [node.left, node.right]
    .map((side) => chainOf(side as AnyNode))
    .filter((one) => one?.[0] === 'event');
  const literal = [node.left, node.right].find((side) => side.type === 'Literal');
  if (path === undefined || path === null || path.length < 2 || literal?.type !== 'Literal')
    return null;
  // 1 and '1' are equal to `==`.
  return [path.slice(1).join('.'), String(literal.value)];
}
