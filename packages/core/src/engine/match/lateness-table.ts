import type { Program, RuleProgram, SourceProgram } from '../program.ts';

export interface Lateness {
  readonly latenessMs: number;
  readonly boundMs: number;
}

/** How late events of a source may be for a rule and tenant; asked for every event, so it is remembered. */
export class LatenessTable {
  readonly #program: Program;
  /** By index of the rule. */
  #tables: Map<string, Map<SourceProgram, Lateness>>[] = [];

  constructor(program: Program) {
    this.#program = program;
  }

  /** The rules have changed. */
  clear(): void {
    this.#tables = [];
  }

  of(program: RuleProgram, source: SourceProgram, tenant: string): Lateness {
    const known = this.#tables[program.index]?.get(tenant)?.get(source);
    return known ?? this.#add(program, source, tenant);
  }

  #add(program: RuleProgram, source: SourceProgram, tenant: string): Lateness {
    const { clock, latenessMs } = this.#program.timeOf(program, tenant);
    const boundMs = clock.boundMs.get(source.plan.name) ?? source.plan.boundMs;
    const lateness = { latenessMs, boundMs };
    const tenants = (this.#tables[program.index] ??= new Map());
    const sources = tenants.get(tenant) ?? new Map<SourceProgram, Lateness>();
    tenants.set(tenant, sources.set(source, lateness));
    return lateness;
  }
}
