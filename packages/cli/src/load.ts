import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, matchesGlob, relative, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { compile, type Compiled } from '@weir/core/language/compile.ts';
import { noSources, readConfig } from '@weir/core/language/config/config.ts';
import { formatDiagnostic } from '@weir/core/language/diagnostics/format.ts';
import { defaultSource } from '@weir/core/plan/source-plan.ts';
import type { Change, Diagnostic, SourcePlan, SourcesPlan } from '@weir/core';
import { Failure } from './failure.ts';

export interface Loaded {
  readonly compiled: Compiled;
  readonly sources: SourcesPlan;
  /** Paths in the configuration are relative to it. */
  readonly configFolder: string;
  readonly diagnostics: readonly Diagnostic[];
  readonly texts: ReadonlyMap<string, string>;
}

/** Reads rules (files, or folders that are searched for `.weir`) and the configuration that they run with. */
export function load(paths: readonly string[], config: string | undefined): Loaded {
  const texts = new Map<string, string>();
  const files = ruleFiles(paths).map((name) => ({ name, text: readFileSync(name, 'utf8') }));
  for (const { name, text } of files) texts.set(name, text);
  const configFile = config ?? nearestConfig(paths);
  const { sources, diagnostics } =
    configFile === null
      ? { sources: noSources, diagnostics: [] }
      : readConfigFile(configFile, texts);
  const compiled = compile(files, { sources });
  return {
    compiled,
    sources,
    configFolder: configFile === null ? '.' : dirname(configFile),
    diagnostics: [...diagnostics, ...compiled.diagnostics],
    texts,
  };
}

function readConfigFile(file: string, texts: Map<string, string>): ReturnType<typeof readConfig> {
  if (!existsSync(file)) throw new Failure(`${file} is not there`);
  const text = readFileSync(file, 'utf8');
  texts.set(file, text);
  return readConfig(text, file);
}

function ruleFiles(paths: readonly string[]): string[] {
  const files = paths.flatMap((path) => {
    const facts = statSync(path, { throwIfNoEntry: false });
    if (facts === undefined) throw new Failure(`${path} is not there`);
    return facts.isDirectory() ? globSync(join(path, '**', '*.weir')).sort() : [path];
  });
  if (files.length === 0)
    throw new Failure(`there are no rules in ${paths.join(', ')}: files of rules end in .weir`);
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
    if (source === undefined && sources.sources.length > 0)
      throw new Failure(
        `no source is called ${named}: ${sources.sources.map(({ name }) => name).join(', ')}`,
      );
    return source ?? { ...defaultSource, name: named };
  }
  const fromConfig = relative(configFolder, path);
  const byPattern = sources.sources.find(({ files }) =>
    files.some((pattern) => matchesGlob(fromConfig, pattern)),
  );
  if (byPattern !== undefined) return byPattern;
  return sources.sources.length === 1 ? sources.sources[0]! : defaultSource;
}
