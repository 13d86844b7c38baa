import { existsSync, globSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, matchesGlob, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { compile, type Compiled } from '@weir/core/language/compile.ts';
import { noSources, readConfig, type Config } from '@weir/core/language/config/config.ts';
import { views } from '@weir/core/language/config/views/index.ts';
import { readPipeline } from '@weir/core/language/sigma/pipeline/read-pipeline.ts';
import { formatDiagnostic } from '@weir/core/language/diagnostics/format.ts';
import { defaultSource } from '@weir/core/plan/source-plan.ts';
import type { Change, Diagnostic, SourcePlan, SourcesPlan } from '@weir/core';
import { Failure } from './failure.ts';

export interface Loaded {
  readonly compiled: Compiled;
  readonly sources: SourcesPlan;
  /** Paths in the configuration are relative to it. */
  readonly configFolder: string;
  /** Files of the outputs that rules may name. */
  readonly outputs: ReadonlyMap<string, string>;
  readonly diagnostics: readonly Diagnostic[];
  readonly texts: ReadonlyMap<string, string>;
  /** When reading began, by the clock that stamps files. */
  readonly readAtMs: number;
  /** How long reading and compiling took. */
  readonly tookMs: number;
}

export interface LoadOptions {
  readonly config?: string | undefined;
  /** Pipelines besides those of the configuration: names of ready ones, or files. */
  readonly pipeline?: readonly string[] | undefined;
  /** The name of what is read, where nothing is declared. */
  readonly source?: string | undefined;
}

/** Reads rules (files, or folders that are searched for EPL and Sigma) and the configuration that they run with. */
export function load(
  paths: readonly string[],
  { config, pipeline = [], source }: LoadOptions,
): Loaded {
  const startedAt = performance.now();
  const texts = new Map<string, string>();
  const configFile = config ?? nearestConfig(paths);
  const configFolder = configFile === null ? '.' : dirname(configFile);
  const read = configFile === null ? NO_CONFIG : readConfigFile(configFile, texts);
  const files = ruleFiles(paths)
    .filter((name) => configFile === null || resolve(name) !== resolve(configFile))
    .map((name) => ({ name, text: readFileSync(name, 'utf8') }));
  for (const { name, text } of files) texts.set(name, text);
  const pipelines = [
    ...read.pipelines.map((name) => pipelineFile(name, configFolder)),
    ...pipeline.map((name) => pipelineFile(name, '.')),
  ].map((file) => ({ file, ...readPipelineFile(file, texts) }));
  const sources =
    read.sources.sources.length > 0
      ? read.sources
      : { ...read.sources, sources: [{ ...autoSource, name: source ?? autoSource.name }] };
  const compiled = compile(files, {
    sources: read.sources,
    outputs: read.outputs.map(({ name }) => name),
    sigma: {
      pipelines: pipelines.flatMap((one) => one.pipeline ?? []),
      placeholders: (name) => placeholderTexts(name, sources, configFolder),
    },
  });
  return {
    compiled,
    sources,
    outputs: new Map(read.outputs.map(({ name, file }) => [name, join(configFolder, file)])),
    configFolder,
    diagnostics: [
      ...read.diagnostics,
      ...pipelines.flatMap(({ diagnostics }) => diagnostics),
      ...compiled.diagnostics,
    ],
    texts,
    readAtMs: performance.timeOrigin + startedAt,
    tookMs: performance.now() - startedAt,
  };
}

/** What is read where nothing is declared: events say themselves what they are. */
const autoSource: SourcePlan = { ...defaultSource, view: views.get('auto')! };

const NO_CONFIG: Config = { sources: noSources, pipelines: [], outputs: [], diagnostics: [] };

function readConfigFile(file: string, texts: Map<string, string>): Config {
  if (!existsSync(file)) throw new Failure(`${file} is not there`);
  const text = readFileSync(file, 'utf8');
  texts.set(file, text);
  return readConfig(text, file);
}

const READY_PIPELINES = fileURLToPath(new URL('../pipelines/', import.meta.url));

/** A file, or one of the ready pipelines by its name. */
function pipelineFile(name: string, folder: string): string {
  const own = join(folder, name);
  if (existsSync(own) && !statSync(own).isDirectory()) return own;
  const ready = join(READY_PIPELINES, `${name}.yml`);
  if (/^[\w-]+$/.test(name) && existsSync(ready)) return ready;
  const names = readdirSync(READY_PIPELINES).map((file) => file.replace(/\.yml$/, ''));
  throw new Failure(
    `there is no pipeline ${name}: neither a file nor one of the ready ones (${names.join(', ')})`,
  );
}

function readPipelineFile(
  file: string,
  texts: Map<string, string>,
): ReturnType<typeof readPipeline> {
  const text = readFileSync(file, 'utf8');
  texts.set(file, text);
  return readPipeline(text, file);
}

/** The rows of a declared list, as texts for the placeholder of its name. */
function placeholderTexts(
  name: string,
  { lists }: SourcesPlan,
  configFolder: string,
): readonly string[] | null {
  const list = lists.find((one) => one.name === name);
  if (list === undefined) return null;
  const isCsv = /\.csv(?:\.gz)?$/i.test(list.file);
  return new TextDecoder()
    .decode(listRows(join(configFolder, list.file)))
    .split('\n')
    .map((row) => row.split(isCsv ? /[\t,]/ : '\t')[0]!.trim())
    .filter((text) => text !== '' && !text.startsWith('#'));
}

export function ruleFiles(paths: readonly string[]): string[] {
  const files = paths.flatMap((path) => {
    const facts = statSync(path, { throwIfNoEntry: false });
    if (facts === undefined) throw new Failure(`${path} is not there`);
    return facts.isDirectory()
      ? globSync(join(path, '**', '*.{weir,yml,yaml}'))
          .filter((file) => basename(file) !== 'weir.yaml')
          .sort()
      : [path];
  });
  if (files.length === 0)
    throw new Failure(
      `there are no rules in ${paths.join(', ')}: files of rules end in .weir, or .yml for Sigma`,
    );
  return [...new Set(files)];
}

/** `weir.yaml` here, or beside or above the rules as far as this folder. */
function nearestConfig(paths: readonly string[]): string | null {
  for (const path of paths) {
    const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
    for (let folder = isFolder ? path : dirname(path); ; folder = dirname(folder)) {
      const file = join(folder, 'weir.yaml');
      if (existsSync(file)) return file;
      if (folder === dirname(folder) || resolve(folder) === resolve('.')) break;
    }
  }
  return existsSync('weir.yaml') ? 'weir.yaml' : null;
}

export const errorsOf = (diagnostics: readonly Diagnostic[]): Diagnostic[] =>
  diagnostics.filter(({ severity }) => severity === 'error');

/** All diagnostics as people read them. */
export function diagnosticsText({ texts }: Loaded, diagnostics: readonly Diagnostic[]): string {
  return diagnostics
    .map((one) => `${formatDiagnostic(one, texts.get(one.file) ?? '')}\n`)
    .join('\n');
}

/** What the engine is given: sources, the rows of the lists, rules. */
export function changesOf({ sources, compiled, configFolder }: Loaded): Change[] {
  const lists = sources.lists.map((list): Change => ({
    kind: 'list',
    list,
    rows: listRows(join(configFolder, list.file)),
  }));
  return [{ kind: 'sources', sources }, ...lists, { kind: 'rules', plan: compiled.plan }];
}

function listRows(file: string): Uint8Array {
  if (!existsSync(file)) throw new Failure(`the list ${file} is not there`);
  const bytes = readFileSync(file);
  return new Uint8Array(/\.gz$/i.test(file) ? gunzipSync(bytes) : bytes);
}

/** The source that a file's events are of: named on the command line, else by its patterns, else the only one. */
export function sourceOf(
  path: string,
  { sources, configFolder }: Pick<Loaded, 'sources' | 'configFolder'>,
  named: string | undefined,
): SourcePlan {
  if (named !== undefined) {
    const source = sources.sources.find(({ name }) => name === named);
    if (source === undefined)
      throw new Failure(
        `no source is called ${named}: ${sources.sources.map(({ name }) => name).join(', ')}`,
      );
    return source;
  }
  const fromConfig = relative(configFolder, path);
  const byPattern = sources.sources.find(({ files }) =>
    files.some((pattern) => matchesGlob(fromConfig, pattern)),
  );
  if (byPattern !== undefined) return byPattern;
  return sources.sources.length === 1 ? sources.sources[0]! : defaultSource;
}
