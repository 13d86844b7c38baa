import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile } from '../../packages/core/src/language/compile.ts';
import { noSources } from '../../packages/core/src/language/config/config.ts';
import { defaultSource, type SourcePlan } from '../../packages/core/src/plan/source-plan.ts';
import { Random } from '../engine/random.ts';
import { HitFinder } from './engine-hits.ts';
import { matchesSigma } from './evaluate.ts';
import { randomSigmaCase, type SigmaCase } from './random-sigma.ts';

const RULES = Number(process.env['WEIR_SIGMA_RULES'] ?? 10_000);
const SEED = Number(process.env['WEIR_SEED'] ?? 1);
const AT_ONCE = 100;

const source: SourcePlan = {
  ...defaultSource,
  logSource: { product: 'test', service: null, category: null },
};

/** Numbers of the events that the engine found, by rule. */
function engineHits(cases: readonly SigmaCase[]): Set<string> {
  const { plan, diagnostics } = compile(
    cases.map(({ rule }, i) => ({
      name: `${i}.yml`,
      text: JSON.stringify({ ...rule, id: `${i}` }),
    })),
    { sources: noSources },
  );
  const [error] = diagnostics.filter(({ severity }) => severity === 'error');
  assert.equal(
    error,
    undefined,
    error &&
      `${JSON.stringify(error)}\n${JSON.stringify(cases[Number.parseInt(error.file, 10)]!.rule)}`,
  );
  const finder = new HitFinder(plan, source, ['p']);
  const hits = new Set<string>();
  const lines = cases.flatMap(({ events }) => events).map((event) => JSON.stringify(event));
  finder.lines('p', new TextEncoder().encode(lines.join('\n')), (rule, number) =>
    hits.add(`${rule} ${number}`),
  );
  assert.deepEqual(finder.errors, []);
  return hits;
}

test(`${RULES} random rules of Sigma find the events that a slow evaluator finds`, () => {
  const random = new Random(SEED);
  let matched = 0;
  let asked = 0;
  for (let done = 0; done < RULES; done += AT_ONCE) {
    const cases = Array.from({ length: AT_ONCE }, () => randomSigmaCase(random));
    const hits = engineHits(cases);
    let number = 0;
    cases.forEach(({ rule, events }, i) => {
      for (const event of events) {
        const expected = matchesSigma(rule, event);
        const found = hits.has(`${i} ${number++}`);
        asked++;
        if (expected) matched++;
        assert.equal(
          found,
          expected,
          `rule ${done + i}: the evaluator says ${expected}\n${JSON.stringify(rule, null, 1)}\n${JSON.stringify(event)}`,
        );
      }
    });
  }
  assert.ok(matched > asked / 5 && matched < (asked * 4) / 5, `${matched} of ${asked} match`);
});
