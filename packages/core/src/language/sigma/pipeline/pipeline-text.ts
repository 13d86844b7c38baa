/** Text of Sigma as pipelines see it, and Python's regular expressions. */
import { ANY, ONE, parseWildcards } from '../../../functions/wildcard-text.ts';
import { javascriptPattern } from '../javascript-pattern.ts';
import { SigmaProblem } from '../sigma-problem.ts';
import { isPlaceholder, type SigmaValue, type TextPart } from '../sigma-rule.ts';
import type { PipelineItem } from './pipeline.ts';

/** With wildcards as `*` and `?`, nothing escaped: what patterns of pipelines are asked of. */
export function plainText(parts: readonly TextPart[]): string {
  return parts
    .map((part) => {
      if (part === ANY) return '*';
      if (part === ONE) return '?';
      return isPlaceholder(part as TextPart)
        ? `%${(part as { placeholder: string }).placeholder}%`
        : (part as string);
    })
    .join('');
}

export const textValue = (text: string, isCased = false): SigmaValue => ({
  kind: 'text',
  parts: parseWildcards(text),
  isCased,
});

const patterns = new Map<string, RegExp>();

/** A pattern of a pipeline. Its author is who runs Weir, so it is not held to linear time; it runs when rules load. */
export function pipelinePattern(source: unknown, item: PipelineItem, flags = ''): RegExp {
  const name = `${flags}/${String(source)}`;
  const known = patterns.get(name);
  if (known !== undefined) return known;
  try {
    const translated = javascriptPattern(String(source), flags);
    const made = new RegExp(translated.source, translated.flags);
    if (patterns.size > 500) patterns.clear();
    patterns.set(name, made);
    return made;
  } catch (error) {
    throw new SigmaProblem(
      'E630',
      `this is not a regular expression: ${(error as Error).message}`,
      item.span,
    );
  }
}

/** `\1`, `\g<1>` and `\g<name>` in what Python's `re.sub` puts in. */
export function pythonReplace(text: string, pattern: RegExp, replacement: string): string {
  const all = new RegExp(pattern.source, `${pattern.flags}g`);
  return text.replace(all, (...found: unknown[]) => {
    const groups = (typeof found.at(-1) === 'object' ? found.at(-1) : {}) as Record<string, string>;
    return replacement.replace(
      /\\(?:(\d{1,2})|g<(\w+)>|(\\)|n|t)/g,
      (whole, number?: string, name?: string, backslash?: string) => {
        if (backslash !== undefined) return '\\';
        const key = number ?? name;
        if (key === undefined) return whole === '\\n' ? '\n' : '\t';
        return String((/^\d+$/.test(key) ? found[Number(key)] : groups[key]) ?? '');
      },
    );
  });
}
