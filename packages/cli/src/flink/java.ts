import { spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Failure } from '../failure.ts';

/** Flink 2 and its Kafka connector run on it; so does Kafka 4. */
const JAVA_MIN = 17;

/** A program of the Java that JAVA_HOME names, else of the one on the path. */
export function javaProgram(name: 'java' | 'javac' | 'keytool'): string {
  const home = process.env['JAVA_HOME'];
  return home === undefined || home === '' ? name : join(home, 'bin', name);
}

/** Fails with what to install if there is no Java that can run a cluster. */
export function checkJava(): void {
  const { stdout, stderr, error } = spawnSync(javaProgram('java'), ['-version'], {
    encoding: 'utf8',
  });
  const needs = `the cluster needs Java ${JAVA_MIN} or newer (a JRE is enough to run, a JDK to build)`;
  if (error !== undefined)
    throw new Failure(`there is no java: ${needs}; install one, or let JAVA_HOME name it`);
  const version = javaVersionOf(stderr + stdout);
  if (version === null || version < JAVA_MIN)
    throw new Failure(`java is of version ${version ?? 'unknown'}: ${needs}`);
}

/** Fails with what to install if Java cannot be compiled. */
export function checkBuildTools(): void {
  const compiler = spawnSync(javaProgram('javac'), ['-version'], { encoding: 'utf8' });
  if (compiler.error !== undefined || compiler.status !== 0)
    throw new Failure(
      `flink/ has to be built, and there is no javac: install a JDK ${JAVA_MIN} or newer (a JRE cannot build)`,
    );
  const maven = spawnSync('mvn', ['-v'], { encoding: 'utf8' });
  if (maven.error !== undefined || maven.status !== 0)
    throw new Failure(
      'flink/ has to be built, and there is no Maven: install it (mvn), 3.8 or newer',
    );
}

/** `openjdk version "17.0.15" 2025-04-15` is 17; `java version "1.8.0_402"` is 8. */
export function javaVersionOf(text: string): number | null {
  const found = /version "(?:1\.)?(\d+)/.exec(text);
  return found === null ? null : Number(found[1]);
}

export interface JavaProcess {
  readonly log: string;
  readonly folder: string;
  /** Files of log4j's settings. */
  readonly logging: string;
  readonly classFolders: readonly string[];
  readonly options: readonly string[];
  readonly main: readonly string[];
}

/** Starts a Java program that outlives this one. Gives its process id. */
export function startJava({
  log,
  folder,
  logging,
  classFolders,
  options,
  main,
}: JavaProcess): number {
  const to = openSync(log, 'a', 0o600);
  const child = spawn(
    javaProgram('java'),
    [...javaOptions(logging, classFolders), ...options, ...main],
    // A group of its own: Ctrl-C at this terminal must not end the cluster.
    { stdio: ['ignore', to, to], cwd: folder, detached: true },
  );
  closeSync(to);
  child.on('error', () => {});
  child.unref();
  if (child.pid === undefined) throw new Failure(`${main[0]} could not be started`);
  return child.pid;
}

/** Runs a Java program to its end. Fails with its last words. */
export function runJava({
  logging,
  classFolders,
  main,
}: Pick<JavaProcess, 'logging' | 'classFolders' | 'main'>): void {
  const { status, stdout, stderr } = spawnSync(
    javaProgram('java'),
    [...javaOptions(logging, classFolders), '-XX:TieredStopAtLevel=1', ...main],
    { encoding: 'utf8' },
  );
  if (status !== 0)
    throw new Failure(`${main[0]} failed: ${(stderr + stdout).trim().slice(-1500)}`);
}

const javaOptions = (logging: string, classFolders: readonly string[]): string[] => [
  `-Dlog4j2.configurationFile=file:${logging}`,
  '-XX:+UseSerialGC',
  '-cp',
  classFolders.map((folder) => join(folder, '*')).join(delimiter),
];

export const LOGGING = `status=WARN
name=weir
rootLogger.level=INFO
rootLogger.appenderRef.c.ref=C
logger.pekko.name=org.apache.pekko
logger.pekko.level=WARN
logger.kafka.name=org.apache.kafka
logger.kafka.level=WARN
appender.c.name=C
appender.c.type=CONSOLE
appender.c.layout.type=PatternLayout
appender.c.layout.pattern=%d{yyyy-MM-dd HH:mm:ss,SSS} %-5p %c{1} - %m%n
`;
