/** Do the conditions of a pipeline's item hold? Sources: pySigma's documentation of processing pipelines. */
import { ANY, ONE } from '../../../functions/wildcard-text.ts';
import { isWithin } from '../filters.ts';
import {
  isDetection,
  type Detection,
  type Item,
  type LogSource,
  type SigmaRule,
  type SigmaValue,
} from '../sigma-rule.ts';
import {
  groupHolds,
  type Parameters,
  type PipelineCondition,
  type PipelineItem,
} from './pipeline.ts';
import { pipelinePattern, plainText } from './pipeline-text.ts';

/** What is known of a rule while pipelines work on it. */
export interface Progress {
  rule: SigmaRule;
  readonly state: Map<string, unknown>;
  /** Ids of items that were applied to the rule. */
  readonly applied: Set<string>;
  readonly attributes: Map<string, unknown>;
  /** Ids of items that made a field's name. */
  readonly fieldAppliedBy: Map<string, Set<string>>;
  /** Names that were mapped, and what they were mapped to. */
  readonly mapped: Set<string>;
  readonly vars: Readonly<Record<string, unknown>>;
}

export const ruleHolds = (item: PipelineItem, progress: Progress): boolean =>
  groupHolds(item.rule, (condition) => ruleConditionHolds(condition, progress));

export function logSourceOf(parameters: Parameters): LogSource {
  const part = (name: 'category' | 'product' | 'service'): string | null => {
    const value = parameters[name];
    return typeof value === 'string' ? value.toLowerCase() : null;
  };
  return { category: part('category'), product: part('product'), service: part('service') };
}

export function itemsOf({ items }: Detection): Item[] {
  return items.flatMap((item) => (isDetection(item) ? itemsOf(item) : [item]));
}

function ruleConditionHolds({ type, parameters }: PipelineCondition, progress: Progress): boolean {
  const { rule } = progress;
  const items = (): Item[] => [...rule.detections.values()].flatMap(itemsOf);
  switch (type) {
    case 'logsource':
      return isWithin(rule.logSource, logSourceOf(parameters));
    case 'contains_field':
      return items().some(({ field }) => field !== null && field === parameters.field);
    case 'contains_detection_item':
      return items().some(
        ({ field, values }) =>
          field === parameters.field && values.some((value) => isValue(value, parameters.value)),
      );
    case 'processing_item_applied':
      return progress.applied.has(String(parameters.processing_item_id));
    case 'processing_state':
      return stateHolds(parameters, progress);
    case 'is_sigma_rule':
      return true;
    case 'tag':
      return rule.facts.tags.includes(String(parameters.tag));
    case 'rule_attribute':
      return attributeHolds(parameters, progress);
    default:
      return false;
  }
}

function stateHolds(parameters: Parameters, { state }: Progress): boolean {
  const key = String(parameters.key);
  return state.has(key) && compare(state.get(key), parameters.op ?? 'eq', parameters.val);
}

const LEVELS = ['informational', 'low', 'medium', 'high', 'critical'];
const STATUSES = ['unsupported', 'deprecated', 'experimental', 'test', 'stable'];

function attributeHolds(
  { attribute, op = 'eq', value }: Parameters,
  { rule, attributes }: Progress,
): boolean {
  const name = String(attribute);
  const own = attributes.has(name) ? attributes.get(name) : rule.facts.plain[name];
  if (own === undefined || own === null) return false;
  if (Array.isArray(own)) {
    const isIn = own.includes(value);
    return op === 'in' ? isIn : op === 'not_in' ? !isIn : op === 'ne';
  }
  const scale = name === 'level' ? LEVELS : name === 'status' ? STATUSES : null;
  if (scale !== null) return compare(scale.indexOf(String(own)), op, scale.indexOf(String(value)));
  return compare(own, op, typeof own === 'number' ? Number(value) : value);
}

function compare(own: unknown, op: unknown, value: unknown): boolean {
  const [a, b] = [own as number, value as number];
  switch (op) {
    case 'ne':
      return a !== b;
    case 'gte':
      return a >= b;
    case 'gt':
      return a > b;
    case 'lte':
      return a <= b;
    case 'lt':
      return a < b;
    default:
      return a === b;
  }
}

function isValue(value: SigmaValue, wanted: unknown): boolean {
  if (value.kind === 'text') return typeof wanted === 'string' && plainText(value.parts) === wanted;
  if (value.kind === 'number') return value.number === wanted;
  if (value.kind === 'boolean') return value.boolean === wanted;
  return value.kind === 'null' && wanted === null;
}

/** Do the conditions on values and on the field's name hold for an item? */
export function itemHolds(pipelineItem: PipelineItem, item: Item, progress: Progress): boolean {
  const holds = groupHolds(pipelineItem.detectionItem, (condition) =>
    valueConditionHolds(condition, item, progress, pipelineItem),
  );
  if (!holds) return false;
  return groupHolds(pipelineItem.fieldName, (condition) => {
    if (condition.type === 'processing_item_applied')
      return item.appliedBy.includes(String(condition.parameters.processing_item_id));
    const fields = [
      item.field,
      ...item.values.flatMap((value) => (value.kind === 'field' ? [value.field] : [])),
    ];
    return fields.some((field) => fieldConditionHolds(condition, field, progress, pipelineItem));
  });
}

export const fieldHolds = (item: PipelineItem, field: string | null, progress: Progress): boolean =>
  groupHolds(item.fieldName, (condition) => fieldConditionHolds(condition, field, progress, item));

function fieldConditionHolds(
  { type, parameters }: PipelineCondition,
  field: string | null,
  progress: Progress,
  item: PipelineItem,
): boolean {
  if (type === 'processing_state') return stateHolds(parameters, progress);
  if (type === 'processing_item_applied')
    return (
      field !== null &&
      (progress.fieldAppliedBy.get(field)?.has(String(parameters.processing_item_id)) ?? false)
    );
  const fields = Array.isArray(parameters.fields) ? (parameters.fields as unknown[]) : [];
  const isIncluded =
    field !== null &&
    (parameters.mode === 're'
      ? fields.some((one) => pipelinePattern(`^(?:${String(one)})`, item).test(field))
      : fields.includes(field));
  return type === 'include_fields' ? isIncluded : !isIncluded;
}

function valueConditionHolds(
  { type, parameters }: PipelineCondition,
  item: Item,
  progress: Progress,
  pipelineItem: PipelineItem,
): boolean {
  if (type === 'processing_item_applied')
    return item.appliedBy.includes(String(parameters.processing_item_id));
  if (type === 'processing_state') return stateHolds(parameters, progress);
  const test = (value: SigmaValue): boolean => {
    switch (type) {
      case 'match_string': {
        const pattern = pipelinePattern(`^(?:${String(parameters.pattern)})`, pipelineItem);
        const matches = value.kind === 'text' && pattern.test(plainText(value.parts));
        return matches !== (parameters.negate === true);
      }
      case 'match_value':
        return isValue(value, parameters.value);
      case 'contains_wildcard':
        return value.kind === 'text' && value.parts.some((part) => part === ANY || part === ONE);
      default:
        return value.kind === 'null';
    }
  };
  return parameters.cond === 'all' ? item.values.every(test) : item.values.some(test);
}
