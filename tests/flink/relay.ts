import { createServer, connect, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import type { Random } from '../engine/random.ts';

/** What a network between two processes does to bytes. */
export interface RelayPlan {
  /** 0: any free port. */
  readonly port: number;
  readonly to: () => number;
  /** Each piece is late by so much, drawn anew, and none overtakes another. */
  readonly delayMs: () => number;
}

/** A delay of 200 ms, more or less by up to 200 ms. */
export const slowNetwork =
  (random: Random): (() => number) =>
  () =>
    random.between(0, 400);

/** Carries TCP connections to another port of this machine, late, and not at all while it is cut. */
export class TcpRelay {
  readonly #plan: RelayPlan;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #cutUntil = 0;
  bytes = 0;

  constructor(plan: RelayPlan) {
    this.#plan = plan;
    this.#server = createServer((from) => this.#carry(from));
  }

  async start(): Promise<number> {
    this.#server.listen(this.#plan.port, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as { port: number }).port;
  }

  /** Nothing passes for so long; what was sent meanwhile passes then, as TCP sends again what was lost. */
  cut(forMs: number): void {
    this.#cutUntil = Date.now() + forMs;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #carry(from: Socket): void {
    const to = connect(this.#plan.to(), '127.0.0.1');
    for (const socket of [from, to]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.once('close', () => this.#sockets.delete(socket));
    }
    this.#oneWay(from, to);
    this.#oneWay(to, from);
  }

  #oneWay(from: Socket, to: Socket): void {
    const queue: { readonly at: number; act(): void }[] = [];
    const pump = (): void => {
      for (let next = queue[0]; next !== undefined; next = queue[0]) {
        const left = Math.max(next.at, this.#cutUntil) - Date.now();
        if (left > 0) {
          setTimeout(pump, left);
          return;
        }
        queue.shift();
        next.act();
      }
    };
    const later = (act: () => void): void => {
      queue.push({ at: Date.now() + this.#plan.delayMs(), act });
      if (queue.length === 1) pump();
    };
    from.on('data', (piece: Buffer) => {
      this.bytes += piece.length;
      later(() => to.writable && to.write(piece));
    });
    from.on('end', () => later(() => to.end()));
    from.on('close', () => later(() => to.destroy()));
    from.on('error', () => {});
  }
}
