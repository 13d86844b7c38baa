// What must come out of a cluster, worked out in a thread of its own: the relays of the same process must go on.
import { parentPort, Worker, workerData } from 'node:worker_threads';
import type { Plan } from '../../packages/core/src/plan/plan.ts';
import { runEmbedded, type Edit, type Embedded, type LoginStream } from './logins.ts';

interface Asked {
  readonly embedded: true;
  readonly stream: LoginStream;
  readonly topic: string;
  readonly plan: Plan;
  readonly edits: readonly Edit[];
}

export function runEmbeddedAside(
  stream: LoginStream,
  topic: string,
  plan: Plan,
  edits: readonly Edit[],
): Promise<Embedded> {
  const asked: Asked = { embedded: true, stream, topic, plan, edits };
  const worker = new Worker(new URL(import.meta.url), { workerData: asked });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

const asked = workerData as Partial<Asked> | null;
if (asked?.embedded === true) {
  const { stream, topic, plan, edits } = asked as Asked;
  parentPort!.postMessage(runEmbedded(stream, topic, plan, edits));
}
