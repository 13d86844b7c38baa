import type { Condition } from '../condition.ts';
import type { RawValue } from '../modifiers.ts';
import { applyModifiers, checkModifiers } from '../modifiers.ts';
import { SigmaProblem } from '../sigma-problem.ts';
import {
  isDetection,
  type Detection,
  type Item,
  type SigmaCorrelation,
  type SigmaRule,
} from '../sigma-rule.ts';
import { fieldHolds, itemHolds, itemsOf, logSourceOf, ruleHolds, type Progress } from './judge.ts';
import type { Pipeline, PipelineItem } from './pipeline.ts';
import { mappedNames, transformItem } from './transform-item.ts';

/** The rule after pipelines, from the lowest priority to the highest. Throws SigmaProblem if one of them refuses it. */
export function applyPipelines(rule: SigmaRule, pipelines: readonly Pipeline[]): SigmaRule {
  if (pipelines.length === 0) return rule;
  const progress = progressOf(rule, pipelines);
  for (const { items } of inOrder(pipelines)) for (const item of items) applyItem(item, progress);
  return progress.rule;
}

const inOrder = (pipelines: readonly Pipeline[]): Pipeline[] =>
  pipelines.toSorted((a, b) => a.priority - b.priority);

const progressOf = (rule: SigmaRule, pipelines: readonly Pipeline[]): Progress => ({
  rule,
  state: new Map(),
  applied: new Set(),
  attributes: new Map(),
  fieldAppliedBy: new Map(),
  mapped: new Set(),
  vars: Object.assign({}, ...inOrder(pipelines).map(({ vars }) => vars)) as Record<string, unknown>,
});

function applyItem(item: PipelineItem, progress: Progress): void {
  if (!ruleHolds(item, progress)) return;
  const { parameters } = item;
  switch (item.type) {
    case 'rule_failure':
      throw new SigmaProblem(
        'E623',
        String(parameters.message ?? 'a pipeline refuses it'),
        progress.rule.facts.titleSpan,
      );
    case 'strict_field_mapping_failure':
      refuseUnmapped(progress);
      break;
    case 'nest':
      for (const inner of item.items) applyItem(inner, progress);
      break;
    case 'add_condition':
      progress.rule = withCondition(item, progress.rule);
      break;
    case 'change_logsource':
      progress.rule = { ...progress.rule, logSource: logSourceOf(parameters) };
      break;
    case 'set_state':
      progress.state.set(String(parameters.key), parameters.val);
      break;
    case 'set_custom_attribute':
      progress.attributes.set(String(parameters.attribute), parameters.value);
      break;
    case 'add_field':
    case 'remove_field':
    case 'set_field':
      progress.rule = { ...progress.rule, fields: fieldsAfter(item, progress.rule.fields) };
      break;
    default:
      applyToItems(item, progress);
  }
  progress.applied.add(item.id);
}

function fieldsAfter({ type, parameters }: PipelineItem, fields: readonly string[]): string[] {
  const given = parameters.field ?? parameters.fields ?? [];
  const named = (Array.isArray(given) ? (given as unknown[]) : [given]).map(String);
  if (type === 'set_field') return named;
  return type === 'add_field'
    ? [...fields, ...named]
    : fields.filter((field) => !named.includes(field));
}

function refuseUnmapped({ rule, mapped }: Progress): void {
  const fields = [...rule.detections.values()].flatMap(itemsOf).map(({ field }) => field);
  const unmapped = [...new Set(fields)].filter((field) => field !== null && !mapped.has(field));
  if (unmapped.length > 0)
    throw new SigmaProblem(
      'E623',
      `these fields are not mapped: ${unmapped.join(', ')}`,
      rule.facts.titleSpan,
    );
}

