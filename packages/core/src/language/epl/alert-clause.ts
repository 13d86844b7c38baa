import type { Cursor } from './cursor.ts';
import { takeFieldName } from './names.ts';
import { takeSpan } from './spans-of-time.ts';
import type { AlertSyntax, FieldName, OutputSyntax } from './syntax.ts';

/** What follows `ALERT BY`: fields of results, how far results of one alert may be apart, how long one may last. */
export function takeAlert(cursor: Cursor, start: number): AlertSyntax {
  const fields: FieldName[] = [];
  if (!cursor.takeSign('*'))
    do fields.push(takeFieldName(cursor));
    while (cursor.takeSign(','));
  const forMs = cursor.takeKeywords('FOR') ? takeSpan(cursor) : null;
  const maxMs = cursor.takeKeywords('MAX') ? takeSpan(cursor) : null;
  return { span: { start, end: cursor.position }, fields, forMs, maxMs };
}

/** What follows `OUTPUT`: names of outputs. */
export function takeOutputs(cursor: Cursor, start: number): OutputSyntax[] {
  const outputs: OutputSyntax[] = [];
  do {
    const name = cursor.takeWord();
    if (name === '') cursor.fail('expected the name of an output');
    outputs.push({ name, span: { start, end: cursor.position } });
  } while (cursor.takeSign(','));
  return outputs;
}
