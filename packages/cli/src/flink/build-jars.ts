import { spawn, spawnSync } from 'node:child_process';
import {
  createWriteStream,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Failure } from '../failure.ts';
import { checkBuildTools } from './java.ts';

export const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const MODULE = join(ROOT, 'flink');

/** What the Maven build of `flink/` leaves: the job, and what runs it. */
export interface Jars {
  readonly job: string;
  readonly flinkLib: string;
  readonly brokerLib: string;
}

const LIBS = {
  flinkLib: join(MODULE, 'job', 'target', 'lib'),
  brokerLib: join(MODULE, 'broker', 'target', 'lib'),
};

/** The jar of the job, if it was built. */
export function builtJob(): string | null {
  const found = globSync(join(MODULE, 'job', 'target', 'weir-flink-*.jar')).filter(
    (file) => !/-(?:sources|javadoc|tests)\.jar$/.test(file),
  );
  return found.toSorted((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0] ?? null;
}

/** Builds `flink/` if its jars are missing or older than what they are made of. */
export async function buildJars(log: string, say: (line: string) => void): Promise<Jars> {
  if (!existsSync(join(MODULE, 'pom.xml')))
    throw new Failure(`${MODULE} is not there: a cluster is started from a work tree of Weir`);
  const why = staleness();
  if (why !== null) {
    checkBuildTools();
    say(`building flink/ with Maven, since ${why} (log: ${log})`);
    bundleEngine();
    await maven(log, say);
  }
  const job = builtJob();
  if (job === null)
    throw new Failure(`the build left no flink/job/target/weir-flink-*.jar: ${log}`);
  return { job, ...LIBS };
}

function staleness(): string | null {
  const job = builtJob();
  if (job === null || !existsSync(LIBS.flinkLib) || !existsSync(LIBS.brokerLib))
    return 'its jars are missing';
  const builtAt = statSync(job).mtimeMs;
  // The engine's sources too: the jar brings the engine along.
  const sources = [
    'flink/pom.xml',
    'flink/*/pom.xml',
    'flink/*/src/**',
    'packages/{core,runtime}/src/**',
  ]
    .flatMap((pattern) => globSync(join(ROOT, pattern)))
    .filter((file) => !file.endsWith('.test.ts'));
  const newer = sources.find((file) => {
    const facts = statSync(file);
    return facts.isFile() && facts.mtimeMs > builtAt;
  });
  return newer === undefined ? null : `${newer.slice(ROOT.length)} is newer than its jars`;
}

/** The engine as plain JavaScript, which the jar brings along. */
function bundleEngine(): void {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(ROOT, 'tools', 'bundle-engine.ts')],
    { cwd: ROOT, encoding: 'utf8' },
  );
  if (status !== 0)
    throw new Failure(`the engine could not be bundled: ${(stdout + stderr).trim()}`);
}

const LINES_OF_FAILURE = 25;

async function maven(log: string, say: (line: string) => void): Promise<void> {
  mkdirSync(dirname(log), { recursive: true });
  const to = createWriteStream(log);
  const child = spawn('mvn', ['-B', '-ntp', '-DskipTests', 'package'], {
    cwd: MODULE,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stderr.pipe(to, { end: false });
  child.stdout.on('data', (bytes: Buffer) => {
    to.write(bytes);
    for (const [, module] of bytes.toString().matchAll(/^\[INFO\] Building (.+?)\s+\[/gm))
      say(`  building ${module}`);
  });
  const status = await new Promise((resolve) => child.on('close', resolve));
  await new Promise<void>((resolve) => to.end(resolve));
  if (status === 0) return;
  const last = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-LINES_OF_FAILURE).join('\n');
  throw new Failure(`Maven could not build flink/ (all of it in ${log}):\n${last}`);
}