/** A detection of a pipeline's own that must hold besides. */
function withCondition({ id, parameters, span }: PipelineItem, rule: SigmaRule): SigmaRule {
  const { conditions = {}, template, negated, name: given } = parameters;
  const filledIn = (value: unknown): unknown =>
    typeof value === 'string' && template === true
      ? value.replace(
          /\$\{?(category|product|service)\}?/g,
          (_, part: 'category' | 'product' | 'service') => rule.logSource[part] ?? 'None',
        )
      : value;
  const items = Object.entries(conditions as Record<string, unknown>).map(([name, value]): Item => {
    const [field = '', ...modifiers] = name.split('|');
    checkModifiers(modifiers, span);
    const values = Array.isArray(value) ? (value as unknown[]) : [value];
    return {
      field: field === '' ? null : field,
      modifiers,
      values: values.map((one) => applyModifiers(filledIn(one) as RawValue, modifiers, span)),
      link: modifiers.includes('all') ? 'and' : 'or',
      isNegated: modifiers.includes('neq'),
      span,
      appliedBy: [id],
    };
  });
  const wanted = typeof given === 'string' ? given : `_cond_${id}`;
  const name = rule.detections.has(wanted) ? `${wanted}_${rule.detections.size}` : wanted;
  const own: Condition = { kind: 'name', name };
  const added: Condition = negated === true ? { kind: 'not', of: own } : own;
  return {
    ...rule,
    detections: new Map([...rule.detections, [name, { link: 'and', items, span }]]),
    conditions: rule.conditions.map((one) => ({ kind: 'and', of: [added, one] })),
  };
}

function applyToItems(step: PipelineItem, progress: Progress): void {
  const change = (detection: Detection): Detection => ({
    ...detection,
    items: detection.items.flatMap((part) => {
      if (isDetection(part)) return [change(part)];
      if (!itemHolds(step, part, progress)) return [part];
      const made = transformItem(step, part, progress);
      if (made === null) return [];
      return made === part ? [part] : [marked(made, step.id)];
    }),
  });
  const detections = new Map(
    [...progress.rule.detections].map(([name, detection]) => [name, change(detection)]),
  );
  const fields = progress.rule.fields.flatMap((field) => mappedField(step, field, progress));
  progress.rule = { ...progress.rule, detections, fields };
}

/** Items remember what changed them: later steps may ask. */
function marked(part: Detection | Item, id: string): Detection | Item {
  if (!isDetection(part)) return { ...part, appliedBy: [...part.appliedBy, id] };
  return { ...part, items: part.items.map((one) => marked(one, id)) };
}

function mappedField(step: PipelineItem, field: string, progress: Progress): readonly string[] {
  if (!step.type.startsWith('field_name_')) return [field];
  const names = mappedNames(step, field);
  if (names === null || !fieldHolds(step, field, progress)) return [field];
  for (const name of names) {
    const known = progress.fieldAppliedBy.get(name) ?? new Set(progress.fieldAppliedBy.get(field));
    progress.fieldAppliedBy.set(name, known.add(step.id));
  }
  return names;
}

/**
 * A correlation after pipelines: fields that it groups by or looks at get the names that they get in the rules that it
 * reads. An item counts if its conditions hold for one of these rules.
 */
export function applyToCorrelation(
  correlation: SigmaCorrelation,
  rules: readonly SigmaRule[],
  pipelines: readonly Pipeline[],
): SigmaCorrelation {
  const progresses = rules.map((rule) => progressOf(rule, pipelines));
  const steps: PipelineItem[] = [];
  const walk = (item: PipelineItem): void => {
    const holding = progresses.filter((progress) => ruleHolds(item, progress));
    if (holding.length === 0) return;
    for (const inner of item.items) walk(inner);
    if (item.type.startsWith('field_name_')) steps.push(item);
    for (const progress of holding)
      if (item.type !== 'rule_failure' && item.type !== 'nest') applyItemQuietly(item, progress);
  };
  for (const { items } of inOrder(pipelines)) for (const item of items) walk(item);
  const [any] = progresses;
  const name = (field: string): string =>
    steps.reduce((now, step) => {
      const names =
        any === undefined || !fieldHolds(step, now, any) ? null : mappedNames(step, now);
      if (names !== null && names.length > 1)
        throw new SigmaProblem(
          'E623',
          `a pipeline maps ${now} to several fields, and a correlation can group by one`,
          correlation.span,
        );
      return names?.[0] ?? now;
    }, field);
  return {
    ...correlation,
    groupBy: correlation.groupBy.map((field) =>
      correlation.aliases.has(field) ? field : name(field),
    ),
    fields: correlation.fields.map((field) =>
      correlation.aliases.has(field) ? field : name(field),
    ),
    aliases: new Map(
      [...correlation.aliases].map(([alias, fields]) => [
        alias,
        new Map([...fields].map(([rule, field]) => [rule, name(field)])),
      ]),
    ),
  };
}

/** State and ids count for later conditions; a refusal was told where the rule itself was made. */
function applyItemQuietly(item: PipelineItem, progress: Progress): void {
  try {
    applyItem(item, progress);
  } catch (thrown) {
    if (!(thrown instanceof SigmaProblem)) throw thrown;
  }
}
