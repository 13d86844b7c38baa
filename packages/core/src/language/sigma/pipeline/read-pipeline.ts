import type { Diagnostic } from '../../../plan/diagnostic.ts';
import { diagnostic } from '../../diagnostics/diagnostic.ts';
import { nearest } from '../../diagnostics/nearest.ts';
import { parseCondition, type Condition } from '../condition.ts';
import { asProblem, SigmaProblem } from '../sigma-problem.ts';
import { nodeAt, readYaml, spanOf, type YamlDocument } from '../yaml-document.ts';
import type { ConditionGroup, Pipeline, PipelineCondition, PipelineItem } from './pipeline.ts';

type Plain = Readonly<Record<string, unknown>>;

export const TRANSFORMATIONS: readonly string[] = [
  'field_name_mapping',
  'field_name_prefix_mapping',
  'field_name_prefix',
  'field_name_suffix',
  'drop_detection_item',
  'hashes_fields',
  'extract_fields',
  'wildcard_placeholders',
  'value_placeholders',
  'add_condition',
  'change_logsource',
  'add_field',
  'remove_field',
  'set_field',
  'replace_string',
  'map_string',
  'set_state',
  'regex',
  'set_value',
  'convert_type',
  'rule_failure',
  'detection_item_failure',
  'strict_field_mapping_failure',
  'set_custom_attribute',
  'nest',
  'case',
];

/** What only a query can hold, or what reads outside the rules. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  query_expression_placeholders: 'it makes text of a query, and Weir makes none',
  file_placeholders: 'lists are declared in weir.yaml',
  http_placeholders: 'lists are declared in weir.yaml',
  command_placeholders: 'lists are declared in weir.yaml',
  field_name_transform: 'it is code in Python',
};

const RULE_CONDITIONS = [
  'logsource',
  'contains_detection_item',
  'contains_field',
  'processing_item_applied',
  'processing_state',
  'is_sigma_rule',
  'is_sigma_correlation_rule',
  'rule_attribute',
  'tag',
];
const ITEM_CONDITIONS = [
  'match_string',
  'match_value',
  'contains_wildcard',
  'is_null',
  'processing_item_applied',
  'processing_state',
];
const FIELD_CONDITIONS = [
  'include_fields',
  'exclude_fields',
  'processing_item_applied',
  'processing_state',
];

/** Reads a pipeline. Never throws: null, and what is wrong in the diagnostics. */
export function readPipeline(
  text: string,
  file: string,
): { readonly pipeline: Pipeline | null; readonly diagnostics: readonly Diagnostic[] } {
  const [document] = readYaml(text);
  const problems: SigmaProblem[] = [...(document?.problems ?? [])];
  let pipeline: Pipeline | null = null;
  if (document !== undefined && problems.length === 0) {
    try {
      pipeline = new PipelineReader(document).read(file);
    } catch (thrown) {
      problems.push(asProblem(thrown, document.span));
    }
  }
  return {
    pipeline,
    diagnostics: problems.map(({ code, message, span, try: correction }) =>
      diagnostic({ code, message, file, span, try: correction }),
    ),
  };
}

class PipelineReader {
  readonly #document: YamlDocument;
  #count = 0;

  constructor(document: YamlDocument) {
    this.#document = document;
  }

  #fail(pointer: string, message: string, correction?: string): never {
    throw new SigmaProblem(
      'E630',
      message,
      spanOf(nodeAt(this.#document.root, pointer)),
      correction,
    );
  }

  read(file: string): Pipeline {
    const plain = this.#object(this.#document.plain(), '', 'a pipeline');
    const { name, priority = 0, vars = {}, transformations = [] } = plain;
    if (typeof priority !== 'number') this.#fail('/priority', 'the priority is a number', '10');
    return {
      name: typeof name === 'string' ? name : file,
      priority,
      vars: this.#object(vars, '/vars', 'vars'),
      items: this.#items(transformations, '/transformations'),
    };
  }

  #object(value: unknown, pointer: string, what: string): Plain {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      this.#fail(pointer, `${what} holds entries, "name: value"`);
    return value as Plain;
  }

  #items(value: unknown, pointer: string): PipelineItem[] {
    if (!Array.isArray(value)) this.#fail(pointer, 'transformations are a list');
    return (value as unknown[]).map((one, i) => this.#item(one, `${pointer}/${i}`));
  }

  #item(value: unknown, pointer: string): PipelineItem {
    const plain = this.#object(value, pointer, 'a transformation');
    const { type, id } = plain;
    if (typeof type !== 'string') this.#fail(pointer, 'a transformation needs its `type`');
    if (type in LEFT_OUT) this.#fail(`${pointer}/type`, `${type} is not taken: ${LEFT_OUT[type]}`);
    if (!TRANSFORMATIONS.includes(type))
      this.#fail(
        `${pointer}/type`,
        `there is no transformation \`${type}\``,
        nearest(type, TRANSFORMATIONS),
      );
    this.#count++;
    return {
      id: typeof id === 'string' ? id : `item ${this.#count}`,
      type,
      parameters: plain,
      rule: this.#group(plain, 'rule_cond', RULE_CONDITIONS, pointer),
      detectionItem: this.#group(plain, 'detection_item_cond', ITEM_CONDITIONS, pointer),
      fieldName: this.#group(plain, 'field_name_cond', FIELD_CONDITIONS, pointer),
      items: type === 'nest' ? this.#items(plain['items'] ?? [], `${pointer}/items`) : [],
      span: spanOf(nodeAt(this.#document.root, pointer)),
    };
  }

  #group(plain: Plain, prefix: string, known: readonly string[], at: string): ConditionGroup {
    const given = plain[`${prefix}itions`] ?? [];
    const pointer = `${at}/${prefix}itions`;
    const entries = Array.isArray(given)
      ? given.map((one: unknown, i) => [String(i), one] as const)
      : Object.entries(this.#object(given, pointer, 'conditions'));
    const conditions = new Map(
      entries.map(([name, one]) => [name, this.#condition(one, `${pointer}/${name}`, known)]),
    );
    const isNegated = plain[`${prefix}_not`] === true;
    const names = [...conditions.keys()];
    const text = plain[`${prefix}_expr`];
    if (typeof text === 'string') {
      const place = spanOf(nodeAt(this.#document.root, `${at}/${prefix}_expr`));
      return { conditions, isNegated, expression: parseCondition(text, names, () => place) };
    }
    const link = plain[`${prefix}_op`] === 'or' ? 'or' : 'and';
    const of = names.map((name): Condition => ({ kind: 'name', name }));
    return { conditions, isNegated, expression: of.length === 0 ? null : { kind: link, of } };
  }

  #condition(value: unknown, pointer: string, known: readonly string[]): PipelineCondition {
    const plain = this.#object(value, pointer, 'a condition');
    const { type } = plain;
    if (typeof type !== 'string' || !known.includes(type))
      this.#fail(
        pointer,
        `there is no condition \`${String(type)}\` here`,
        nearest(String(type), known) ?? known.join(', '),
      );
    return { type: type as string, parameters: plain };
  }
}
