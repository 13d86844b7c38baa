// What a reviewer would say again and again, said by the repository itself.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Everything that is in the repository or about to be. */
const files = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard', '-z'],
  { cwd: root, encoding: 'utf8' },
)
  .split('\0')
  .filter((file) => file !== '' && existsSync(join(root, file)));

const isText = (file: string): boolean =>
  /\.(ts|mjs|js|json|md|yaml|yml|weir|txt)$|^[^.]*$|^\.ci\//.test(basename(file));
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const texts = files.filter(
  (file) => isText(file) && file !== 'package-lock.json' && file !== 'LICENSE',
);
const lines = (file: string): string[] => read(file).split('\n');

/** `file:line: text` of each line that the test of it holds for. */
const found = (among: readonly string[], test: (line: string) => boolean): string[] =>
  among.flatMap((file) =>
    lines(file).flatMap((line, at) => (test(line) ? [`${file}:${at + 1}: ${line.trim()}`] : [])),
  );

const itself = 'tools/tidy.test.ts';

test('no file or folder is named after nothing in particular: a helper lives with what it helps', () => {
  const empty = /(^|\/)(utils?|common|helpers?|shared|types|interfaces|misc)(\.[a-z.]+)?(\/|$)/i;
  assert.deepEqual(
    files.filter((file) => empty.test(file)),
    [],
  );
});

test('file names are nouns in kebab-case, so that they look the same on every machine', () => {
  const sources = files.filter((file) => /\.(ts|mjs|weir)$/.test(file));
  assert.deepEqual(
    sources.filter(
      (file) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.test)?\.(ts|mjs|weir)$/.test(basename(file)),
    ),
    [],
  );
});

test('no path of a developer’s machine stands in a file: it means nothing on another one', () => {
  const homes =
    /(^|[\s'"`(=:])(\/home\/[a-z]|\/work\/|\/root\/|\/Users\/[a-z]|[A-Z]:\\Users\\[a-z]+\\(git|src|dev|projects)\b)/;
  const ours = texts.filter(
    (file) => file !== itself && /\.(ts|mjs|js|json|md|yaml|yml)$|^\.ci/.test(file),
  );
  assert.deepEqual(
    found(ours, (line) => homes.test(line)),
    [],
  );
});

test('no promise to do it later stands in the code: what is missing is written where its users look', () => {
  const sources = texts.filter((file) => file !== itself && /\.(ts|mjs|js|md|yaml)$/.test(file));
  assert.deepEqual(
    found(sources, (line) => /\b(TODO|FIXME|HACK)\b/.test(line)),
    [],
  );
});

test('no test is left out or run alone', () => {
  const tests = texts.filter((file) => file.endsWith('.test.ts') && file !== itself);
  assert.deepEqual(
    found(tests, (line) =>
      /\b(test|it|describe|suite)\.(only|skip|todo)\b|\b(only|skip|todo): true/.test(line),
    ),
    [],
  );
});

test('every link of a page leads to a file that is there', () => {
  const broken = texts
    .filter((file) => file.endsWith('.md'))
    .flatMap((file) => {
      const prose = read(file).replace(/^```[\s\S]*?^```/gm, '');
      const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
      return targets
        .filter((target) => !/^[a-z]+:/.test(target) && !target.startsWith('#'))
        .filter(
          (target) => !existsSync(join(root, dirname(file), decodeURI(target.split('#')[0]!))),
        )
        .map((target) => `${file} → ${target}`);
    });
  assert.deepEqual(broken, []);
});

/** Anchors as the usual pages of Git hosts make them. */
const anchorsOf = (text: string): Set<string> =>
  new Set(
    [...text.matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
      title!
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );

test('every link into a page leads to a heading that is there', () => {
  const broken = texts
    .filter((file) => file.endsWith('.md'))
    .flatMap((file) =>
      [...read(file).matchAll(/\]\(([^)\s:]*)#([^)\s]+)\)/g)]
        .map(([, page, anchor]) => ({
          page: page === '' ? file : join(dirname(file), page!),
          anchor: anchor!,
        }))
        .filter(({ page }) => page.endsWith('.md') && existsSync(join(root, page)))
        .filter(({ page, anchor }) => !anchorsOf(read(page)).has(anchor))
        .map(({ page, anchor }) => `${file} → ${page}#${anchor}`),
    );
  assert.deepEqual(broken, []);
});

test('decisions are numbered in a row, and each says what was chosen, why, and how to leave it', () => {
  const decisions = files.filter((file) => /^docs\/decisions\/.*\.md$/.test(file)).sort();
  assert.notEqual(decisions.length, 0);
  decisions.forEach((file, at) => {
    assert.match(
      basename(file),
      new RegExp(`^${String(at + 1).padStart(4, '0')}-[a-z0-9-]+\\.md$`),
    );
    for (const heading of ['## Choice', '## Why', '## Leaving it'])
      assert.ok(read(file).includes(heading), `${file} has no ${heading}`);
  });
});

test('every dependency has a decision that names it', () => {
  const decisions = files
    .filter((file) => file.startsWith('docs/decisions/'))
    .map(read)
    .join('\n');
  const named = files
    .filter((file) => /^(packages\/[^/]+\/)?package\.json$/.test(file))
    .flatMap((file) => {
      const { dependencies = {}, devDependencies = {} } = JSON.parse(read(file)) as Record<
        string,
        Record<string, string>
      >;
      return Object.keys({ ...dependencies, ...devDependencies });
    })
    .filter((name) => !name.startsWith('@weir/'));
  assert.deepEqual(
    [...new Set(named)].filter((name) => !decisions.includes(`\`${name}\``)),
    [],
  );
});

const LINES_MAX = 700;

test(`no source file is longer than ${LINES_MAX} lines: nobody reads it from the top`, () => {
  const sources = files.filter((file) => /\.(ts|mjs)$/.test(file));
  assert.deepEqual(
    sources
      .filter((file) => lines(file).length > LINES_MAX)
      .map((file) => `${file}: ${lines(file).length}`),
    [],
  );
});

test('every rule of the repository says what it finds, how grave it is, and what else looks like it', () => {
  const rules = files.filter((file) => /^(rules|demo\/rules)\/.*\.weir$/.test(file));
  assert.ok(rules.length >= 15);
  const wanted = ['DESCRIPTION', 'SEVERITY', 'TAGS', 'REFERENCES', 'FALSE POSITIVES', 'SOURCES'];
  const lacking = rules.flatMap((file) =>
    wanted
      .filter((clause) => !new RegExp(`^(STEP \\w+ |SIDE \\w+ )?${clause} `, 'm').test(read(file)))
      .map((clause) => `${file}: ${clause}`),
  );
  assert.deepEqual(lacking, []);
});
