// The engine as a cluster's machines get it: `node tools/bundle-engine.ts [folder]` writes plain JavaScript modules, and
// `bundle.json`, which says to whoever starts the engine which files there are and what Node's arguments are.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { argumentsFor } from '../packages/runtime/src/engine-arguments.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const packages = join(root, 'packages');
/** What Node starts, and the thread that watches it. */
const ENTRIES = ['runtime/src/stage-process.ts', 'runtime/src/watchdog.ts'];
/** Put in the place of the folder by whoever starts the engine. */
const FOLDER = '{bundle}';

const IMPORT = /^((?:import|export)\s[^;'"`=()]*?\bfrom\s*|import\s*)(['"])([^'"]+)\2;?$/gm;

/** Where a module's import lies, as a path below `packages`; null: it is Node's own. */
function targetOf(importer: string, specifier: string): string | null {
  if (specifier.startsWith('node:')) return null;
  if (specifier.startsWith('.')) return join(dirname(importer), specifier);
  const [, name, path = 'index.ts'] = /^@weir\/([a-z]+)(?:\/(.+))?$/.exec(specifier) ?? [];
  if (name === undefined)
    throw new Error(`${importer} imports ${specifier}: the engine has no other packages`);
  return join(name, 'src', path);
}

const asScript = (path: string): string => path.replace(/\.ts$/, '.js');

/** The modules that are reached from the entries, as JavaScript, by their paths. */
function modulesOf(entries: readonly string[]): Map<string, string> {
  const modules = new Map<string, string>();
  const waiting = [...entries];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (modules.has(asScript(path))) continue;
    const importer = path;
    const plain = stripTypeScriptTypes(readFileSync(join(packages, path), 'utf8'));
    const text = plain.replace(IMPORT, (whole: string, head: string, _quote, specifier: string) => {
      const target = targetOf(importer, specifier);
      if (target === null) return whole;
      waiting.push(target);
      const from = relative(dirname(importer), target);
      return `${head}'${asScript(from.startsWith('.') ? from : `./${from}`)}';`;
    });
    modules.set(asScript(path), text);
  }
  return modules;
}

/** Writes the bundle; gives the names of its files. */
export function bundleEngine(folder: string): string[] {
  rmSync(folder, { recursive: true, force: true });
  const modules = modulesOf(ENTRIES);
  const files = [...modules.keys()].sort();
  for (const file of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), modules.get(file)!);
  }
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
  const entry = `${FOLDER}/${asScript(ENTRIES[0]!)}`;
  const hash = createHash('sha256');
  for (const file of files) hash.update(`${file}\n${modules.get(file)!}\n`);
  const facts = {
    format: 1,
    sha256: hash.digest('hex'),
    files: ['package.json', ...files],
    arguments: argumentsFor(entry, [FOLDER], {}),
  };
  writeFileSync(join(folder, 'bundle.json'), `${JSON.stringify(facts, null, 2)}\n`);
  return facts.files;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = resolve(process.argv[2] ?? join(root, 'flink', 'bundle'));
  const files = bundleEngine(folder);
  console.log(`${files.length} files of the engine are in ${relative('.', folder)}`);
}
