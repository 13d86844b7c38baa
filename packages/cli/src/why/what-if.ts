import type { AnyNode, Expression } from 'acorn';
import { printCode } from '@weir/core/language/code/print-code.ts';
import { spanText } from '@weir/core/language/epl/spans-of-time.ts';
import type {
  Code,
  RuleSyntax,
  SequenceItem,
  SourceSyntax,
} from '@weir/core/language/epl/syntax.ts';

/** The rule without one thing that it asks for. If it then fires, that thing is why it did not. */
export interface WhatIf {
  readonly cause:
    | 'late'
    | 'excepted'
    | 'absent'
    | 'cancelled'
    | 'until'
    | 'taken'
    | 'span'
    | 'between'
    | 'list'
    | 'condition'
    | 'source'
    | 'key'
    | 'order'
    | 'having'
    | 'count';
  /** What was left out, in the words of the rule. */
  readonly clause: string;
  readonly rule: RuleSyntax;
  /** Events for which this does not hold (or does: `isMet`) are those that it kept out. */
  readonly condition: {
    readonly code: Code | null;
    readonly sources: readonly SourceSyntax[];
  } | null;
  readonly isMet: boolean;
  /** Of a count: how many were there of how many. */
  readonly counted?: { readonly has: number; readonly of: number };
}

const LONG_MS = 50 * 365 * 86_400_000;

/** All of them, those first that say most. */
export function whatIfs(rule: RuleSyntax): WhatIf[] {
  return [
    { ...none, cause: 'late', clause: 'LATENESS', rule: { ...rule, latenessMs: LONG_MS } },
    ...rule.excepts.map((except, i): WhatIf => ({
      cause: 'excepted',
      clause: `EXCEPT ${printCode(except.code.tree)} (${except.reason})`,
      rule: { ...rule, excepts: rule.excepts.filter((_, j) => j !== i) },
      condition: { code: except.code, sources: [] },
      isMet: true,
    })),
    ...ofSequence(rule),
    ...ofSpan(rule),
    ...between(rule),
    ...(rule.iocs === null
      ? []
      : [
          { ...none, cause: 'list' as const, clause: 'IOC FILTERS', rule: { ...rule, iocs: null } },
        ]),
    ...conditions(rule),
    ...ofKeys(rule),
    ...ofOrder(rule),
    ...ofHaving(rule),
    ...ofCounts(rule),
  ];
}

const none = { condition: null, isMet: false } as const;

type Part = Extract<SequenceItem, { kind: 'step' | 'absent' }>;

/** The rule with its items changed, one place at a time. */
function withItems(
  rule: RuleSyntax,
  change: (item: SequenceItem) => readonly SequenceItem[],
): RuleSyntax {
  const walk = (items: readonly SequenceItem[]): SequenceItem[] =>
    items.flatMap((item) =>
      item.kind === 'group' ? change({ ...item, items: walk(item.items) }) : change(item),
    );
  const { sequence, all } = rule;
  if (sequence !== null) return { ...rule, sequence: { ...sequence, items: walk(sequence.items) } };
  return all === null ? rule : { ...rule, all: { ...all, items: walk(all.items) } };
}

const leaves = (items: readonly SequenceItem[]): Part[] =>
  items.flatMap((item) => (item.kind === 'group' ? leaves(item.items) : [item]));

const itemsOf = ({ sequence, all }: RuleSyntax): Part[] => leaves((sequence ?? all)?.items ?? []);

