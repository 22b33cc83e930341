import { readFileSync, readlinkSync } from 'node:fs';

/**
 * Who holds a lock or a claim: a process, told apart from a later one with the same pid, and which instance within it. Written as one
 * short word, so that a symbolic link can carry it.
 */
export type Holder = {
  readonly pid: number;
  /** When the process started, in the kernel's ticks since boot; `0` where there is no /proc. */
  readonly started: string;
  /** The pid namespace: from inside a container the processes of another one, or of its own former life, cannot be seen. */
  readonly namespace: string;
  readonly boot: string;
  readonly token: string;
};

/** This process, with a token that is new for every instance. */
export function thisHolder(token: string): Holder {
  return { pid: process.pid, started: startOf('self') ?? '0', namespace: namespaceOfSelf(), boot: bootId(), token };
}

export function wordOf({ pid, started, namespace, boot, token }: Holder): string {
  return [pid, started, namespace, boot, token].join('-');
}

export function holderOf(word: string): Holder | undefined {
  const [pid, started, namespace, boot, token, ...more] = word.split('-');
  if (!pid || !started || !namespace || !boot || !token || more.length > 0 || !/^[1-9]\d*$/.test(pid)) return undefined;
  return { pid: Number(pid), started, namespace, boot, token };
}

/** `dead` is certain: then, and only then, may what it held simply be taken. `unseen` is a process of another pid namespace. */
export function lifeOf(holder: Holder): 'alive' | 'dead' | 'unseen' {
  if (holder.boot !== bootId()) return 'dead';
  if (holder.namespace !== namespaceOfSelf()) return 'unseen';
  const isAlive = holder.started === '0' ? answers(holder.pid) : startOf(holder.pid) === holder.started;
  return isAlive ? 'alive' : 'dead';
}

/** Start time of a live process; undefined if there is none. A zombie is dead: it holds no files and runs no code. */
function startOf(pid: number | 'self'): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // the name before may hold spaces and brackets
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function answers(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

const namespaceOfSelf = once(() => /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0]);
const bootId = once(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').slice(0, 8));

/** What does not change while a process lives; `0` where there is no /proc. */
function once(look: () => string | undefined): () => string {
  let found: string | undefined;
  return () => {
    if (found === undefined) {
      try {
        found = look() ?? '0';
      } catch {
        found = '0';
      }
    }
    return found;
  };
}
