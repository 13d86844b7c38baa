import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClusterPorts } from './cluster-file.ts';
import { LOOPBACK } from './free-ports.ts';
import { runJava, startJava } from './java.ts';
import { brokerSecurity, type Keys } from './keys.ts';

export interface BrokerPlan {
  readonly folder: string;
  readonly lib: string;
  readonly logging: string;
  readonly ports: Pick<ClusterPorts, 'kafka' | 'controller'>;
  /** null: in the clear. */
  readonly keys: Keys | null;
  /** Lines of its settings that come last, and win: tests listen elsewhere too. */
  readonly settings?: readonly string[];
}

/** Starts one Kafka broker, its own controller (KRaft). What it stored before is there again. Gives its process id. */
export function startBroker(plan: BrokerPlan): number {
  const { folder, lib, logging } = plan;
  const settings = join(folder, 'kafka.properties');
  writeFileSync(settings, brokerSettings(plan), { mode: 0o600 });
  const java = { logging, classFolders: [lib] };
  if (!existsSync(join(folder, 'kafka-data', 'meta.properties')))
    runJava({
      ...java,
      main: ['kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', settings],
    });
  return startJava({
    ...java,
    folder,
    log: join(folder, 'kafka.log'),
    options: ['-Xmx512m'],
    main: ['kafka.Kafka', settings],
  });
}

/** Any 16 bytes in URL-safe base64 name a cluster. */
const CLUSTER_ID = 'd2Vpci1vbi1hLWxhcHRvcA';

/** Largest record: an event may be large, and a list travels in one record. */
const RECORD_BYTES_MAX = 16 * 1024 * 1024;

export function brokerSettings({ folder, ports, keys, settings = [] }: BrokerPlan): string {
  const protocol = keys === null ? 'PLAINTEXT' : 'SASL_SSL';
  return `${[
    'process.roles=broker,controller',
    'node.id=1',
    `controller.quorum.voters=1@${LOOPBACK}:${ports.controller}`,
    `listeners=CLIENTS://${LOOPBACK}:${ports.kafka},CONTROLLER://${LOOPBACK}:${ports.controller}`,
    `advertised.listeners=CLIENTS://${LOOPBACK}:${ports.kafka}`,
    'controller.listener.names=CONTROLLER',
    'inter.broker.listener.name=CLIENTS',
    `listener.security.protocol.map=CONTROLLER:PLAINTEXT,CLIENTS:${protocol}`,
    `log.dirs=${join(folder, 'kafka-data')}`,
    'offsets.topic.replication.factor=1',
    'offsets.topic.num.partitions=1',
    'transaction.state.log.replication.factor=1',
    'transaction.state.log.min.isr=1',
    'transaction.state.log.num.partitions=1',
    'share.coordinator.state.topic.replication.factor=1',
    'share.coordinator.state.topic.min.isr=1',
    'default.replication.factor=1',
    // A transaction must outlive the longest pause between two checkpoints.
    'transaction.max.timeout.ms=900000',
    'group.initial.rebalance.delay.ms=0',
    `message.max.bytes=${RECORD_BYTES_MAX}`,
    'auto.create.topics.enable=false',
    ...(keys === null ? [] : brokerSecurity(keys)),
    ...settings,
  ].join('\n')}\n`;
}
