/**
 * A regular expression as Sigma rules have it (PCRE's common part) as JavaScript's. Flags at its beginning, `(?i)`,
 * become flags; `(?P<name>…)` is written `(?<name>…)`; \A, \z and \Z are ^ and $; possessive and atomic forms are
 * left as they are and refused later.
 */
export function javascriptPattern(
  source: string,
  flags: string,
): { readonly source: string; readonly flags: string } {
  let rest = source;
  let all = flags;
  for (let inline = /^\(\?([ims]+)\)/.exec(rest); inline; inline = /^\(\?([ims]+)\)/.exec(rest)) {
    all += inline[1]!;
    rest = rest.slice(inline[0].length);
  }
  const isMultiline = all.includes('m');
  const text = rest.replace(/\\(.)|\(\?P</gs, (found, escaped: string | undefined) => {
    if (escaped === undefined) return '(?<';
    if (isMultiline) return found;
    if (escaped === 'A') return '^';
    return escaped === 'z' || escaped === 'Z' ? '$' : found;
  });
  return { source: text, flags: [...new Set(all)].sort().join('') };
}
