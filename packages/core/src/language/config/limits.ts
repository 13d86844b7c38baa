import { isScalar, type Node } from 'yaml';
import { defaultCallLimits, listing61Limits } from '../../functions/budget.ts';
import type { LimitsPlan, LimitValues } from '../../plan/limits-plan.ts';
import { nearest } from '../diagnostics/nearest.ts';

/** How the reader of the whole file reads maps and says what is wrong. */
export interface NodeReader {
  map(
    node: Node | null | undefined,
    what: string,
    known: readonly string[] | null,
  ): Map<string, Node | null>;
  refuse(message: string, node: Node | null, correction: string): undefined;
}

/** What `preset` names; single values beside it win. */
const PRESETS: Readonly<Record<string, LimitValues>> = {
  default: defaultCallLimits,
  'listing-6.1': listing61Limits,
};

/** Whole numbers, and between what. The engine counts them down in 32 bits. */
const NUMBERS = {
  steps: { least: 100, most: 2 ** 31 - 1 },
  depth: { least: 1, most: 1000 },
  bytes: { least: 1024, most: 2 ** 31 - 1 },
  resultBytes: { least: 16, most: 2 ** 31 - 1 },
  cpuMs: { least: 1, most: 60_000 },
} as const;

const UNITS: Readonly<Record<string, number>> = { '': 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };
const CALL_NAMES = ['preset', ...Object.keys(NUMBERS)];
const NAMES = [...CALL_NAMES, 'cpuShare'];

/** `limits` of the file: for all rules, and in `rules` by id. Those of tenants stand with the tenants. */
export function limitsOf(
  node: Node | null | undefined,
  tenants: LimitsPlan['tenants'],
  reader: NodeReader,
): LimitsPlan | undefined {
  if (node === undefined && tenants.length === 0) return undefined;
  const entries = reader.map(node, 'limits', [...NAMES, 'rules']);
  const rules = [...reader.map(entries.get('rules'), 'limits of rules', null)].map(([id, of]) => ({
    id,
    limits: limitsOfRule(of, id, reader),
  }));
  entries.delete('rules');
  return { all: valuesOf(entries, reader), tenants, rules };
}

function limitsOfRule(node: Node | null, id: string, reader: NodeReader): LimitValues {
  return valuesOf(reader.map(node, `limits of ${JSON.stringify(id)}`, NAMES), reader);
}

/** Of calls for events of a tenant: shares of CPU are counted for rules, whosever events they are. */
export function limitsOfTenant(node: Node | null, name: string, reader: NodeReader): LimitValues {
  return valuesOf(reader.map(node, `limits of tenant ${name}`, CALL_NAMES), reader);
}

function valuesOf(entries: ReadonlyMap<string, Node | null>, reader: NodeReader): LimitValues {
  const preset = entries.get('preset');
  const values: Record<string, number | null> = {
    ...(preset === undefined ? {} : presetOf(preset, reader)),
  };
  for (const name of Object.keys(NUMBERS) as (keyof typeof NUMBERS)[]) {
    const node = entries.get(name);
    const value = node === undefined ? undefined : numberOf(name, node, reader);
    if (value !== undefined) values[name] = value;
  }
  const share = entries.get('cpuShare');
  const value = share === undefined ? undefined : shareOf(share, reader);
  if (value !== undefined) values['cpuShare'] = value;
  return values;
}

function presetOf(node: Node | null, reader: NodeReader): LimitValues | undefined {
  const name = textOf(node);
  const known = Object.keys(PRESETS);
  if (Object.hasOwn(PRESETS, name)) return PRESETS[name];
  return reader.refuse(
    `there is no preset ${name}: ${known.join(', ')}`,
    node,
    nearest(name, known) ?? 'default',
  );
}

function numberOf(
  name: keyof typeof NUMBERS,
  node: Node | null,
  reader: NodeReader,
): number | null | undefined {
  const text = textOf(node);
  if (name === 'cpuMs' && text === 'none') return null;
  const { least, most } = NUMBERS[name];
  const isSize = name === 'bytes' || name === 'resultBytes';
  const [, digits, unit = ''] = /^([0-9]+) ?(KiB|MiB|GiB)?$/.exec(text) ?? [];
  const value =
    digits === undefined || (unit !== '' && !isSize) ? Number.NaN : Number(digits) * UNITS[unit]!;
  if (value >= least && value <= most) return value;
  return reader.refuse(
    `${name} is a whole number from ${least} to ${most}${isSize ? ', or a size such as 16 MiB' : ''}`,
    node,
    `${name}: ${isSize ? '16 MiB' : name === 'cpuMs' ? 10 : defaultCallLimits[name]}`,
  );
}

function shareOf(node: Node | null, reader: NodeReader): number | null | undefined {
  const text = textOf(node);
  if (text === 'none') return null;
  const [, digits] = /^([0-9]+(?:\.[0-9]+)?) ?%$/.exec(text) ?? [];
  const percent = Number(digits ?? Number.NaN);
  if (percent > 0 && percent <= 100) return percent / 100;
  return reader.refuse('cpuShare is a part of a minute, such as 25%', node, 'cpuShare: 25%');
}

const textOf = (node: Node | null): string =>
  isScalar(node) ? String(node.source ?? node.value) : '';
