import { isMap, isScalar, isSeq, parseDocument, type Node, type Pair, type YAMLMap } from 'yaml';
import type { Diagnostic, Span } from '../../plan/diagnostic.ts';
import type { Json, Path } from '../../plan/json.ts';
import { makeTimeReader } from '../../plan/parse-time.ts';
import {
  defaultSource,
  type ListKind,
  type ListPlan,
  type SourcePlan,
  type SourcesPlan,
  type TimeFieldPlan,
} from '../../plan/source-plan.ts';
import type { LimitsPlan } from '../../plan/limits-plan.ts';
import type { LogSourcePlan, ViewPlan } from '../../plan/view-plan.ts';
import { diagnostic } from '../diagnostics/diagnostic.ts';
import { limitsOf, limitsOfTenant, type NodeReader } from './limits.ts';
import { views } from './views/index.ts';
import { nearest } from '../diagnostics/nearest.ts';
import { Cursor } from '../epl/cursor.ts';
import { takeSpan } from '../epl/spans-of-time.ts';

const LIST_KINDS: readonly ListKind[] = [
  'exact',
  'ip',
  'cidr',
  'domain',
  'domain-exact',
  'url',
  'email',
  'hash',
];

export const noSources: SourcesPlan = { sources: [], lists: [], tenants: [] };

/** Reads a `weir.yaml` (docs/sources.md). Never throws: what is wrong is in the diagnostics, with positions. */
export function readConfig(text: string, file: string): Config {
  const reader = new ConfigReader(file);
  const sources = reader.read(text);
  const { pipelines, outputs, diagnostics } = reader;
  return { sources, pipelines, outputs, diagnostics };
}

/** An output that rules may name. */
export interface OutputFile {
  readonly name: string;
  readonly file: string;
}

export interface Config {
  readonly sources: SourcesPlan;
  /** Pipelines that rules of Sigma go through: names of ready ones, or files. */
  readonly pipelines: readonly string[];
  /** Where `OUTPUT name` writes: files of JSON lines, relative to the configuration. */
  readonly outputs: readonly OutputFile[];
  readonly diagnostics: readonly Diagnostic[];
}

type Reader<Value> = (node: Node | null, name: string) => Value | undefined;

class ConfigReader {
  readonly diagnostics: Diagnostic[] = [];
  pipelines: readonly string[] = [];
  outputs: readonly OutputFile[] = [];
  readonly #file: string;

