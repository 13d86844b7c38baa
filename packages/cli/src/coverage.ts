import type { RulePlan } from '@weir/core';
import { count } from './paint.ts';

export interface Coverage {
  readonly rules: number;
  /** Rules without a technique among their tags. */
  readonly untagged: number;
  /** By their ids: `T1059`, `T1059.001`. */
  readonly techniques: readonly TechniqueCoverage[];
}

export interface TechniqueCoverage {
  readonly technique: string;
  /** Of the rules that name it, as they write them. */
  readonly tactics: readonly string[];
  readonly rules: readonly string[];
}

/** The techniques that rules are tagged with, as Sigma writes them: `attack.t1059.001`. */
export function coverageOf(rules: readonly RulePlan[]): Coverage {
  const found = new Map<string, { tactics: Set<string>; rules: Set<string> }>();
  let untagged = 0;
  for (const { name, facts } of rules) {
    const tags = facts.tags.map((tag) => tag.toLowerCase().replace(/^attack\./, ''));
    const techniques = tags.filter((tag) => /^t\d{4}(?:\.\d{3})?$/.test(tag));
    const tactics = facts.tags
      .filter((tag) => /^attack\.[a-z-]+$/.test(tag))
      .map((tag) => tag.slice('attack.'.length));
    if (techniques.length === 0) untagged++;
    for (const technique of techniques) {
      const id = technique.toUpperCase();
      const known = found.get(id) ?? { tactics: new Set(), rules: new Set() };
      for (const tactic of tactics) known.tactics.add(tactic);
      known.rules.add(name);
      found.set(id, known);
    }
  }
  return {
    rules: rules.length,
    untagged,
    techniques: [...found]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([technique, known]) => ({
        technique,
        tactics: [...known.tactics].sort(),
        rules: [...known.rules].sort(),
      })),
  };
}

export function coverageText({ rules, untagged, techniques }: Coverage): string {
  const lines = techniques.map(
    ({ technique, rules: names, tactics }) =>
      `${technique.padEnd(10)} ${count(names.length).padStart(6)}  ${tactics.join(', ')}`,
  );
  const main = new Set(techniques.map(({ technique }) => technique.slice(0, 5)));
  return [
    `${'technique'.padEnd(10)}  rules  tactics`,
    ...lines,
    '',
    `${count(rules)} rules name ${count(techniques.length)} techniques and sub-techniques (${count(main.size)} without sub-techniques); ${count(untagged)} rules name none`,
  ].join('\n');
}

/** A layer of the ATT&CK Navigator. Format: its layer file format 4.5. */
export function coverageLayer({ techniques }: Coverage): object {
  const most = Math.max(1, ...techniques.map(({ rules }) => rules.length));
  return {
    name: 'Weir',
    versions: { layer: '4.5', navigator: '5.1.0' },
    domain: 'enterprise-attack',
    description: 'Techniques that rules are tagged with; the score is the number of rules',
    techniques: techniques.map(({ technique, rules }) => ({
      techniqueID: technique,
      score: rules.length,
      comment: rules.slice(0, 20).join('\n') + (rules.length > 20 ? '\n…' : ''),
      enabled: true,
      showSubtechniques: technique.includes('.'),
    })),
    gradient: { colors: ['#e8f0fe', '#1a56db'], minValue: 0, maxValue: most },
  };
}
