import { KEY_GROUPS, type RuleError } from '../../frames.ts';
import { isNoMatch } from '../../functions/no-match.ts';
import type { AlertChange, ResultChange } from '../../plan/result.ts';
import { ByteReader } from '../../state/byte-reader.ts';
import { ByteWriter } from '../../state/byte-writer.ts';
import { hash32 } from '../../state/hash.ts';
import { messageOf } from '../match/matcher.ts';
import type { Program, RuleProgram } from '../program.ts';
import { Clock, type ClockFacts } from '../time/clocks.ts';
import type { Partitions } from '../time/partitions.ts';
import type { Evidence } from './candidates.ts';
import { windowKindOf } from './window-kind.ts';
import { WindowOperator } from './window-operator.ts';

export interface CorrelateOutput {
  result(rule: RuleProgram, change: ResultChange): void;
  alert(change: AlertChange): void;
  error(error: RuleError): void;
}

interface Operator {
  readonly program: RuleProgram;
  readonly tenant: string;
  readonly windows: WindowOperator;
}

/** The stage with memory: the windows of all rules and tenants, for the keys of this engine part. */
export class Correlator {
  readonly #program: Program;
  readonly #partitions: Partitions;
  readonly #output: CorrelateOutput;
  readonly #operators = new Map<string, Operator>();
  readonly #clocks = new Map<string, Clock>();

  constructor(program: Program, partitions: Partitions, output: CorrelateOutput) {
    this.#program = program;
    this.#partitions = partitions;
    this.#output = output;
  }

  /** false: the event is older than a clock which its partition joined late. */
  add(
    program: RuleProgram,
    tenant: string,
    key: Uint8Array,
    keyLength: number,
    event: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    return this.#operator(program, tenant).windows.add(key, 0, keyLength, event, start, end);
  }

  #operator(program: RuleProgram, tenant: string): Operator {
    const name = `${program.index} ${tenant}`;
    let operator = this.#operators.get(name);
    if (operator === undefined) this.#operators.set(name, (operator = this.#make(program, tenant)));
    return operator;
  }

  #make(program: RuleProgram, tenant: string): Operator {
    const { rule } = program;
    if (rule.detect.kind === 'simple') throw new Error(`the rule ${rule.id} has no windows`);
    const { clock, latenessMs } = this.#program.timeOf(program, tenant);
    const output = this.#output;
    const windows = new WindowOperator({
      rule,
      detect: rule.detect,
      tenant,
      latenessMs,
      clock: this.#clock(clock),
      partitions: this.#partitions,
      kind: windowKindOf(rule.detect, program.code, this.#partitions),
      sink: program.sink,
      raisesAlerts: rule.facts.status === 'enabled',
      output: {
        result: (change) => output.result(program, change),
        alert: (change) => output.alert(change),
        failed: (clause, error, event) => this.#failed(program, clause, error, event),
      },
    });
    return { program, tenant, windows };
  }

  #failed(
    { rule }: RuleProgram,
    clause: 'HAVING' | 'SINK',
    error: unknown,
    { name, position }: Evidence,
  ): void {
    if (isNoMatch(error)) return;
    const { source, partition } = name;
    this.#output.error({
      rules: [rule.id],
      clause,
      message: messageOf(error),
      source,
      partition,
      number: position,
    });
  }

  /** Rules that agree on sources, time and bounds share a clock. */
  #clock(facts: ClockFacts): Clock {
    const name = JSON.stringify([facts.clockField, [...facts.boundMs], facts.idleAfterMs]);
    let clock = this.#clocks.get(name);
    if (clock === undefined) this.#clocks.set(name, (clock = new Clock(facts)));
    return clock;
  }

  /** Moves all clocks as far as the watermarks allow, and looks at what became due. */
  advance(tickAt: number): void {
    for (const clock of this.#clocks.values()) clock.advance(this.#partitions, tickAt);
    this.#settle();
  }

  finish(): void {
    for (const clock of this.#clocks.values()) clock.value = Infinity;
    this.#settle();
  }

  #settle(): void {
    for (const { windows } of this.#operators.values()) windows.settle();
  }

  /** The least clock; undefined if there is none. */
  get clock(): number | undefined {
    let least: number | undefined;
    for (const { value } of this.#clocks.values())
      if (least === undefined || value < least) least = value;
    return least;
  }

  get keys(): number {
    let keys = 0;
    for (const { windows } of this.#operators.values()) keys += windows.keys;
    return keys;
  }

  /** State by key group; each ends with the group's last row. */
  snapshot(): Map<number, ByteWriter> {
    const groups = new Map<number, ByteWriter>();
    for (const { program, tenant, windows } of this.#operators.values())
      windows.snapshot((key) => {
        const group = keyGroupOf(tenant, key, key.length);
        let writer = groups.get(group);
        if (writer === undefined) groups.set(group, (writer = this.#groupWriter()));
        writer.byte(1);
        writer.varint(program.index);
        writer.text(tenant);
        return writer;
      });
    for (const writer of groups.values()) writer.byte(0);
    return groups;
  }

  /** Partitions have numbers in each engine part; their names begin the group. */
  #groupWriter(): ByteWriter {
    const writer = new ByteWriter();
    writer.varint(this.#partitions.count);
    for (let index = 0; index < this.#partitions.count; index++) {
      const { source, partition } = this.#partitions.name(index);
      writer.text(source);
      writer.text(partition);
    }
    return writer;
  }

  restore(bytes: Uint8Array): void {
    const reader = new ByteReader(bytes);
    const partitions: number[] = [];
    for (let count = reader.varint(); count > 0; count--)
      partitions.push(this.#partitions.intern(reader.text(), reader.text()));
    while (reader.byte() === 1) {
      const program = this.#program.rules[reader.varint()]!;
      this.#operator(program, reader.text()).windows.restoreRow(reader, partitions);
    }
  }

  writeClocks(writer: ByteWriter): void {
    writer.varint(this.#operators.size);
    for (const { program, tenant } of this.#operators.values()) {
      writer.varint(program.index);
      writer.text(tenant);
      writer.double(this.#clock(this.#program.timeOf(program, tenant).clock).value);
    }
  }

  restoreClocks(reader: ByteReader): void {
    for (let count = reader.varint(); count > 0; count--) {
      const program = this.#program.rules[reader.varint()]!;
      const clock = this.#clock(this.#program.timeOf(program, reader.text()).clock);
      clock.value = Math.max(clock.value, reader.double());
    }
  }
}

const tenantSeeds = new Map<string, number>();

/** The key group of a key of a tenant: the same everywhere and always, since checkpoints are divided by it. */
export function keyGroupOf(tenant: string, key: Uint8Array, length: number): number {
  let seed = tenantSeeds.get(tenant);
  if (seed === undefined) {
    seed = 17;
    for (let i = 0; i < tenant.length; i++) seed = (Math.imul(seed, 31) + tenant.charCodeAt(i)) | 0;
    tenantSeeds.set(tenant, seed);
  }
  return (hash32(key, 0, length, seed) >>> 0) % KEY_GROUPS;
}
