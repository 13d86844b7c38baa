import type { Diagnostic, Span } from '../plan/diagnostic.ts';
import type { SourcesPlan } from '../plan/source-plan.ts';
import { checkParts } from './check-parts.ts';
import { visit } from './epl/visit.ts';
import { aggregateWord } from './code/aggregates.ts';
import { diagnostic } from './diagnostics/diagnostic.ts';
import { nearest } from './diagnostics/nearest.ts';
import type { IocSyntax, RuleSyntax, SequenceItem, SideSyntax } from './epl/syntax.ts';
import type { SigmaFacts } from './sigma/sigma-rule.ts';

/** A rule and where it was read. */
export interface RuleInFile {
  readonly syntax: RuleSyntax;
  readonly file: string;
  /** The Sigma document that it was made of; its syntax then has no places of its own. */
  readonly sigma?: SigmaFacts;
}

/** What can be said of rules that can be read, without compiling their code. */
export function checkRules(
  rules: readonly RuleInFile[],
  sources: SourcesPlan,
  outputs: readonly string[] | null = null,
): Diagnostic[] {
  return [
    ...checkNames(rules),
    ...rules.flatMap((rule) => [...checkRule(rule, sources), ...checkOutputs(rule, outputs)]),
  ];
}

/** `known`: null where nothing is known of outputs. */
function checkOutputs({ syntax, file }: RuleInFile, known: readonly string[] | null): Diagnostic[] {
  return syntax.outputs
    .filter(({ name }) => known !== null && !known.includes(name))
    .map(({ name, span }) =>
      diagnostic({
        code: 'E218',
        message: `no output is called ${name}`,
        file,
        span,
        try:
          nearest(name, known!) ??
          `declare it in weir.yaml: outputs: {${name}: {file: ${name}.ndjson}}`,
      }),
    );
}

function checkNames(rules: readonly RuleInFile[]): Diagnostic[] {
  const seen = new Map<string, RuleInFile[]>();
  const found: Diagnostic[] = [];
  for (const rule of rules) {
    const { syntax, file } = rule;
    const id = syntax.id ?? syntax.name;
    const others = seen.get(id) ?? [];
    const other = others.find((one) => shareTenant(one.syntax, syntax));
    if (other !== undefined)
      found.push(
        diagnostic({
          code: 'E201',
          message: `a rule called ${JSON.stringify(id)} is already in ${other.file}`,
          file,
          span: syntax.nameSpan,
        }),
      );
    seen.set(id, [...others, rule]);
  }
  return found;
}

const shareTenant = (a: RuleSyntax, b: RuleSyntax): boolean =>
  a.tenants === null ||
  b.tenants === null ||
  a.tenants.some((tenant) => b.tenants!.includes(tenant));

function checkRule({ syntax, file }: RuleInFile, sources: SourcesPlan): Diagnostic[] {
  const found: Diagnostic[] = [];
  const add = (
    code: Diagnostic['code'],
    message: string,
    span: Span,
    correction?: string,
  ): void => {
    found.push(diagnostic({ code, message, file, span, try: correction }));
  };
  checkWindow(syntax, add);
  checkParts(syntax, add);
  checkOverResults(syntax, add);
  checkLists(syntax.iocs, sources, add);
  checkSources(syntax, sources, add);
  return found;
}

type Add = (code: Diagnostic['code'], message: string, span: Span, correction?: string) => void;

function checkWindow({ aggregate }: RuleSyntax, add: Add): void {
  if (aggregate === null) return;
  const { window, keys, having } = aggregate;
  if (window.kind === 'hopping' && window.slideMs > window.lengthMs)
    add(
      'E203',
      'the slide is longer than the window',
      window.span,
      'make the first span the longer one',
    );
  if (window.kind === 'count' && window.expiresMs === null)
    add('W504', "a key's last events wait for others for ever", window.span);
  const names = new Set<string>();
  for (const { name, span } of keys ?? []) {
    if (names.has(name)) add('E204', `there are two keys called ${name}`, span);
    names.add(name);
  }
  if (having === null || having.names !== 'aggregates' || window.kind === 'hopping') return;
  visit(having.tree, (node) => {
    if (aggregateWord(node) === 'previous') add('E205', 'this window has no previous one', node);
  });
}

/** A result lives: what reads it must live with it. */
function checkOverResults({ sources, aggregate, sequence, all, join }: RuleSyntax, add: Add): void {
  const named = sources.find(({ field }) =>
    ['$rule', '$tag', '$severity'].includes(field.path.join('.')),
  );
  if (named !== undefined && (aggregate ?? sequence ?? all ?? join) === null)
    add(
      'E213',
      'results are opened, amended and withdrawn: a rule that reads them keeps them',
      named.span,
      'AGGREGATE BY $id WITHIN 1:events',
    );
}

function checkLists(iocs: IocSyntax | null, sources: SourcesPlan, add: Add): void {
  if (iocs === null) return;
  if (iocs.kind === 'not') return checkLists(iocs.of, sources, add);
  if (iocs.kind !== 'in') return iocs.of.forEach((part) => checkLists(part, sources, add));
  const known = sources.lists.map(({ name }) => name);
  if (!known.includes(iocs.list))
    add('E202', `no list is called ${iocs.list}`, iocs.span, nearest(iocs.list, known));
}

/** Every part says what it reads, and the rule itself has no input. */
function hasSourcesInParts({ sequence, all, join, filter, iocs }: RuleSyntax): boolean {
  if (filter !== null || iocs !== null) return false;
  const parts = join?.sides ?? (sequence ?? all)?.items;
  const named = (items: readonly (SideSyntax | SequenceItem)[]): boolean =>
    items.every((item) => ('items' in item ? named(item.items) : item.sources.length > 0));
  return parts !== undefined && sequence?.cancel == null && named(parts);
}

function checkSources(syntax: RuleSyntax, { sources }: SourcesPlan, add: Add): void {
  if (syntax.sources.length === 0 && !hasSourcesInParts(syntax)) {
    add('W501', 'this rule reads every source', syntax.nameSpan);
    const { aggregate, sequence, all, join } = syntax;
    const isSimple = (aggregate ?? sequence ?? all ?? join) === null;
    if (syntax.filter === null && syntax.iocs === null && isSimple)
      add('W503', 'every event is a result of this rule', syntax.nameSpan);
  }
  if (sources.length === 0) return;
  for (const { field, values, span } of syntax.sources) {
    if (field.path.length !== 1 || field.path[0] !== '$source') continue;
    const known = sources.map(({ name }) => name);
    for (const value of values)
      if (!known.includes(value))
        add('W502', `no source is called ${JSON.stringify(value)}`, span, nearest(value, known));
  }
}
