import type { Diagnostic } from '../../plan/diagnostic.ts';
import { codeFacts } from './codes.ts';

/** Line and column of an offset, both from 1. */
export function placeOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: offset - lineStart + 1 };
}

/** What a person reads: code, place, the line with what is wrong underlined, a correction, the reason. */
export function formatDiagnostic(diagnostic: Diagnostic, text: string): string {
  const { code, severity, message, file, span, try: correction, why } = diagnostic;
  const { line, column } = placeOf(text, span.start);
  const source = (text.split('\n')[line - 1] ?? '').replace(/\r$/, '');
  const shownFrom = Math.max(0, column - 60);
  const shown = printable(source.slice(shownFrom, shownFrom + 110));
  const length = Math.max(
    1,
    Math.min(span.end - span.start, shown.length - (column - 1 - shownFrom)),
  );
  const gutter = `${line} | `;
  return [
    `${severity} ${code}: ${message}`,
    `  ${file}:${line}:${column}`,
    `${gutter}${shown}`,
    `${' '.repeat(gutter.length - 2)}  ${' '.repeat(column - 1 - shownFrom)}${'^'.repeat(length)}`,
    ...(correction === undefined ? [] : [`  try:  ${correction}`]),
    ...(why === undefined ? [] : [`  why:  ${why}`]),
    `  more: weir explain ${code}`,
  ].join('\n');
}

/** Tabs and control characters as one blank each, so that the underline stands where it should. */
const printable = (text: string): string =>
  text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, ' ');

/** The page on a code; undefined if there is none. */
export function explainCode(code: string): string | undefined {
  const facts = codeFacts(code.toUpperCase());
  if (facts === undefined) return undefined;
  const kind = facts.code.startsWith('W')
    ? 'warning: the rule runs'
    : 'error: the rule (or file) is refused';
  return [
    `${facts.code}  ${facts.title}`,
    `  ${kind}`,
    `  why:  ${facts.why}`,
    ...(facts.try === undefined ? [] : [`  try:  ${facts.try}`]),
    ...(facts.example === undefined ? [] : [`  such as:  ${facts.example}`]),
  ].join('\n');
}
