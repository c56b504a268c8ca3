/** A process of the shell: it may be signalled, and stopped while it waits. */

export const SIGNALS: Readonly<Record<string, number>> = {
  HUP: 1, INT: 2, QUIT: 3, ILL: 4, TRAP: 5, ABRT: 6, BUS: 7, FPE: 8, KILL: 9, USR1: 10, SEGV: 11, USR2: 12, PIPE: 13, ALRM: 14, TERM: 15, STKFLT: 16, CHLD: 17, CONT: 18, STOP: 19, TSTP: 20, TTIN: 21, TTOU: 22, URG: 23,
  XCPU: 24, XFSZ: 25, VTALRM: 26, PROF: 27, WINCH: 28, IO: 29, PWR: 30, SYS: 31,
};
const HARMLESS = new Set([17, 18, 23, 28]);

/** Unwinds a process that a signal ended. */
export class Killed extends Error {
  readonly signal: number;
  constructor(signal: number) {
    super(`signal ${signal}`);
    this.signal = signal;
  }
}

/** A line of execution that can be signalled. Its children die with it only when they are told. */
export class Process {
  readonly pid: number;
  readonly parent: Process | null;
  name: string;
  killed: number | null = null;
  ended = false;
  detached = false;
  status = 0;
  readonly children = new Set<Process>();
  /** Signals that a trap takes, and those that came and wait for it. */
  readonly caught = new Set<number>();
  readonly ignored = new Set<number>();
  pending: number[] = [];
  readonly #blocked = new Set<{ stop(): void; nudge?: (() => void) | undefined }>();

  constructor(pid: number, parent: Process | null, name: string) {
    this.pid = pid;
    this.parent = parent;
    this.name = name;
    parent?.children.add(this);
  }

  signal(signal: number): void {
    if (this.ended || signal === 0 || this.ignored.has(signal)) return;
    if (this.caught.has(signal) && signal !== 9) {
      this.pending.push(signal);
      for (const waiting of [...this.#blocked]) waiting.nudge?.();
      return;
    }
    if (HARMLESS.has(signal)) return;
    this.killed = signal;
    // Who waits for a child takes it along; what was sent to the background lives on.
    for (const child of this.children) if (!child.detached) child.signal(signal);
    for (const waiting of [...this.#blocked]) waiting.stop();
  }

  check(): void {
    if (this.killed !== null) throw new Killed(this.killed);
  }

  /** Waits for something that calls back; a signal that ends the process ends the waiting. `nudged` says what a trapped signal makes of it. */
  block<T>(start: (done: (value: T) => void) => (() => void) | undefined, nudged?: () => T): Promise<T> {
    this.check();
    return new Promise<T>((resolve, reject) => {
      let cancel: (() => void) | undefined;
      const finish = (): void => {
        this.#blocked.delete(entry);
      };
      const entry = {
        stop: () => {
          finish();
          cancel?.();
          reject(new Killed(this.killed!));
        },
        nudge: nudged === undefined ? undefined : () => {
          finish();
          cancel?.();
          resolve(nudged());
        },
      };
      this.#blocked.add(entry);
      cancel = start((value) => {
        finish();
        resolve(value);
      });
    });
  }

  sleep(ms: number, interruptible = false): Promise<void> {
    return this.block<void>((done) => {
      const timer = setTimeout(done, ms);
      return () => clearTimeout(timer);
    }, interruptible ? () => undefined : undefined);
  }
}
