import type { Expression } from 'acorn';
import { parseExpressionAt } from 'acorn';
import type { Span } from '../../plan/diagnostic.ts';
import type { Clauses } from './clauses.ts';
import { ClauseProblem } from './cursor.ts';
import type { AggregateSyntax, Code, FieldName, RuleSyntax } from './syntax.ts';
import { countsAsAggregates } from './counts-of-events.ts';
import { visit } from './visit.ts';

/** Puts the clauses of a rule together and says what is missing. */
export function assembleRule(
  name: string,
  nameSpan: Span,
  span: Span,
  clauses: Clauses,
): { rule: RuleSyntax; problems: ClauseProblem[] } {
  const problems: ClauseProblem[] = [];
  refuseIncomplete(clauses, problems);
  if (clauses.having !== undefined) clauses.having = countsAsAggregates(clauses.having);
  const selected = withSelect(clauses, problems);
  const rule: RuleSyntax = {
    span,
    name,
    nameSpan,
    id: clauses.id ?? null,
    description: clauses.description ?? null,
    severity: clauses.severity ?? null,
    tags: clauses.tags ?? [],
    owner: clauses.owner ?? null,
    references: clauses.references ?? [],
    falsePositives: clauses.falsePositives ?? [],
    status: clauses.status ?? 'enabled',
    tenants: clauses.tenants ?? null,
    sources: clauses.sources ?? [],
    filter: clauses.filter ?? null,
    iocs: clauses.iocs ?? null,
    excepts: clauses.excepts ?? [],
    using: clauses.using ?? null,
    latenessMs: clauses.latenessMs ?? null,
    aggregate: aggregateOf(clauses, selected.having),
    sequence:
      clauses.sequence === undefined ? null : { ...clauses.sequence, having: selected.having },
    all: clauses.all === undefined ? null : { ...clauses.all, having: selected.having },
    join: clauses.join === undefined ? null : { ...clauses.join, having: selected.having },
    alert: clauses.alert ?? null,
    sink: selected.sink,
    outputs: clauses.outputs ?? [],
    tests: clauses.tests,
  };
  return { rule, problems };
}

function aggregateOf(
  { aggregate, window, sort }: Clauses,
  having: Code | null,
): AggregateSyntax | null {
  if (aggregate === undefined || window === undefined) return null;
  return { ...aggregate, window, sort: sort ?? [], having };
}

function refuseIncomplete(clauses: Clauses, problems: ClauseProblem[]): void {
  const { aggregate, window, sortSpan, having } = clauses;
  const kinds = [
    ['AGGREGATE BY', aggregate],
    ['SEQUENCE', clauses.sequence],
    ['ALL', clauses.all],
    ['JOIN', clauses.join],
  ] as const;
  const given = kinds.filter(([, one]) => one !== undefined);
  if (given.length > 1)
    problems.push(
      new ClauseProblem(
        'E112',
        `${given[1]![0]} and ${given[0]![0]} both say how events belong together`,
        given[1]![1]!.span,
        'make two rules; a rule may read the results of another',
      ),
    );
  if (given.length > 0 && aggregate === undefined && window === undefined && sortSpan === undefined)
    return;
  if (aggregate !== undefined) {
    if (window === undefined)
      problems.push(
        new ClauseProblem(
          'E111',
          'AGGREGATE BY needs WITHIN: how long are events kept?',
          aggregate.span,
          'WITHIN 5:min',
        ),
      );
    return;
  }
  const orphans: readonly (readonly [string, Span | undefined])[] = [
    ['WITHIN', window?.span],
    ['SORT BY', sortSpan],
    ['HAVING', having?.span],
  ];
  for (const [word, span] of orphans)
    if (span !== undefined)
      problems.push(
        new ClauseProblem(
          'E112',
          `${word} is about many events; this rule looks at each alone`,
          span,
          'add AGGREGATE BY and WITHIN, or put the condition into FILTER',
        ),
      );
}

/** SELECT's list becomes the result's fields: on top of HAVING for windows, as SINK for a simple rule. */
function withSelect(
  clauses: Clauses,
  problems: ClauseProblem[],
): { having: Code | null; sink: Code | null } {
  const { select, having = null, sink = null } = clauses;
  if (select === undefined) return { having, sink };
  if (clauses.aggregate === undefined) {
    if (sink !== null)
      problems.push(
        new ClauseProblem(
          'E115',
          'SELECT and SINK both say what the result holds',
          select.span,
          'leave one of them out',
        ),
      );
    const text = `event => (${objectText(select.fields, (field) => `event${memberText(field)}`)})`;
    return {
      having,
      sink: { span: select.span, names: 'function', tree: treeOf(text, select.span) },
    };
  }
  if (having?.names === 'function') {
    problems.push(
      new ClauseProblem(
        'E115',
        'SELECT needs a HAVING that is an expression, such as count() > 10',
        select.span,
        'let the function return the fields',
      ),
    );
    return { having, sink };
  }
  // Of the window's last event, as the result stands right after it.
  const fields = treeOf(
    objectText(select.fields, (field) => `last(event${memberText(field)})`),
    select.span,
  );
  const tree = having === null ? fields : both(having.tree as Expression, fields);
  return { having: { span: having?.span ?? select.span, names: 'aggregates', tree }, sink };
}

const memberText = ({ path }: FieldName): string =>
  path.map((step) => `[${JSON.stringify(step)}]`).join('');

const objectText = (fields: readonly FieldName[], value: (field: FieldName) => string): string =>
  `{${fields.map((field) => `${JSON.stringify(field.path.join('.'))}: ${value(field)}`).join(', ')}}`;

function treeOf(text: string, span: Span): Expression {
  const tree = parseExpressionAt(text, 0, { ecmaVersion: 2024 });
  visit(tree, (node) => {
    node.start = span.start;
    node.end = span.end;
  });
  return tree;
}

const both = (left: Expression, right: Expression): Expression =>
  ({
    type: 'LogicalExpression',
    operator: '&&',
    left,
    right,
    start: left.start,
    end: left.end,
  }) as Expression;
