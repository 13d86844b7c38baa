const RULE = /RULE\b/iy;
const QUOTED = /(?:[\s\u200b\ufeff]|\/\/[^\n]*\n|\/\*[^]*?\*\/)*["']/y;

/**
 * Where the next rule begins at or after `from`: at `RULE` followed by a string, outside brackets, strings and
 * comments. If brackets are not balanced, at the first line that begins so: a broken rule does not hide the others.
 */
export function nextRuleStart(text: string, from: number): number {
  let depth = 0;
  let lineStart = from === 0 || text[from - 1] === '\n';
  for (let i = from; i < text.length; i++) {
    const char = text[i]!;
    if (char === '\n') {
      lineStart = true;
      continue;
    }
    if (/\s/.test(char)) continue;
    if (char === '/' && text[i + 1] === '/') {
      i = endOf(text.indexOf('\n', i), text) - 1;
      continue;
    }
    if (char === '/' && text[i + 1] === '*') {
      i = endOf(text.indexOf('*/', i + 2), text) + 1;
      continue;
    }
    if ((depth === 0 || lineStart) && isRuleStart(text, i)) return i;
    // A rule whose name lacks its quotes is a broken rule, not a part of the one before.
    if (depth === 0 && lineStart && /^RULE\s/i.test(text.slice(i, i + 5))) return i;
    lineStart = false;
    if (char === '"' || char === "'" || char === '`') i = skipString(text, i);
    else if (char === '(' || char === '[' || char === '{') depth++;
    else if (char === ')' || char === ']' || char === '}') depth = Math.max(0, depth - 1);
  }
  return text.length;
}

const endOf = (found: number, text: string): number => (found < 0 ? text.length : found);

function isRuleStart(text: string, at: number): boolean {
  if (at > 0 && /[\p{ID_Continue}$.]/u.test(text[at - 1]!)) return false;
  RULE.lastIndex = at;
  if (!RULE.test(text)) return false;
  QUOTED.lastIndex = at + 4;
  return QUOTED.test(text);
}

/** Index of the closing quote. A string in `'` or `"` that is not closed ends with its line. */
function skipString(text: string, at: number): number {
  const quote = text[at]!;
  for (let i = at + 1; i < text.length; i++) {
    const char = text[i]!;
    if (char === '\\') i++;
    else if (char === quote) return i;
    else if (char === '\n' && quote !== '`') return i - 1;
  }
  // A backtick that is never closed: only the sign itself is skipped.
  return at;
}
