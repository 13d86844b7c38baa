import type { AnyNode } from 'acorn';
import type {
  AggregatePlan,
  CodePlan,
  ColumnPlan,
  DetectPlan,
  HavingPlan,
  IocPlan,
  KeyPlan,
  RulePlan,
  ValuePlan,
} from '../plan/plan.ts';
import { sha256Hex } from '../functions/sha256.ts';
import { fieldOfArgument } from './code/aggregates.ts';
import type { CodeProblem } from './code/code-problem.ts';
import type { AggregateUse, CompiledCode } from './code/compiled-code.ts';
import { compileCode } from './code/compile-code.ts';
import { printMeaning } from './epl/print.ts';
import { alertPlanOf } from './lower-alert.ts';
import { PartsLowering } from './lower-parts.ts';
import type { AggregateSyntax, Code, IocSyntax, KeySyntax, RuleSyntax } from './epl/syntax.ts';

/** Makes the plan of a rule, or says what is wrong in its code. */
export function lowerRule(rule: RuleSyntax): { plan: RulePlan | null; problems: CodeProblem[] } {
  const lowering = new Lowering();
  const plan = lowering.rule(rule);
  return { plan: lowering.problems.length > 0 ? null : plan, problems: lowering.problems };
}

const NOTHING: CodePlan = {
  role: 'event',
  source: '(H, S) => () => (void 0)',
  isLight: true,
  paths: [],
  readsWhole: false,
  text: '',
};

class Lowering {
  readonly problems: CodeProblem[] = [];

  rule(rule: RuleSyntax): RulePlan {
    const { using } = rule;
    return {
      id: rule.id ?? rule.name,
      name: rule.name,
      version: this.#version(rule),
      facts: {
        description: rule.description,
        severity: rule.severity,
        tags: rule.tags,
        owner: rule.owner,
        references: rule.references,
        falsePositives: rule.falsePositives,
        status: rule.status,
      },
      tenants: rule.tenants,
      sources: rule.sources.map(({ field, values }) => ({ path: field.path, values })),
      filter: rule.filter && this.#code(rule.filter, 'event'),
      iocs: rule.iocs && iocPlanOf(rule.iocs),
      excepts: rule.excepts.map(({ code, reason, untilMs }) => ({
        code: this.#code(code, 'event'),
        reason,
        untilMs,
      })),
      time: {
        using: using?.field.path ?? null,
        boundMs: using?.boundMs ?? null,
        latenessMs: rule.latenessMs,
      },
      detect: this.#detect(rule),
      alert: alertPlanOf(rule),
      sink: rule.sink && this.#code(rule.sink, 'copy'),
      outputs: rule.outputs.map(({ name }) => name),
    };
  }

  #detect(rule: RuleSyntax): DetectPlan {
    const { aggregate, sequence, all, join } = rule;
    if (aggregate !== null) return this.#window(aggregate);
    const syntax = sequence ?? all ?? join;
    if (syntax === null) return { kind: 'simple' };
    const parts = new PartsLowering(syntax.keys, (key) => this.#key(key), this.problems);
    if (sequence !== null) return parts.sequence(rule, sequence);
    return all !== null ? parts.all(rule, all) : parts.join(rule, join!);
  }

  /** Code that was refused has no canonical text, and its rule no version. */
  #version(rule: RuleSyntax): string {
    try {
      return sha256Hex(printMeaning(rule)).slice(0, 12);
    } catch {
      return '';
    }
  }

  #compile(code: Code, role: CodePlan['role']): CompiledCode | null {
    const { compiled, problems } = compileCode(code, role);
    this.problems.push(...problems);
    return compiled;
  }

  #code(code: Code, role: CodePlan['role']): CodePlan {
    return this.#compile(code, role)?.plan ?? NOTHING;
  }

  #window({ keys, window, sort, having }: AggregateSyntax): DetectPlan {
    const columns = new Columns();
    const plan = this.#having(having, columns);
    const { span: _span, ...windowPlan } = window;
    return {
      kind: 'window',
      keys: (keys ?? []).map((key) => this.#key(key)),
      window: windowPlan,
      sort: sort.map(({ field, descending }) => ({
        column: columns.of({ kind: 'path', path: field.path }),
        descending,
      })),
      columns: columns.list,
      having: plan,
    };
  }

  #key({ name, value, each }: KeySyntax): KeyPlan {
    if (value.kind === 'field')
      return { name, value: { kind: 'path', path: value.field.path }, each };
    const { tree, names } = value.code;
    const path =
      names === 'event' && tree.type === 'MemberExpression'
        ? fieldOfArgument(tree as AnyNode)
        : null;
    const code = this.#code(value.code, 'event');
    return { name, value: path === null ? { kind: 'code', code } : { kind: 'path', path }, each };
  }

  #having(having: Code | null, columns: Columns): HavingPlan {
    if (having === null) return { kind: 'always' };
    const compiled = this.#compile(having, having.names === 'function' ? 'events' : 'aggregates');
    if (compiled === null) return { kind: 'always' };
    const { plan, aggregates, early } = compiled;
    if (having.names !== 'function')
      return {
        kind: 'aggregates',
        aggregates: aggregates.map((use) => aggregatePlanOf(use, columns)),
        code: plan,
        early,
      };
    const whole = plan.readsWhole ? columns.of({ kind: 'whole' }) : null;
    return {
      kind: 'events',
      code: plan,
      reads: plan.paths.map((path) => whole ?? columns.of({ kind: 'path', path })),
    };
  }
}

/** What a rule stores of each event, each value once. */
class Columns {
  readonly list: ColumnPlan[] = [];
  readonly #texts: string[] = [];

  of(column: ColumnPlan): number {
    const text = JSON.stringify(column);
    const known = this.#texts.indexOf(text);
    if (known >= 0) return known;
    this.#texts.push(text);
    return this.list.push(column) - 1;
  }
}

function aggregatePlanOf(use: AggregateUse, columns: Columns): AggregatePlan {
  const { fn, parameter, previous, text } = use;
  return {
    fn,
    columns: use.arguments.map((value: ValuePlan) => columns.of(value)),
    parameter,
    previous,
    text,
  };
}

function iocPlanOf(iocs: IocSyntax): IocPlan {
  if (iocs.kind === 'in') return { kind: 'in', list: iocs.list, path: iocs.field.path };
  if (iocs.kind === 'not') return { kind: 'not', of: iocPlanOf(iocs.of) };
  return { kind: iocs.kind, of: iocs.of.map(iocPlanOf) };
}
