import type { Diagnostic } from '../../plan/diagnostic.ts';
import type { RuleInFile } from '../check.ts';
import { diagnostic } from '../diagnostics/diagnostic.ts';
import { parse } from '../epl/parse.ts';
import { correlationText, ruleText } from './epl-text.ts';
import { applyFilters } from './filters.ts';
import { applyPipelines, applyToCorrelation } from './pipeline/apply.ts';
import type { Pipeline } from './pipeline/pipeline.ts';
import { fillPlaceholders, type PlaceholderTexts } from './placeholders.ts';
import { readSigma } from './read-sigma.ts';
import { checkSchema } from './schema-check.ts';
import { asProblem, SigmaProblem } from './sigma-problem.ts';
import type {
  SigmaCorrelation,
  SigmaDocument,
  SigmaFacts,
  SigmaFilter,
  SigmaRule,
} from './sigma-rule.ts';
import { entry, readYaml, type YamlDocument } from './yaml-document.ts';
import { isScalar } from 'yaml';

export interface SigmaOptions {
  readonly pipelines: readonly Pipeline[];
  readonly placeholders: PlaceholderTexts;
}

/** What became of one document. */
export interface SigmaOutcome {
  readonly file: string;
  readonly title: string;
  readonly id: string | null;
  readonly kind: SigmaDocument['kind'];
  readonly state: 'taken' | 'refused' | 'needs a list' | 'read by a correlation' | 'not yet';
  /** Of what was refused: code and words. */
  readonly reason: string | null;
}

export interface SigmaCompiled {
  readonly rules: readonly RuleInFile[];
  readonly outcomes: readonly SigmaOutcome[];
  readonly diagnostics: readonly Diagnostic[];
}

export const isSigmaFile = (name: string): boolean => /\.ya?ml$/i.test(name);

/** Makes EPL rules of files of Sigma. Never throws: a document with an error is left out and told of. */
export function compileSigma(
  files: readonly { readonly name: string; readonly text: string }[],
  options: SigmaOptions,
): SigmaCompiled {
  return new SigmaCompiler(options).compile(files);
}

class SigmaCompiler {
  readonly #options: SigmaOptions;
  readonly #rules: RuleInFile[] = [];
  readonly #outcomes: SigmaOutcome[] = [];
  readonly #diagnostics: Diagnostic[] = [];

  constructor(options: SigmaOptions) {
    this.#options = options;
  }

  compile(files: readonly { readonly name: string; readonly text: string }[]): SigmaCompiled {
    const documents = files.flatMap(({ name, text }) => this.#read(name, text));
    const read = documents.filter((one) => one.kind === 'rule');
    const filters = documents.filter((one) => one.kind === 'filter');
    const correlations = documents.filter((one) => one.kind === 'correlation');
    const { rules, problems } = applyFilters(read, filters);
    for (const filter of filters) this.#filter(filter, problems.get(filter));
    const prepared = new Map<SigmaRule, SigmaRule>();
    for (const [i, rule] of rules.entries()) {
      const made = this.#prepare(rule);
      if (made !== null) prepared.set(read[i]!, made);
    }
    const base = new Correlations(read, prepared, correlations);
    for (const [rule, made] of prepared)
      if (base.isPart(rule)) this.#outcome(rule, 'read by a correlation', null);
      else this.#attempt(rule, () => this.#add(rule.facts, ruleText(made)));
    for (const correlation of correlations)
      this.#attempt(correlation, () => this.#correlation(correlation, base.rulesOf(correlation)));
    return { rules: this.#rules, outcomes: this.#outcomes, diagnostics: this.#diagnostics };
  }

  #read(file: string, text: string): SigmaDocument[] {
    return readYaml(text).flatMap((document) => {
      if (document.problems.length > 0) {
        for (const problem of document.problems) this.#report(problem, file);
        this.#refused(file, null, document.problems[0]!);
        return [];
      }
      if (document.root === null) return [];
      try {
        if (isPipeline(document)) return [];
        const made = readSigma(document, file);
        for (const problem of checkSchema(document, made.facts.plain, made.kind))
          this.#report(problem, file);
        return [made];
      } catch (thrown) {
        const problem = asProblem(thrown, document.span);
        this.#report(problem, file);
        this.#refused(file, document, problem);
        return [];
      }
    });
  }

  #correlation(
    correlation: SigmaCorrelation,
    parts: readonly { readonly read: SigmaRule; readonly rule: SigmaRule }[],
  ): void {
    const mapped = applyToCorrelation(
      correlation,
      parts.map(({ read }) => read),
      this.#options.pipelines,
    );
    this.#add(
      correlation.facts,
      correlationText(
        mapped,
        parts.map(({ rule }) => rule),
      ),
    );
  }

  #filter(filter: SigmaFilter, problem: SigmaProblem | undefined): void {
    if (problem !== undefined) this.#report(problem, filter.facts.file);
    this.#outcome(filter, 'taken', null);
  }

  #prepare(rule: SigmaRule): SigmaRule | null {
    let made: SigmaRule | null = null;
    const { pipelines, placeholders } = this.#options;
    this.#attempt(rule, () => {
      made = fillPlaceholders(applyPipelines(rule, pipelines), placeholders);
    });
    return made;
  }

  #attempt(document: SigmaDocument, make: () => void): void {
    try {
      make();
    } catch (thrown) {
      const problem = asProblem(thrown, document.facts.titleSpan);
      this.#report(problem, document.facts.file);
      this.#outcome(document, stateOf(problem), `${problem.code}: ${problem.message}`);
    }
  }

  /** Takes a rule as EPL. What is wrong in the text is told at the title of the document that it was made of. */
  #add(facts: SigmaFacts, text: string): void {
    const { rules, diagnostics } = parse(text, facts.file);
    const [problem] = diagnostics;
    if (problem !== undefined)
      throw new SigmaProblem(problem.code, problem.message, facts.titleSpan, problem.try);
    for (const syntax of rules)
      this.#rules.push({
        syntax: { ...syntax, span: facts.span, nameSpan: facts.titleSpan },
        file: facts.file,
        sigma: facts,
      });
    this.#outcomes.push({
      file: facts.file,
      title: facts.title,
      id: facts.id,
      kind: 'correlation' in facts.plain ? 'correlation' : 'rule',
      state: 'taken',
      reason: null,
    });
  }

  #outcome(document: SigmaDocument, state: SigmaOutcome['state'], reason: string | null): void {
    const { file, title, id } = document.facts;
    this.#outcomes.push({ file, title, id, kind: document.kind, state, reason });
  }

  #refused(file: string, document: YamlDocument | null, problem: SigmaProblem): void {
    const textOf = (name: string): string | null => {
      const node = entry(document?.root, name);
      return isScalar(node) && typeof node.value === 'string' ? node.value : null;
    };
    this.#outcomes.push({
      file,
      title: textOf('title') ?? '',
      id: textOf('id'),
      kind: 'rule',
      state: 'refused',
      reason: `${problem.code}: ${problem.message}`,
    });
  }

  #report({ code, message, span, try: correction }: SigmaProblem, file: string): void {
    this.#diagnostics.push(diagnostic({ code, message, file, span, try: correction }));
  }
}

