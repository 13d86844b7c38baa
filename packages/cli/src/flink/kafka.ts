import { Admin, Producer, type BaseOptions } from '@platformatic/kafka';
import { Failure } from '../failure.ts';
import { securityOf } from './kafka-security.ts';

export interface KafkaPlace {
  /** host:port, several with commas. */
  readonly brokers: string;
  /** As Kafka names them. */
  readonly properties: Readonly<Record<string, string>>;
}

export interface KafkaRecord {
  readonly topic: string;
  readonly partition?: number;
  readonly key?: string;
  /** null: the key is no more (compaction). */
  readonly value: Buffer | string | null;
  /** ms; absent: now. */
  readonly at?: number;
}

/** Where a record was written. */
export interface Written {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
}

const CLIENT = 'weir';

/** Connections to one Kafka. Throws Failure with the broker's reason. */
export class Kafka {
  readonly place: KafkaPlace;
  readonly options: BaseOptions;
  readonly #admin: Admin;
  #producer: Producer | null = null;

  constructor(place: KafkaPlace) {
    this.place = place;
    const bootstrapBrokers = place.brokers.split(',').map((broker) => broker.trim());
    const hosts = bootstrapBrokers.map((broker) => broker.replace(/:\d+$/, ''));
    this.options = {
      clientId: CLIENT,
      bootstrapBrokers,
      retries: 3,
      retryDelay: 300,
      ...securityOf(place.properties, hosts),
    };
    this.#admin = new Admin(this.options);
  }

  /** Asks the cluster. */
  admin<T>(ask: (admin: Admin) => Promise<T>): Promise<T> {
    return this.told(() => ask(this.#admin));
  }

  /** Writes records, and waits until all brokers that must have them do. */
  async send(records: readonly KafkaRecord[]): Promise<Written[]> {
    this.#producer ??= new Producer({ ...this.options, acks: -1 });
    const producer = this.#producer;
    const { offsets } = await this.told(() =>
      producer.send({
        acks: -1,
        messages: records.map(({ topic, partition, key, value, at }) => ({
          topic,
          ...(partition === undefined ? {} : { partition }),
          ...(key === undefined ? {} : { key: Buffer.from(key) }),
          ...(value === null ? {} : { value: Buffer.from(value) }),
          ...(at === undefined ? {} : { timestamp: BigInt(at) }),
        })),
      }),
    );
    return [...(offsets ?? [])];
  }

  /** Whatever a client throws, as something that can be read. */
  async told<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      if (error instanceof Failure) throw error;
      throw new Failure(`Kafka at ${this.place.brokers}: ${kafkaReason(error as Error)}`);
    }
  }

  async close(): Promise<void> {
    await this.#producer?.close();
    await this.#admin.close();
  }
}

/** The innermost messages: the outer ones only say that several requests failed. */
export function kafkaReason(error: Error): string {
  const inner =
    error instanceof AggregateError
      ? (error.errors as Error[])
      : error.cause instanceof Error
        ? [error.cause]
        : [];
  if (inner.length === 0) return error.message || (error as NodeJS.ErrnoException).code || 'failed';
  return [...new Set(inner.map(kafkaReason))].join('; ');
}