function ofSequence(rule: RuleSyntax): WhatIf[] {
  const { sequence } = rule;
  const found: WhatIf[] = [];
  for (const absent of itemsOf(rule).filter(({ kind }) => kind === 'absent'))
    found.push({
      cause: 'absent',
      clause: `ABSENT ${absent.name}`,
      rule: withItems(rule, (item) => (item === absent ? [] : [item])),
      condition: { code: absent.filter, sources: absent.sources },
      isMet: true,
    });
  if (sequence === null) return found;
  if (sequence.cancel !== null)
    found.push({
      cause: 'cancelled',
      clause: `CANCEL ${printCode(sequence.cancel.tree)}`,
      rule: { ...rule, sequence: { ...sequence, cancel: null } },
      condition: { code: sequence.cancel, sources: [] },
      isMet: true,
    });
  for (const step of itemsOf(rule))
    if (step.kind === 'step' && step.loop?.until)
      found.push({
        cause: 'until',
        clause: `UNTIL ${printCode(step.loop.until.tree)} of ${step.name}`,
        rule: withItems(rule, (item) =>
          item === step ? [{ ...step, loop: { ...step.loop!, until: null } }] : [item],
        ),
        condition: { code: step.loop.until, sources: [] },
        isMet: true,
      });
  if (sequence.skip.kind !== 'none')
    found.push({
      ...none,
      cause: 'taken',
      clause: `SKIP ${sequence.skip.kind.replace('-', ' ').toUpperCase()}`,
      rule: { ...rule, sequence: { ...sequence, skip: { kind: 'none' } } },
    });
  return found;
}

function ofSpan(rule: RuleSyntax): WhatIf[] {
  const { aggregate, sequence, all, join } = rule;
  const found: WhatIf[] = [];
  const add = (clause: string, changed: Partial<RuleSyntax>): void =>
    void found.push({ ...none, cause: 'span', clause, rule: { ...rule, ...changed } });
  if (aggregate !== null) {
    const { window } = aggregate;
    const long = {
      span: window.span,
      kind: 'hopping',
      lengthMs: LONG_MS,
      slideMs: LONG_MS,
    } as const;
    if (window.kind === 'session')
      add(`SESSION ${spanText(window.gapMs)}`, {
        aggregate: { ...aggregate, window: { ...window, gapMs: LONG_MS, maxMs: null } },
      });
    else if (window.kind !== 'count')
      add(`WITHIN ${spanText(window.lengthMs)}`, { aggregate: { ...aggregate, window: long } });
    else if (window.expiresMs !== null)
      add(`EXPIRES ${spanText(window.expiresMs)}`, {
        aggregate: { ...aggregate, window: { ...window, expiresMs: null } },
      });
  }
  if (sequence !== null)
    add(`WITHIN ${spanText(sequence.withinMs)}`, { sequence: { ...sequence, withinMs: LONG_MS } });
  if (all !== null) add(`WITHIN ${spanText(all.withinMs)}`, { all: { ...all, withinMs: LONG_MS } });
  if (join !== null) {
    const { between: far } = join;
    const clause = far.kind === 'within' ? `WITHIN ${spanText(far.withinMs)}` : 'BETWEEN';
    add(clause, { join: { ...join, between: { kind: 'within', withinMs: LONG_MS } } });
  }
  for (const step of itemsOf(rule))
    if (step.kind === 'step' && step.withinMs !== null)
      found.push({
        ...none,
        cause: 'span',
        clause: `WITHIN ${spanText(step.withinMs)} of ${step.name}`,
        rule: withItems(rule, (item) => (item === step ? [{ ...step, withinMs: null }] : [item])),
      });
  return found;
}

/** NEXT and CONSECUTIVE: what if others may lie between? */
function between(rule: RuleSyntax): WhatIf[] {
  if (rule.sequence === null) return [];
  return itemsOf(rule).flatMap((step): WhatIf[] => {
    if (step.kind !== 'step') return [];
    const isNext = step.contiguity === 'next';
    if (!isNext && step.loop?.inner !== 'next') return [];
    const loop = step.loop && { ...step.loop, inner: 'relaxed' as const };
    return [
      {
        ...none,
        cause: 'between',
        clause: `${isNext ? 'NEXT' : 'CONSECUTIVE'} of ${step.name}`,
        rule: withItems(rule, (item) =>
          item === step ? [{ ...step, contiguity: 'relaxed', loop }] : [item],
        ),
      },
    ];
  });
}