/** Pipelines may lie beside rules; they are named in weir.yaml and read from there. */
const isPipeline = ({ plain }: YamlDocument): boolean => {
  const value = plain();
  return (
    typeof value === 'object' &&
    value !== null &&
    ('transformations' in value || 'postprocessing' in value || 'finalizers' in value) &&
    !('detection' in value)
  );
};

function stateOf({ code }: SigmaProblem): SigmaOutcome['state'] {
  if (code === 'E620') return 'needs a list';
  return code === 'E193' ? 'not yet' : 'refused';
}

/** Which rules correlations read. */
class Correlations {
  readonly #byName = new Map<string, SigmaRule | SigmaCorrelation>();
  readonly #prepared: ReadonlyMap<SigmaRule, SigmaRule>;
  readonly #parts = new Set<SigmaRule | SigmaCorrelation>();

  constructor(
    rules: readonly SigmaRule[],
    prepared: ReadonlyMap<SigmaRule, SigmaRule>,
    correlations: readonly SigmaCorrelation[],
  ) {
    this.#prepared = prepared;
    for (const document of [...rules, ...correlations])
      for (const name of [document.facts.id, document.facts.name])
        if (name !== null && !this.#byName.has(name)) this.#byName.set(name, document);
    for (const { rules: named, isGenerating } of correlations)
      for (const { name } of isGenerating ? [] : named) {
        const found = this.#byName.get(name);
        if (found !== undefined) this.#parts.add(found);
      }
  }

  /** Its events are a correlation's, and no results of its own. */
  isPart(rule: SigmaRule): boolean {
    return this.#parts.has(rule);
  }

  rulesOf(correlation: SigmaCorrelation): { read: SigmaRule; rule: SigmaRule }[] {
    this.#refuseCircle(correlation, []);
    const found = correlation.rules.map(({ name, span }) => {
      const document = this.#byName.get(name);
      if (document?.kind === 'correlation')
        throw new SigmaProblem('E193', 'correlations of correlations are not built yet', span);
      const rule = document && this.#prepared.get(document);
      if (document === undefined || rule === undefined)
        throw new SigmaProblem(
          'E621',
          document === undefined
            ? `no rule is called ${JSON.stringify(name)}`
            : `the rule ${JSON.stringify(name)} was refused`,
          span,
        );
      return { read: document, rule };
    });
    const asksAll = correlation.comparisons.every(
      ({ operator, number }) =>
        (operator === 'gte' || operator === 'eq') && number === correlation.rules.length,
    );
    if (correlation.type === 'temporal_ordered' && !asksAll)
      throw new SigmaProblem(
        'E631',
        'an order of some of the rules, but not of which, cannot be asked for',
        correlation.span,
        'leave out the condition: all rules, in their order',
      );
    return found;
  }

  #refuseCircle(correlation: SigmaCorrelation, above: readonly SigmaCorrelation[]): void {
    if (above.includes(correlation))
      throw new SigmaProblem(
        'E622',
        `these correlations read each other: ${[...above.slice(above.indexOf(correlation)), correlation].map(({ facts }) => JSON.stringify(facts.title)).join(' → ')}`,
        above[0]!.span,
      );
    for (const { name } of correlation.rules) {
      const document = this.#byName.get(name);
      if (document?.kind === 'correlation') this.#refuseCircle(document, [...above, correlation]);
    }
  }
}
