// Whatever stands in a file of Sigma or a pipeline: it is taken or refused with a place in the text, and nothing is thrown.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile } from '../../packages/core/src/language/compile.ts';
import { noSources } from '../../packages/core/src/language/config/config.ts';
import { readPipeline } from '../../packages/core/src/language/sigma/pipeline/read-pipeline.ts';
import { Random } from '../engine/random.ts';
import { caseLines, ruleFiles } from './corpus.ts';

const ROUNDS = Number(process.env['WEIR_FUZZ'] ?? 3000);
const random = new Random(Number(process.env['WEIR_SEED'] ?? 1));

const rules = ruleFiles('rules.ndjson.gz').map(({ text }) => text);
const correlations = (caseLines('correlations.ndjson') as { rules: unknown[] }[]).map((one) =>
  one.rules.map((rule) => JSON.stringify(rule, null, 1)).join('\n---\n'),
);
const pipelines = (caseLines('pipelines.ndjson.gz') as { yaml: string }[]).map(({ yaml }) => yaml);

/** Signs that mean something to YAML or Sigma, and what neither expects. */
const PIECES =
  `| : * [ ] { } ' " \\ |all |re |cidr |base64offset|contains |expand %x% null true 1 &a *a <<: --- not ( ) 1_of_x* __proto__:_1 constructor:_x ? 0x1f .inf 1e999 9007199254740993`
    .split(' ')
    .map((piece) => piece.replaceAll('_', ' '))
    .concat('\n', '  ', '- ', '\0', '\u2028', '\ud800', '!!js/function ');

function mutated(text: string): string {
  let now = text;
  for (let i = 0; i <= random.below(5); i++) {
    const at = random.below(now.length);
    const added = random.chance(0.7) ? random.of(PIECES) : '';
    now = now.slice(0, at) + added + now.slice(at + random.of([0, 0, 1, 5, 12]));
  }
  return now;
}

test(`${ROUNDS} rules and pipelines that somebody spoilt are taken or refused with a place`, () => {
  for (let round = 0; round < ROUNDS; round++) {
    const text = mutated(random.of(random.chance(0.15) ? correlations : rules));
    const placeholders = (): readonly string[] | null => (random.chance(0.5) ? ['a', 'b*'] : null);
    const { diagnostics } = compile([{ name: 'x.yml', text }], {
      sources: noSources,
      sigma: { pipelines: [], placeholders },
    });
    for (const { code, span } of diagnostics)
      assert.ok(
        span.start >= 0 && span.start <= span.end && span.start <= text.length,
        `${code} ${JSON.stringify(span)}: ${text}`,
      );
    if (round % 5 === 0) readPipeline(mutated(random.of(pipelines)), 'p.yml');
  }
});
