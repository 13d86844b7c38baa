// Hostile rules, our own and published ones, run in the real engine process beside innocent rules, many at a time. Each is
// refused by the compiler, or its rule is parked, fails or gives a plain answer; nothing outside of its event is reached,
// and the innocent rules give what they give alone. `npm run prove:hostile` runs each by itself and measures it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NotContained, refusedFor, runBeside, type Fate } from './hostile/containment.ts';
import { readSnippets, type Snippet } from './hostile/snippets.ts';

const GROUP = 90;
/** For who never ends; a busy machine may take long. */
const DEADLINE_MS = 60_000;
const CULPRITS_MAX = 8;

const own = readSnippets('own');
const published = readSnippets('published');
const taken = [...own, ...published].filter((snippet) => refusedFor(snippet).length === 0);

test('there are many hostile snippets, and each that was published says where', () => {
  assert.ok(own.length >= 150, `${own.length}`);
  assert.ok(published.length >= 40, `${published.length}`);
  for (const { id, source, url, adapted } of published)
    assert.ok(source && url?.startsWith('https://') && adapted, id);
  const ids = [...own, ...published].map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
});

test('code that names a way out is refused when it is compiled', () => {
  const passed = taken.filter(({ code }) =>
    /weirCanary|process|require|import\(/.test(strip(code)),
  );
  assert.deepEqual(
    passed.map(({ id }) => id),
    [],
  );
});

test('harm to what a realm shares is seen by the canary', async () => {
  const options = { withHostile: true, deadlineMs: DEADLINE_MS, engine: './damaged-engine.ts' };
  const told = await runBeside(taken.slice(0, 10), options).then(
    ({ notices }) => notices.join('; '),
    (error: unknown) => String(error),
  );
  assert.match(told, /the canary: rule realm 1: map/);
});

/** Code without texts and comments, in which any word may stand. */
const strip = (code: string): string => code.replace(/'[^']*'|"[^"]*"|\/\*.*?\*\//g, '');

/** Code that never ends by itself cannot give an answer: whoever says so has not run it. */
function mustBreak({ kind, isFinite }: Snippet): boolean {
  return ['loop', 'recursion', 'memory', 'hash flood'].includes(kind) && isFinite !== true;
}

function wrongFates(fates: ReadonlyMap<Snippet, Fate>): string[] {
  return [...fates].flatMap(([snippet, fate]) => {
    if (mustBreak(snippet) && fate.kind === 'answered') return [`${snippet.id}: it answered`];
    // Where the machine's stack ends is no matter of the rule's: a replay elsewhere would give something else.
    if (fate.kind === 'failed' && /call stack/.test(fate.message))
      return [`${snippet.id}: ${fate.message}`];
    return fate.kind === 'answered' && fate.counts.calls === 0
      ? [`${snippet.id}: it was never asked`]
      : [];
  });
}

/** Those of a group that are not contained even by themselves; at most some, each costs a deadline. */
async function culpritsOf(group: readonly Snippet[]): Promise<string[]> {
  const culprits: string[] = [];
  for (const snippet of group) {
    if (culprits.length === CULPRITS_MAX) return [...culprits, 'perhaps others'];
    try {
      await runBeside([snippet], { withHostile: true, deadlineMs: 2000 });
    } catch (error) {
      if (!(error instanceof NotContained)) throw error;
      culprits.push(`${snippet.id}: ${error.message}`);
    }
  }
  return culprits;
}

async function runGroup(group: readonly Snippet[]): Promise<void> {
  // Budgets have to hold by themselves here: a watchdog that came first, on a busy machine, would hide that one does not.
  const options = { deadlineMs: DEADLINE_MS, engineLimits: { stuckMs: 2000 } };
  const alone = runBeside(group, { ...options, withHostile: false });
  try {
    const beside = await runBeside(group, { ...options, withHostile: true });
    const { innocent } = await alone;
    assert.deepEqual(beside.leaks, []);
    assert.deepEqual(beside.notices, []);
    assert.ok(innocent.length > group.length / 10);
    assert.deepEqual(beside.innocent, innocent);
    assert.deepEqual(wrongFates(beside.fates), []);
  } catch (error) {
    await alone;
    if (!(error instanceof NotContained)) throw error;
    assert.deepEqual(await culpritsOf(group), [], error.message);
    throw error;
  }
}

for (let at = 0; at < taken.length; at += GROUP) {
  const group = taken.slice(at, at + GROUP);
  test(`from "${group[0]!.id}" on: contained, and the innocent rules give what they give alone`, () =>
    runGroup(group));
}
