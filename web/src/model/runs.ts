/**
 * The executions of one session: the live one, the shown one and the history.
 * It asks for what it missed (replay) and never shows a run as over that the server has not finished.
 */
import { computed, signal } from '@preact/signals';
import { api } from '../api';
import type { ExecutionEvent } from '../generated/events';
import { type Lane, LaneError } from '../lane';
import { Run } from './run';

const LOADED_RUNS_MAX = 12; // outputs kept in memory; older ones are fetched again when looked at
const RUNS_MAX = 200;

export class Runs {
  /** Newest first. */
  readonly list = signal<Run[]>([]);
  readonly shownId = signal<string | null>(null);
  readonly shown = computed(() => this.list.value.find((run) => run.id === this.shownId.value) ?? null);
  /** Who runs something now, and what: by person. It changes with runs, not with all that they print. */
  readonly running = computed(() => new Map(JSON.parse(this.runningNow.value) as [string, string][]));
  private readonly runningNow = computed(() => {
    const now: [string, string][] = [];
    for (const run of this.list.value) {
      void run.revision.value;
      if (!run.over && run.actor !== null) now.push([run.actor.id, run.entry || 'code']);
    }
    return JSON.stringify(now);
  });
  /** Set between pressing Run and the server's first word about it. */
  readonly starting = signal(false);
  readonly historyFailed = signal(false);
  private readonly replaying = new Set<string>();
  private refusals = 0;

  constructor(
    private readonly sessionId: string,
    private readonly lane: Lane,
  ) {
    lane.on('execution.*', (message) => this.receive(message as unknown as ExecutionEvent));
  }

  /** Loads the history and shows the newest run, unless one is shown; called again after each reconnect. */
  async refresh(): Promise<void> {
    try {
      const page = await api.executions(this.sessionId);
      for (const info of [...page.items].reverse()) this.get(info.executionId).describe(info);
      this.sort();
      this.historyFailed.value = false;
    } catch {
      this.historyFailed.value = true;
    }
    for (const run of this.list.value) if (run.loaded && !run.over) void this.replay(run);
    const shown = this.shown.value ?? this.list.value[0];
    if (shown !== undefined) this.show(shown.id);
  }

  show(id: string): void {
    this.shownId.value = id;
    const run = this.shown.value;
    if (run !== null && (!run.loaded || run.gap)) void this.replay(run);
  }

  async start(entry: string, language: string, options: Record<string, unknown> = {}): Promise<void> {
    this.starting.value = true;
    try {
      const reply = await this.lane.request({ type: 'execute', entry, language, ...options });
      if (typeof reply['executionId'] === 'string') this.show(this.get(reply['executionId']).id);
    } catch (error) {
      this.refused(error, entry);
    } finally {
      this.starting.value = false;
    }
  }

  /** The same version, entry and limits once more. */
  async rerun(run: Run): Promise<void> {
    this.starting.value = true;
    try {
      const reply = await this.lane.request({ type: 'rerun', executionId: run.id });
      if (typeof reply['executionId'] === 'string') this.show(this.get(reply['executionId']).id);
    } catch (error) {
      this.refused(error, run.entry);
    } finally {
      this.starting.value = false;
    }
  }

  cancel(run: Run): Promise<unknown> {
    return this.lane.request({ type: 'cancel', executionId: run.id });
  }

  async stdin(run: Run, data: string, eof = false): Promise<void> {
    await this.lane.request({ type: 'stdin', executionId: run.id, data, ...(eof ? { eof } : {}) });
    run.answered(data);
  }

  private receive(event: ExecutionEvent): void {
    if (event.executionId === undefined) return; // a refusal that is the answer to our own request, see `start`
    const fresh = !this.list.value.some((run) => run.id === event.executionId);
    const run = this.get(event.executionId);
    run.apply(event);
    if (fresh && (event.type === 'execution.started' || event.type === 'execution.queued')) this.follow(run);
    if (event.type === 'execution.started') this.sort();
    const missedStart = fresh && event.type !== 'execution.started' && event.type !== 'execution.queued';
    if ((run.gap || missedStart) && event.type !== 'execution.refused') void this.replay(run);
  }

