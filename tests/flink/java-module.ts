import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const target = join(root, 'flink', 'job', 'target');

/** What the tests of the cluster need of the Java module; `npm test` builds it first. */
export const javaModule = {
  classPath: [
    join(target, 'test-classes'),
    join(target, 'classes'),
    join(target, 'test-lib', '*'),
  ].join(':'),
  bundle: join(root, 'flink', 'bundle'),
  /** Of the job itself, without a cluster. */
  jobClassPath: [join(target, 'classes'), join(target, 'lib', '*')].join(':'),
};

/** Why tests of the cluster are left out on this machine; null: they are not. */
export function whyWithoutJava(): string | null {
  if (spawnSync('java', ['-version']).error !== undefined)
    return 'left out: there is no Java here, so nothing of the cluster was tested';
  if (!existsSync(join(target, 'test-classes')))
    return 'left out: flink/ is not built (it needs a JDK 17 and Maven), so nothing of the cluster was tested';
  return null;
}