/** Each part of a condition, and each of SOURCES, of the rule, its steps and sides. */
function conditions(rule: RuleSyntax): WhatIf[] {
  const found = [
    ...ofFilter(rule.filter, 'FILTER', (filter) => ({ ...rule, filter })),
    ...ofSources(rule.sources, '', (sources) => ({ ...rule, sources })),
  ];
  for (const step of itemsOf(rule)) {
    if (step.kind === 'absent') continue;
    const put = (changed: Partial<typeof step>): RuleSyntax =>
      withItems(rule, (item) => (item === step ? [{ ...step, ...changed }] : [item]));
    found.push(
      ...ofFilter(step.filter, `${step.name}:`, (filter) => put({ filter })),
      ...ofSources(step.sources, `${step.name}: `, (sources) => put({ sources })),
    );
  }
  const { join } = rule;
  join?.sides.forEach((side, i) => {
    const put = (changed: Partial<typeof side>): RuleSyntax => ({
      ...rule,
      join: {
        ...join,
        sides: join.sides.map((one, j) => (i === j ? { ...one, ...changed } : one)) as never,
      },
    });
    found.push(
      ...ofFilter(side.filter, `${side.name}:`, (filter) => put({ filter })),
      ...ofSources(side.sources, `${side.name}: `, (sources) => put({ sources })),
    );
  });
  return found;
}

function ofFilter(
  filter: Code | null,
  word: string,
  put: (filter: Code | null) => RuleSyntax,
): WhatIf[] {
  if (filter === null) return [];
  const parts = conjuncts(filter);
  return parts.map((part, i): WhatIf => {
    const rest = parts.filter((_, j) => j !== i);
    return {
      cause: 'condition',
      clause: `${word} ${printCode(part.tree)}`,
      rule: put(rest.length === 0 ? null : joined(filter, rest)),
      condition: { code: part, sources: [] },
      isMet: false,
    };
  });
}

function ofSources(
  sources: readonly SourceSyntax[],
  word: string,
  put: (sources: readonly SourceSyntax[]) => RuleSyntax,
): WhatIf[] {
  return sources.map((source, i): WhatIf => ({
    cause: 'source',
    clause: `${word}SOURCES ${source.field.path.join('.')} = ${source.values.join(' or ')}`,
    rule: put(sources.filter((_, j) => j !== i)),
    condition: { code: null, sources: [source] },
    isMet: false,
  }));
}

/** The parts of a condition that must all hold. */
function conjuncts(code: Code): Code[] {
  const parts = (tree: AnyNode): AnyNode[] =>
    tree.type === 'LogicalExpression' && tree.operator === '&&'
      ? [...parts(tree.left as AnyNode), ...parts(tree.right as AnyNode)]
      : [tree];
  if (code.names !== 'function')
    return parts(code.tree as AnyNode).map((tree) => ({ ...code, tree: tree as Expression }));
  // Of a function only if it is one expression.
  if (!('body' in code.tree) || code.tree.body.type === 'BlockStatement') return [code];
  return parts(code.tree.body as AnyNode).map((body) => ({
    ...code,
    tree: { ...code.tree, body } as Code['tree'],
  }));
}

function joined(filter: Code, parts: readonly Code[]): Code {
  const bodies = parts.map(({ tree }) =>
    filter.names === 'function' && 'body' in tree ? tree.body : tree,
  ) as Expression[];
  const tree = bodies.reduce((left, right) => ({
    type: 'LogicalExpression',
    operator: '&&',
    left,
    right,
    start: left.start,
    end: right.end,
  }));
  if (filter.names !== 'function') return { ...filter, tree };
  return { ...filter, tree: { ...filter.tree, body: tree } as Code['tree'] };
}

