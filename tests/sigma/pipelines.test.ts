// Pipelines that packages for pySigma publish, restated: the transformed rule is the one that pySigma makes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANY, ONE } from '../../packages/core/src/functions/wildcard-text.ts';
import { parseCondition } from '../../packages/core/src/language/sigma/condition.ts';
import { applyPipelines } from '../../packages/core/src/language/sigma/pipeline/apply.ts';
import { readPipeline } from '../../packages/core/src/language/sigma/pipeline/read-pipeline.ts';
import { readSigma } from '../../packages/core/src/language/sigma/read-sigma.ts';
import { SigmaProblem } from '../../packages/core/src/language/sigma/sigma-problem.ts';
import {
  isDetection,
  type Detection,
  type Item,
  type SigmaRule,
  type SigmaValue,
  type TextPart,
} from '../../packages/core/src/language/sigma/sigma-rule.ts';
import { readYaml } from '../../packages/core/src/language/sigma/yaml-document.ts';
import { caseLines, ruleFiles } from './corpus.ts';

interface Published {
  readonly name: string;
  readonly package: string;
  readonly yaml: string;
  readonly left_out: readonly string[];
  readonly rules: readonly { readonly path: string; readonly expected: Expected }[];
}

interface Expected {
  readonly error: string | null;
  readonly logsource: Readonly<Record<string, string | null>>;
  readonly detections: Readonly<Record<string, unknown>>;
  readonly condition: readonly string[];
  readonly fields?: readonly string[];
}

const texts = new Map(ruleFiles('rules.ndjson.gz').map(({ name, text }) => [name, text]));
const published = caseLines('pipelines.ndjson.gz') as Published[];

test('there are at least twenty published pipelines', () => {
  assert.ok(published.length >= 20);
});

for (const { name, package: from, yaml, rules } of published)
  test(`${from}, ${name}: ${rules.length} rules are transformed as pySigma transforms them`, () => {
    const { pipeline, diagnostics } = readPipeline(yaml, 'pipeline.yml');
    assert.deepEqual(diagnostics, []);
    for (const { path, expected } of rules) {
      const rule = readSigma(readYaml(texts.get(path)!)[0]!, path) as SigmaRule;
      let made: SigmaRule | null = null;
      try {
        made = applyPipelines(rule, [pipeline!]);
      } catch (thrown) {
        if (!(thrown instanceof SigmaProblem)) throw thrown;
        assert.notEqual(expected.error, null, `${path}: ${thrown.message}`);
      }
      if (made === null) continue;
      assert.equal(expected.error, null, `${path}: pySigma refuses it`);
      assert.deepEqual(
        {
          logsource: made.logSource,
          detections: Object.fromEntries(
            [...made.detections].map(([key, one]) => [key, plain(formOf(one))]),
          ),
          fields: expected.fields === undefined ? undefined : made.fields,
        },
        {
          logsource: expected.logsource,
          detections: Object.fromEntries(
            Object.entries(expected.detections).map(([key, one]) => [key, plain(one as Form)]),
          ),
          fields: expected.fields,
        },
        path,
      );
      const names = [...made.detections.keys()];
      assert.deepEqual(
        made.conditions,
        expected.condition.map((text) => parseCondition(text, names, () => ({ start: 0, end: 0 }))),
        path,
      );
    }
  });

interface Form {
  readonly link: 'and' | 'or';
  readonly field?: string | null;
  readonly items?: readonly Form[];
  readonly values?: readonly unknown[];
}

/** Of one part it does not matter how it is linked, nor that it lies in a detection of its own. */
function plain(form: Form): Form {
  const items = form.items?.map(plain);
  if (items?.length === 1) return items[0]!;
  const values = form.values?.map(flagsOut);
  if (values !== undefined)
    return { ...form, values, link: values.length === 1 ? 'or' : form.link };
  return items ? { ...form, items } : form;
}

/** docs/sigma.md: `(?i)` at the beginning of a pattern is a flag. */
function flagsOut(value: unknown): unknown {
  const { regex, flags } = value as { regex?: string; flags?: string };
  if (regex === undefined || !regex.startsWith('(?i)')) return value;
  return { regex: regex.slice(4), flags: `i${flags}` };
}

function formOf(part: Detection | Item): Form {
  if (isDetection(part)) return { link: part.link, items: part.items.map(formOf) };
  return { field: part.field, values: part.values.map(formOfValue), link: part.link };
}

function formOfValue(value: SigmaValue): unknown {
  switch (value.kind) {
    case 'any':
      return { any: value.of.map(formOfValue) };
    case 'text':
      return { text: value.parts.map(formOfPart), ...(value.isCased ? { cased: true } : {}) };
    case 'number':
      return { number: value.number };
    case 'boolean':
      return { bool: value.boolean };
    case 'null':
      return { null: true };
    case 'regex':
      return { regex: value.source, flags: value.flags };
    case 'cidr':
      return { cidr: value.network };
    case 'exists':
      return { exists: value.exists };
    case 'field':
      return { fieldref: value.field };
    case 'compare': {
      const names = { '<': 'lt', '<=': 'lte', '>': 'gt', '>=': 'gte' };
      return { compare: names[value.operator], number: value.number };
    }
    case 'time':
      return { time: value.part, number: value.number };
  }
}

function formOfPart(part: TextPart): unknown {
  if (part === ANY) return { wildcard: '*' };
  return part === ONE ? { wildcard: '?' } : part;
}
