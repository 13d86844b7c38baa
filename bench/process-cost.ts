// What processes of this machine have used, as Linux tells it.
import { readdirSync, readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;

function text(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

/** user + system time of a `stat` file. */
function secondsOf(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** CPU time of a process; null: it has ended. */
export function cpuSeconds(pid: number): number | null {
  const stat = text(`/proc/${pid}/stat`);
  return stat === null ? null : secondsOf(stat);
}

/** CPU time by name of thread, without the numbers in the names. */
export function threadSeconds(pid: number): Map<string, number> {
  const seconds = new Map<string, number>();
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const stat = text(`/proc/${pid}/task/${thread}/stat`);
    if (stat === null) continue;
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')')).replace(/[ #-]*\d+$/, '');
    seconds.set(name, (seconds.get(name) ?? 0) + secondsOf(stat));
  }
  return seconds;
}

export function residentBytes(pid: number): number {
  const [, pages = '0'] = (text(`/proc/${pid}/statm`) ?? '').split(' ');
  return Number(pages) * 4096;
}

/** Engine processes that a process has started. */
export function engineProcesses(parent: number): number[] {
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const stat = text(`/proc/${pid}/stat`);
      return (
        stat !== null && Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === parent
      );
    });
  return children.filter((pid) =>
    /(?:engine|stage)-process/.test(text(`/proc/${pid}/cmdline`) ?? ''),
  );
}
