import { Failure } from '../failure.ts';

/** A whole number that somebody wrote on the command line. */
export function wholeNumber(option: string, text: string, least: number, most: number): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < least || number > most || text.trim() === '')
    throw new Failure(`${option} takes a whole number, ${least} to ${most}, not ${text}`);
  return number;
}

/** `name=value`, several. What comes last wins. */
export function pairs(option: string, texts: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const text of texts) {
    const at = text.indexOf('=');
    if (at <= 0) throw new Failure(`${option} takes name=value, not ${text}`);
    found[text.slice(0, at)] = text.slice(at + 1);
  }
  return found;
}

/** A file of Java's properties: name=value, # begins a comment; no line goes on in the next. */
export function propertiesIn(text: string, file: string): Record<string, string> {
  const lines = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#') && !line.startsWith('!'));
  for (const line of lines)
    if (line.endsWith('\\'))
      throw new Failure(`${file}: a line ends with \\: a property must stand in one line`);
  return Object.fromEntries(
    Object.entries(pairs(file, lines)).map(([name, value]) => [name.trim(), value.trim()]),
  );
}
