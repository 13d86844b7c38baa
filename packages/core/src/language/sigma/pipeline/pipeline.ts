/** A processing pipeline in the YAML form of pySigma: how rules are changed to fit the logs of one place. */
import type { Span } from '../../../plan/diagnostic.ts';
import type { Condition } from '../condition.ts';

export interface Pipeline {
  readonly name: string;
  /** Pipelines are applied from the lowest to the highest. */
  readonly priority: number;
  readonly vars: Readonly<Record<string, unknown>>;
  readonly items: readonly PipelineItem[];
}

/** What transformations and conditions take, by pySigma's names; of no known type. */
export type Parameters = Readonly<Partial<Record<ParameterName, unknown>>>;

type ParameterName =
  | 'attribute'
  | 'category'
  | 'cond'
  | 'conditions'
  | 'drop_algo_prefix'
  | 'exclude'
  | 'field'
  | 'field_prefix'
  | 'field_to_parse'
  | 'fields'
  | 'force_type'
  | 'include'
  | 'interpret_special'
  | 'key'
  | 'mapping'
  | 'message'
  | 'method'
  | 'mode'
  | 'name'
  | 'negate'
  | 'negated'
  | 'op'
  | 'pattern'
  | 'prefix'
  | 'preserve_unmatched'
  | 'processing_item_id'
  | 'product'
  | 'regex'
  | 'replacement'
  | 'service'
  | 'skip_special'
  | 'suffix'
  | 'tag'
  | 'target_type'
  | 'template'
  | 'val'
  | 'valid_hash_algos'
  | 'value';

export interface PipelineItem {
  readonly id: string;
  readonly type: string;
  /** What the transformation takes, by pySigma's names. */
  readonly parameters: Parameters;
  readonly rule: ConditionGroup;
  readonly detectionItem: ConditionGroup;
  readonly fieldName: ConditionGroup;
  /** Of `nest`. */
  readonly items: readonly PipelineItem[];
  readonly span: Span;
}

/** Conditions of one kind. */
export interface ConditionGroup {
  readonly conditions: ReadonlyMap<string, PipelineCondition>;
  readonly isNegated: boolean;
  /** Over the names of the conditions. null: there are none, which is true. */
  readonly expression: Condition | null;
}

export interface PipelineCondition {
  readonly type: string;
  readonly parameters: Parameters;
}

/** Is the expression true of conditions that `holds` judges? */
export function groupHolds(
  { conditions, isNegated, expression }: ConditionGroup,
  holds: (condition: PipelineCondition) => boolean,
): boolean {
  const judge = (node: Condition): boolean => {
    switch (node.kind) {
      case 'name':
        return holds(conditions.get(node.name)!);
      case 'not':
        return !judge(node.of);
      case 'and':
        return node.of.every(judge);
      case 'or':
        return node.of.some(judge);
      case 'at least':
        return node.of.filter(judge).length >= node.count;
    }
  };
  return (expression === null || judge(expression)) !== isNegated;
}