function ofKeys(rule: RuleSyntax): WhatIf[] {
  const found: WhatIf[] = [];
  const add = (changed: Partial<RuleSyntax>, names: string): void =>
    void found.push({
      ...none,
      cause: 'key',
      clause: `BY ${names}`,
      rule: { ...rule, ...changed },
    });
  const { aggregate, sequence, all, join } = rule;
  const named = (keys: readonly { readonly name: string }[] | null): string =>
    (keys ?? []).map(({ name }) => name).join(', ');
  const bare = (changed: RuleSyntax): RuleSyntax =>
    withItems(changed, (item) => (item.kind === 'group' ? [item] : [{ ...item, keys: null }]));
  if (aggregate?.keys) add({ aggregate: { ...aggregate, keys: null } }, named(aggregate.keys));
  if (sequence?.keys)
    add({ sequence: { ...bare(rule).sequence!, keys: null } }, named(sequence.keys));
  if (all?.keys) add({ all: { ...bare(rule).all!, keys: null } }, named(all.keys));
  if (join?.keys)
    add(
      {
        join: {
          ...join,
          keys: null,
          sides: join.sides.map((side) => ({ ...side, keys: null })) as never,
        },
      },
      named(join.keys),
    );
  return found;
}

/** The steps in another order: then they are there, and not as the rule has them. */
function ofOrder(rule: RuleSyntax): WhatIf[] {
  const { sequence } = rule;
  if (sequence === null || sequence.items.some(({ kind }) => kind !== 'step')) return [];
  const items = itemsOf(rule).map((step) => {
    const { loop } = step as Extract<Part, { kind: 'step' }>;
    return {
      ...step,
      contiguity: 'relaxed' as const,
      isOptional: false,
      withinMs: null,
      filter: step.filter !== null && readsMatch(step.filter) ? null : step.filter,
      loop: loop && {
        ...loop,
        most: loop.least,
        isGreedy: false,
        inner: 'relaxed' as const,
        until: null,
      },
    };
  });
  const { span, keys, withinMs } = sequence;
  return [
    {
      ...none,
      cause: 'order',
      clause: itemsOf(rule)
        .map(({ name }) => name)
        .join(', then '),
      rule: {
        ...rule,
        sequence: null,
        all: { span, keys, withinMs, items: items as never, having: null },
      },
    },
  ];
}

const readsMatch = ({ tree }: Code): boolean => 'params' in tree && tree.params.length > 1;

function ofHaving(rule: RuleSyntax): WhatIf[] {
  const { aggregate, sequence, all, join } = rule;
  const part = sequence ?? all ?? join ?? aggregate;
  if (part === null || part.having === null) return [];
  const clause =
    `HAVING ${part.having.names === 'aggregates' ? '' : printCode(part.having.tree)}`.trim();
  const name =
    sequence !== null ? 'sequence' : all !== null ? 'all' : join !== null ? 'join' : 'aggregate';
  return [
    { ...none, cause: 'having', clause, rule: { ...rule, [name]: { ...part, having: null } } },
  ];
}

/** Fewer of what must be there so often: four of five. */
function ofCounts(rule: RuleSyntax): WhatIf[] {
  return itemsOf(rule).flatMap((step) => {
    if (step.kind !== 'step' || step.loop === null || step.loop.least < 2) return [];
    const { least } = step.loop;
    return Array.from({ length: Math.min(least - 1, 20) }, (_, i): WhatIf => {
      const has = least - 1 - i;
      return {
        ...none,
        cause: 'count',
        clause: `${step.name} TIMES ${least}`,
        rule: withItems(rule, (item) =>
          item === step
            ? [
                {
                  ...step,
                  loop: {
                    ...step.loop!,
                    least: has,
                    most: step.loop!.most === least ? has : step.loop!.most,
                  },
                },
              ]
            : [item],
        ),
        counted: { has, of: least },
      };
    });
  });
}