  /** A new run comes to the front, unless one is still going there. */
  private follow(run: Run): void {
    const shown = this.shown.value;
    if (shown === null || shown.over) this.shownId.value = run.id;
    this.unload();
  }

  private refused(error: unknown, entry: string): void {
    const reply = error instanceof LaneError ? error.reply : null;
    const id = typeof reply?.['executionId'] === 'string' ? reply['executionId'] : `refused-${++this.refusals}`;
    const run = this.get(id);
    run.entry ||= entry;
    const known = (reply ?? {}) as Partial<Extract<ExecutionEvent, { type: 'execution.refused' }>>;
    run.apply({
      type: 'execution.refused',
      executionId: id,
      code: known.code ?? (error instanceof LaneError ? (error.code as 'invalid') : 'invalid'),
      message: error instanceof Error ? error.message : 'The run could not be started.',
      ...(known.findings === undefined ? {} : { findings: known.findings }),
      ...(known.retryAfter === undefined ? {} : { retryAfter: known.retryAfter }),
    });
    this.shownId.value = id;
  }

  private get(id: string): Run {
    const known = this.list.value.find((run) => run.id === id);
    if (known !== undefined) return known;
    const frame = (task: () => void): void => void (document.hidden ? setTimeout(task, 100) : requestAnimationFrame(task));
    const run = new Run(id, frame);
    this.list.value = [run, ...this.list.value].slice(0, RUNS_MAX);
    return run;
  }

  private sort(): void {
    const time = (run: Run): number => run.startedAt ?? Number.MAX_SAFE_INTEGER;
    this.list.value = [...this.list.value].sort((a, b) => time(b) - time(a));
  }

  /** Asks for what follows the last output that is here; the events come back in the reply or on the lane. */
  private async replay(run: Run): Promise<void> {
    if (this.replaying.has(run.id) || run.status === 'refused') return;
    this.replaying.add(run.id);
    try {
      const reply = await this.lane.request({ type: 'replay', executionId: run.id, afterSeq: run.lastSeq });
      const events = reply['events'];
      if (Array.isArray(events)) for (const event of events) run.apply(event as ExecutionEvent);
      run.settleGap();
      if (run.over) run.loaded = true;
    } catch {
      await this.load(run);
    } finally {
      this.replaying.delete(run.id);
    }
    run.touch();
  }

  /** Without a socket a finished run can still be read over REST, as plain text. */
  private async load(run: Run): Promise<void> {
    try {
      const info = await api.execution(run.id);
      run.describe(info);
      if (!run.over || run.loaded) return;
      if (info.stdout) run.output.write(info.stdout, 'log');
      if (info.stderr) run.output.write(info.stderr, 'stderr');
      run.loaded = true;
    } catch {
      if (run.output.empty) run.output.notice('The output could not be loaded. Choose the run again to retry.');
    }
  }

  private unload(): void {
    const loaded = this.list.value.filter((run) => run.loaded && run.over && run.status !== 'refused');
    const victims = new Set(loaded.slice(LOADED_RUNS_MAX).map((run) => run.id).filter((id) => id !== this.shownId.value));
    if (victims.size === 0) return;
    this.list.value = this.list.value.map((run) => (victims.has(run.id) ? emptied(run) : run));
  }
}

function emptied(run: Run): Run {
  const bare = new Run(run.id);
  bare.status = run.status;
  bare.actor = run.actor;
  bare.language = run.language;
  bare.entry = run.entry;
  bare.tier = run.tier;
  bare.version = run.version;
  bare.startedAt = run.startedAt;
  bare.metrics = run.metrics;
  return bare;
}