  readonly #limitsOfTenants: LimitsPlan['tenants'][number][] = [];
  readonly #nodes: NodeReader = {
    map: (node, what, known) => this.#map(node, what, known),
    refuse: (message, node, correction) => this.#refuse('E403', message, node, correction),
  };

  constructor(file: string) {
    this.#file = file;
  }

  #refuse(
    code: Diagnostic['code'],
    message: string,
    node: { range?: readonly number[] | null | undefined } | null,
    correction?: string,
  ): undefined {
    const [start = 0, end = start + 1] = node?.range ?? [];
    const span: Span = { start, end: Math.max(end, start + 1) };
    this.diagnostics.push(diagnostic({ code, message, file: this.#file, span, try: correction }));
    return undefined;
  }

  read(text: string): SourcesPlan {
    const document = parseDocument(text, { version: '1.2', schema: 'core', merge: false });
    for (const { message, pos } of document.errors.slice(0, 20))
      this.#refuse(
        'E401',
        `this is not YAML: ${message.split('\n')[0]!.replace(/ at line .*/, '')}`,
        { range: pos },
      );
    if (document.errors.length > 0 || document.contents === null) return noSources;
    const top = this.#map(document.contents, 'the file', [
      'sources',
      'tenants',
      'lists',
      'limits',
      'pipelines',
      'outputs',
    ]);
    this.pipelines = this.#texts(top.get('pipelines'));
    this.outputs = this.#named(top.get('outputs'), 'outputs', (node, name) => {
      const entries = this.#map(node, `output ${name}`, ['file']);
      const file = this.#text(entries.get('file'));
      return file === undefined ? undefined : { name, file };
    });
    const sources = {
      sources: this.#named(top.get('sources'), 'sources', (node, name) => this.#source(node, name)),
      lists: this.#named(top.get('lists'), 'lists', (node, name) => this.#list(node, name)),
      tenants: this.#named(top.get('tenants'), 'tenants', (node, name) => this.#tenant(node, name)),
    };
    const limits = limitsOf(top.get('limits'), this.#limitsOfTenants, this.#nodes);
    return limits === undefined ? sources : { ...sources, limits };
  }

  /** The entries of a map, of which only the known ones may occur. */
  #map(
    node: Node | null | undefined,
    what: string,
    known: readonly string[] | null,
  ): Map<string, Node | null> {
    const entries = new Map<string, Node | null>();
    if (node === undefined || node === null) return entries;
    if (!isMap(node)) {
      this.#refuse('E403', `${what} holds entries, "name: value"`, node);
      return entries;
    }
    for (const { key, value } of (node as YAMLMap).items as Pair<Node, Node | null>[]) {
      const name = isScalar(key) ? String(key.value) : '';
      if (known !== null && !known.includes(name))
        this.#refuse(
          'E402',
          `${what} has no entry called ${JSON.stringify(name)}`,
          key,
          nearest(name, known) ?? known.join(', '),
        );
      else if (entries.has(name)) this.#refuse('E402', `${name} is given twice`, key);
      else entries.set(name, value);
    }
    return entries;
  }

  #named<Value>(node: Node | null | undefined, what: string, read: Reader<Value>): Value[] {
    const found: Value[] = [];
    for (const [name, entry] of this.#map(node, what, null)) {
      const value = read(entry, name);
      if (value !== undefined) found.push(value);
    }
    return found;
  }

  #source(node: Node | null, name: string): SourcePlan {
    const known = [
      'files',
      'format',
      'tenant',
      'identity',
      'partition',
      'time',
      'arrivedAt',
      'bound',
      'idleAfter',
      'lateness',
      'fields',
      'empty',
      'view',
      'logsource',
    ];
    const entries = this.#map(node, `source ${name}`, known);
    const format = entries.get('format');
    if (format && this.#text(format) !== 'json')
      this.#refuse('E403', 'the only format is json', format, 'json');
    return {
      name,
      format: 'json',
      files: this.#texts(entries.get('files')),
      tenant: this.#tenantOf(entries.get('tenant')),
      identity: this.#texts(entries.get('identity')).map(pathOf),
      partition: entries.get('partition')
        ? pathOf(this.#text(entries.get('partition')) ?? '')
        : null,
      time: this.#time(entries.get('time')) ?? defaultSource.time,
      arrivedAt: this.#time(entries.get('arrivedAt')) ?? null,
      boundMs: this.#span(entries.get('bound')) ?? defaultSource.boundMs,
      idleAfterMs: this.#span(entries.get('idleAfter')) ?? defaultSource.idleAfterMs,
      latenessMs: this.#span(entries.get('lateness')) ?? null,
      fields: this.#fields(entries.get('fields')),
      empty: this.#texts(entries.get('empty')),
      view: this.#view(entries.get('view')),
      logSource: this.#logSource(entries.get('logsource')),
    };
  }

  #text(node: Node | null | undefined): string | undefined {
    if (!isScalar(node)) return this.#refuse('E403', 'a text is needed here', node ?? null);
    const { value } = node;
    if (typeof value === 'string' && value !== '') return value;
    return typeof value === 'number'
      ? String(node.source ?? value)
      : this.#refuse('E403', 'a text is needed here', node);
  }

  /** One text or a list of them. */
  #texts(node: Node | null | undefined): string[] {
    if (node === undefined || node === null) return [];
    const nodes = isSeq(node) ? (node.items as Node[]) : [node];
    return nodes.flatMap((one) => this.#text(one) ?? []);
  }

  #span(node: Node | null | undefined): number | undefined {
    if (node === undefined) return undefined;
    if (isScalar(node) && node.value === 0) return 0;
    const text = this.#text(node);
    if (text === undefined) return undefined;
    try {
      const cursor = new Cursor(text);
      const ms = takeSpan(cursor, 0);
      if (cursor.done) return ms;
    } catch {
      // Said below, with the position in this file.
    }
    return this.#refuse(
      'E403',
      `\`${text}\` is not a span of time`,
      node ?? null,
      '10s, 5min, 1h or 0',
    );
  }

  #tenantOf(node: Node | null | undefined): SourcePlan['tenant'] {
    if (node === undefined) return defaultSource.tenant;
    if (!isMap(node)) return { kind: 'constant', name: this.#text(node) ?? 'default' };
    const field = this.#text(this.#map(node, 'tenant', ['field']).get('field'));
    return { kind: 'field', path: pathOf(field ?? '') };
  }

  #time(node: Node | null | undefined): TimeFieldPlan | undefined {
    if (node === undefined) return undefined;
    if (!isMap(node)) return { paths: this.#texts(node).map(pathOf), format: null, zone: 'UTC' };
    const entries = this.#map(node, 'a time', ['field', 'format', 'zone']);
    if (!entries.has('field'))
      return this.#refuse('E404', 'a time needs its field', node, 'field: "@timestamp"');
    const zone = entries.get('zone') ? (this.#text(entries.get('zone')) ?? 'UTC') : 'UTC';
    const format = entries.get('format') ? (this.#text(entries.get('format')) ?? null) : null;
    const plan = { paths: this.#texts(entries.get('field')).map(pathOf), format, zone };
    try {
      makeTimeReader({ ...plan, format: null });
    } catch {
      return this.#refuse(
        'E403',
        `${zone} is not a time zone`,
        entries.get('zone') ?? node,
        'UTC, +02:00 or Europe/Lisbon',
      );
    }
    try {
      makeTimeReader(plan);
    } catch (error) {
      return this.#refuse(
        'E403',
        (error as Error).message,
        entries.get('format') ?? node,
        'yyyy-MM-dd HH:mm:ss',
      );
    }
    return plan;
  }

  #view(node: Node | null | undefined): ViewPlan | null {
    if (node === undefined) return null;
    const name = this.#text(node);
    if (name === undefined || name === 'none') return null;
    const view = views.get(name);
    const known = ['none', ...views.keys()];
    return (
      view ??
      this.#refuse(
        'E403',
        `there is no view ${name}: ${known.join(', ')}`,
        node,
        nearest(name, known),
      ) ??
      null
    );
  }

  #logSource(node: Node | null | undefined): LogSourcePlan {
    const entries = this.#map(node, 'a logsource', ['product', 'service', 'category']);
    const part = (name: string): string | null =>
      entries.has(name) ? (this.#text(entries.get(name))?.toLowerCase() ?? null) : null;
    return { product: part('product'), service: part('service'), category: part('category') };
  }

  #fields(node: Node | null | undefined): Record<string, Json> {
    const fields: [string, Json][] = [];
    for (const [name, value] of this.#map(node, 'fields', null)) {
      const scalar = isScalar(value) ? value.value : undefined;
      if (typeof scalar === 'string' || typeof scalar === 'number' || typeof scalar === 'boolean')
        fields.push([name, scalar]);
      else this.#refuse('E403', 'a constant field is a text, a number, true or false', value);
    }
    return Object.fromEntries(fields);
  }

  #list(node: Node | null, name: string): ListPlan | undefined {
    const entries = this.#map(node, `list ${name}`, ['kind', 'file']);
    const kindNode = entries.get('kind');
    const kind = kindNode ? this.#text(kindNode) : 'exact';
    const file = entries.get('file');
    if (!file)
      return this.#refuse('E404', `list ${name} needs a file`, node, 'file: lists/name.txt');
    const known = LIST_KINDS.find((one) => one === kind);
    if (known === undefined)
      return this.#refuse(
        'E403',
        `\`${kind}\` is not a kind of list: ${LIST_KINDS.join(', ')}`,
        kindNode ?? node,
        nearest(kind ?? '', LIST_KINDS),
      );
    const path = this.#text(file);
    return path === undefined ? undefined : { name, kind: known, file: path };
  }

  #tenant(node: Node | null, name: string): { name: string; latenessMs: number } {
    const entries = this.#map(node, `tenant ${name}`, ['lateness', 'limits']);
    const limits = entries.get('limits');
    if (limits !== undefined)
      this.#limitsOfTenants.push({
        name,
        limits: limitsOfTenant(limits, name, this.#nodes),
      });
    return { name, latenessMs: this.#span(entries.get('lateness')) ?? 0 };
  }
}

/** Steps of a field's name; reading tries the longest flat key first, so a name with dots is found either way. */
const pathOf = (name: string): Path => name.split('.');
