import { charge, grow, joined, read } from './budget.ts';
import { isReader } from './conversions.ts';
import { fail } from './rule-failure.ts';

const DEPTH_MAX = 200;

/**
 * JSON of a plain value, as `JSON.stringify` gives it (ECMA-262, 25.5.2), charged while it goes: a list that holds another one
 * twice is written twice. undefined: the value is none that JSON has.
 */
export function jsonText(value: unknown): string | undefined {
  return valueText(value, '', 0);
}

function valueText(held: unknown, name: string, depth: number): string | undefined {
  charge(1);
  grow(64);
  if (depth > DEPTH_MAX) return fail(`a value is nested deeper than ${DEPTH_MAX}`);
  const value = asJson(held, name);
  switch (typeof value) {
    case 'string':
      return stringText(value);
    case 'number':
    case 'boolean':
      return Number.isNaN(value) || Math.abs(Number(value)) === Infinity ? 'null' : String(value);
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value)
        ? elementsText(value, depth)
        : fieldsText(value as Readonly<Record<string, unknown>>, depth);
    default:
      return undefined;
  }
}

/** A value of the rule's own may say what stands for it; events hold no functions. */
function asJson(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (isReader(value)) return value.whole();
  if (!Object.hasOwn(value, 'toJSON')) return value;
  const { toJSON } = value as { readonly toJSON: unknown };
  return typeof toJSON === 'function' ? (toJSON as (name: string) => unknown)(name) : value;
}

function stringText(value: string): string {
  read(value.length);
  const made = JSON.stringify(value);
  joined(made.length);
  return made;
}

function elementsText(list: readonly unknown[], depth: number): string {
  let made = '[';
  for (let i = 0; i < list.length; i++) {
    const part = valueText(list[i], String(i), depth + 1) ?? 'null';
    joined(made.length + part.length + 1);
    made += i === 0 ? part : `,${part}`;
  }
  return `${made}]`;
}

function fieldsText(fields: Readonly<Record<string, unknown>>, depth: number): string {
  let made = '';
  for (const name of Object.keys(fields)) {
    const part = valueText(fields[name], name, depth + 1);
    if (part === undefined) continue;
    const key = stringText(name);
    joined(made.length + key.length + part.length + 2);
    made += `${made === '' ? '' : ','}${key}:${part}`;
  }
  return `{${made}}`;
}
