import { existsSync } from 'node:fs';
import { explainCode } from '@weir/core/language/diagnostics/format.ts';
import { placeOf } from '@weir/core/language/diagnostics/format.ts';
import { codeFacts } from '@weir/core/language/diagnostics/codes.ts';
import { printRule } from '@weir/core/language/epl/print.ts';
import { explainRule } from './explain-rule.ts';
import { EXIT, Failure } from './failure.ts';
import { diagnosticsText, errorsOf, load, type Loaded } from './load.ts';
import { count, paintFor } from './paint.ts';
import { runTest, type TestOutcome } from './run-tests.ts';
import { explainEvents } from './why/explain-events.ts';
import { coverageLayer, coverageOf, coverageText } from './coverage.ts';
import { sigmaTable } from './sigma-table.ts';
import { unmetText } from './unmet-rules.ts';

interface Options {
  readonly config?: string;
  readonly pipeline?: readonly string[];
  readonly json?: boolean;
}

const json = (value: unknown): void => console.log(JSON.stringify(value));

/** `weir check`: everything that is wrong with rules and configuration. */
export function check(paths: readonly string[], options: Options): number {
  const loaded = load(paths, options);
  const errors = errorsOf(loaded.diagnostics);
  if (options.json)
    for (const one of loaded.diagnostics)
      json({ ...one, ...placeOf(loaded.texts.get(one.file) ?? '', one.span.start) });
  else {
    showDiagnostics(loaded);
    const warnings = loaded.diagnostics.length - errors.length;
    console.log(
      `${count(loaded.compiled.rules.length)} rules can be run, ${count(errors.length)} errors, ${count(warnings)} warnings (${(loaded.tookMs / 1000).toFixed(1)} s)`,
    );
  }
  return errors.length > 0 ? EXIT.errors : EXIT.ok;
}

/** Of a large folder the first of each kind are shown in full, then a table of what was taken and what was not. */
const SHOWN_OF_A_CODE = 3;

function showDiagnostics(loaded: Loaded): void {
  const { diagnostics, compiled } = loaded;
  const ofCode = Map.groupBy(diagnostics, ({ code }) => code);
  const isLong = diagnostics.length > 20;
  const shown = isLong
    ? [...ofCode.values()].flatMap((some) => some.slice(0, SHOWN_OF_A_CODE))
    : diagnostics;
  if (shown.length > 0) console.log(diagnosticsText(loaded, shown));
  if (shown.length < diagnostics.length)
    console.log(
      `… and ${count(diagnostics.length - shown.length)} more of these kinds; --json gives them all\n`,
    );
  if (compiled.sigma.length > 0) console.log(`${sigmaTable(compiled.sigma)}\n`);
  const unmet = unmetText(compiled.plan.rules, loaded.sources.sources);
  if (unmet !== '') console.log(`${unmet}\n`);
}

/** `weir test`: runs the TESTs that rules bring along. */
export function test(paths: readonly string[], options: Options): number {
  const loaded = load(paths, options);
  const errors = errorsOf(loaded.diagnostics);
  if (errors.length > 0 && !options.json)
    process.stderr.write(`${diagnosticsText(loaded, errors)}\n`);
  const outcomes = loaded.compiled.rules.flatMap((rule) =>
    rule.syntax.tests.map((one) => runTest(rule, one, loaded)),
  );
  // Sigma has no tests in its rules.
  const drafts = loaded.compiled.rules.filter(({ plan, syntax, sigma }) => {
    if (sigma !== undefined) return false;
    const own = outcomes.filter(({ rule }) => rule === plan.name);
    return (
      syntax.tests.length === 0 ||
      !own.some(({ fired }) => fired) ||
      !own.some(({ fired }) => !fired)
    );
  });
  if (options.json) {
    outcomes.forEach(json);
    for (const { plan } of drafts) json({ rule: plan.name, draft: true });
  } else
    showTests(
      outcomes,
      drafts.map(({ plan }) => plan.name),
    );
  return errors.length > 0 || outcomes.some(({ isPassed }) => !isPassed) ? EXIT.errors : EXIT.ok;
}

function showTests(outcomes: readonly TestOutcome[], drafts: readonly string[]): void {
  const paint = paintFor(process.stdout);
  for (const { rule, test: name, isPassed, message } of outcomes) {
    console.log(`${isPassed ? paint.green('✔') : paint.red('✖')} ${rule}: ${name}`);
    if (!isPassed) console.log(`    ${message}`);
  }
  for (const rule of drafts)
    console.log(
      `${paint.yellow('draft')} ${rule}: it needs one test that fires and one that stays silent`,
    );
  const passed = outcomes.filter(({ isPassed }) => isPassed).length;
  console.log(
    `${count(passed)} passed, ${count(outcomes.length - passed)} failed, ${count(drafts.length)} drafts`,
  );
}

/** `weir print`: the canonical text of rules. */
export function print(paths: readonly string[], options: Options & { as?: string }): number {
  if (options.as !== undefined && options.as !== 'epl')
    throw new Failure(`rules are printed as epl, not as ${options.as}`);
  const loaded = load(paths, options);
  const errors = errorsOf(loaded.diagnostics);
  if (errors.length > 0) process.stderr.write(`${diagnosticsText(loaded, errors)}\n`);
  if (options.json) for (const { plan } of loaded.compiled.rules) json(plan);
  else
    console.log(
      loaded.compiled.rules
        .map(({ syntax }) => printRule(syntax))
        .join('\n')
        .trimEnd(),
    );
  return errors.length > 0 ? EXIT.errors : EXIT.ok;
}

export interface ExplainOptions extends Options {
  readonly events?: readonly string[];
  readonly key?: readonly string[];
  readonly rule?: string;
  readonly source?: string;
}

/** `weir explain`: a diagnostic's code; what rules read, keep and cost; or why one did not fire. */
export async function explain(what: string, options: ExplainOptions): Promise<number> {
  if (/^[EW]\d{3}$/i.test(what) && !existsSync(what)) return explainOneCode(what, options);
  const loaded: Loaded = load([what], options);
  const errors = errorsOf(loaded.diagnostics);
  if (errors.length > 0) process.stderr.write(`${diagnosticsText(loaded, errors)}\n`);
  const { events } = options;
  if (events !== undefined) return explainEvents(loaded, { ...options, events });
  for (const { plan } of loaded.compiled.rules) {
    if (options.json) json({ rule: plan.id, text: explainRule(plan, loaded.sources), plan });
    else console.log(`${explainRule(plan, loaded.sources)}\n`);
  }
  return errors.length > 0 ? EXIT.errors : EXIT.ok;
}

function explainOneCode(what: string, options: Options): number {
  const text = explainCode(what);
  if (text === undefined) throw new Failure(`there is no code ${what}`);
  if (options.json) json(codeFacts(what.toUpperCase()));
  else console.log(text);
  return EXIT.ok;
}

/** `weir coverage`: the techniques of ATT&CK that the rules are tagged with. */
export function coverage(
  paths: readonly string[],
  options: Options & { readonly navigator?: boolean },
): number {
  const loaded = load(paths, options);
  const errors = errorsOf(loaded.diagnostics);
  const covered = coverageOf(loaded.compiled.plan.rules);
  if (options.navigator) console.log(JSON.stringify(coverageLayer(covered), null, 2));
  else if (options.json) covered.techniques.forEach(json);
  else console.log(coverageText(covered));
  if (errors.length > 0)
    process.stderr.write(`${count(errors.length)} errors: weir check tells them\n`);
  return errors.length > 0 ? EXIT.errors : EXIT.ok;
}
