import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Failure } from '../failure.ts';
import { readCluster, type ClusterFile } from './cluster-file.ts';
import { FlinkRest } from './flink-rest.ts';
import { Kafka } from './kafka.ts';
import { pairs, propertiesIn } from './options.ts';
import { topicNames, type TopicNames } from './topics.ts';

/** Where the broker and the cluster are: all commands are told in the same way. */
export interface PlaceOptions {
  readonly folder: string;
  readonly prefix: string;
  readonly kafka?: string;
  readonly rest?: string;
  readonly kafkaProperty?: readonly string[];
  readonly kafkaProperties?: string;
}

/** What a command works on. */
export interface Place {
  readonly kafka: Kafka;
  readonly rest: FlinkRest;
  readonly names: TopicNames;
  /** What `weir flink up` started, if it is meant. */
  readonly cluster: ClusterFile | null;
  /** Folder of the job's checkpoints, in that cluster; null: wherever the settings of the cluster say. */
  readonly checkpoints: string | null;
}

/** What the command line names, else what `weir flink up` has started. */
export function placeOf(options: PlaceOptions): Place {
  const started = readCluster(resolve(options.folder));
  const brokers = options.kafka ?? started?.kafka;
  const address = options.rest ?? started?.rest;
  if (brokers === undefined || address === undefined)
    throw new Failure(
      `no cluster is known: weir flink up starts one on this machine; name yours with ${brokers === undefined ? '--kafka host:port' : ''}${brokers === undefined && address === undefined ? ' and ' : ''}${address === undefined ? '--rest http://host:port' : ''}`,
    );
  const names = topicNames(options.prefix);
  const isStarted = options.kafka === undefined && options.rest === undefined;
  return {
    kafka: new Kafka({ brokers, properties: kafkaProperties(options, started) }),
    rest: new FlinkRest(address),
    names,
    cluster: isStarted ? started : null,
    checkpoints: isStarted ? join(resolve(options.folder), 'checkpoints', names.control) : null,
  };
}

/** From the file, then from the command line; those of the started cluster only for its own broker. */
function kafkaProperties(
  { kafka, kafkaProperty = [], kafkaProperties: file }: PlaceOptions,
  started: ClusterFile | null,
): Record<string, string> {
  return {
    ...(kafka === undefined ? started?.kafkaProperties : {}),
    ...(file === undefined ? {} : propertiesIn(textOf(file), file)),
    ...pairs('--kafka-property', kafkaProperty),
  };
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Failure(`--kafka-properties: ${(error as Error).message}`);
  }
}

/** Opens what the options name for as long as `use` takes. */
export async function withPlace<T>(
  options: PlaceOptions,
  use: (place: Place) => Promise<T>,
): Promise<T> {
  const place = placeOf(options);
  try {
    return await use(place);
  } finally {
    await place.kafka.close();
  }
}
