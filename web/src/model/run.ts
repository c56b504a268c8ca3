/** One execution as this browser knows it: a state machine over execution events, applied once each and in order. */
import { signal } from '@preact/signals';
import type { Artifact, ExecutionEvent, Finding, Metrics, RunError } from '../generated/events';
import type { ExecutionInfo } from '../types';
import { Output } from './output';

export type RunStatus =
  | 'queued' | 'running' | 'completed' | 'failed' | 'timeout' | 'memory' | 'cancelled' | 'lost' | 'refused';

const OVER = new Set<string>(['completed', 'failed', 'timeout', 'memory', 'cancelled', 'lost', 'refused']);

export class Run {
  /** Rises when anything changed; views read it to subscribe. At most once per frame while output streams. */
  readonly revision = signal(0);
  readonly output = new Output();
  status: RunStatus = 'queued';
  position: number | null = null;
  actor: { id: string; name: string } | null = null;
  language = '';
  entry = '';
  tier = '';
  version: number | null = null;
  startedAt: number | null = null;
  /** The prompt of a program that waits for input. */
  prompt: string | null = null;
  exitCode: number | null = null;
  result: { value: unknown } | null = null;
  error: RunError | null = null;
  artifacts: Artifact[] = [];
  metrics: Metrics | null = null;
  refusal: { code: string; message: string; findings: Finding[]; retryAfter?: number } | null = null;
  lastSeq = 0;
  /** Whether the output is here, not only the row of the history. */
  loaded = false;
  private readonly early = new Map<number, ExecutionEvent>();
  private scheduled = false;

  constructor(
    readonly id: string,
    private readonly schedule: (task: () => void) => void = (task) => setTimeout(task, 16),
  ) {}

  get over(): boolean {
    return OVER.has(this.status);
  }

  /** True when output is missing before what has already arrived: ask for what follows `lastSeq`. */
  get gap(): boolean {
    return this.early.size > 0;
  }

  apply(event: ExecutionEvent): void {
    switch (event.type) {
      case 'execution.queued':
        if (this.startedAt === null) this.position = event.position;
        break;
      case 'execution.started':
        this.start(event);
        break;
      case 'execution.output':
      case 'execution.display':
        this.take(event);
        break;
      case 'execution.input':
        if (!this.over) this.prompt = event.prompt;
        break;
      case 'execution.finished':
        this.finish(event);
        break;
      case 'execution.refused':
        this.status = 'refused';
        this.loaded = true;
        this.refusal = { code: event.code, message: event.message, findings: event.findings ?? [] };
        if (event.retryAfter !== undefined) this.refusal.retryAfter = event.retryAfter;
        break;
    }
    this.touch();
  }

  /** Everything that the server kept has been sent: what is still missing was not kept. */
  settleGap(): void {
    for (const seq of [...this.early.keys()].sort((a, b) => a - b)) {
      const event = this.early.get(seq);
      this.early.delete(seq);
      if (event === undefined || seq <= this.lastSeq) continue;
      if (seq > this.lastSeq + 1) this.output.notice('… some output was not kept …');
      this.emit(event, seq);
    }
    this.touch();
  }

  /** The row of the history; it never overrides what the events said. */
  describe(info: ExecutionInfo): void {
    if (this.over && this.metrics !== null) return;
    this.actor ??= info.actor ?? null;
    this.language ||= info.language ?? '';
    this.entry ||= info.entry ?? '';
    this.tier ||= info.tier ?? '';
    this.version ??= info.version ?? null;
    this.startedAt ??= info.startedAt === null || info.startedAt === undefined ? null : new Date(info.startedAt).getTime();
    if (!this.over) this.status = OVER.has(info.status) || info.status === 'running' ? (info.status as RunStatus) : 'queued';
    this.error ??= info.error ?? null;
    if (this.over) {
      this.metrics ??= info.metrics ?? null; // a running run's row has figures too, all zero
      this.prompt = null;
      if (this.artifacts.length === 0) this.artifacts = info.artifacts ?? [];
      if (this.result === null && 'result' in info) this.result = { value: info.result };
    }
    this.touch();
  }

  answered(data: string): void {
    this.prompt = null;
    this.output.write(data, 'input');
    this.touch();
  }

  touch(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    this.schedule(() => {
      this.scheduled = false;
      this.revision.value += 1;
    });
  }

  private start(event: Extract<ExecutionEvent, { type: 'execution.started' }>): void {
    if (!this.over) this.status = 'running';
    this.position = null;
    this.loaded = true;
    this.actor = event.actor;
    this.language = event.language;
    this.entry = event.entry;
    this.tier = event.tier;
    this.version = event.version;
    this.startedAt = Date.parse(event.startedAt);
  }

  private finish(event: Extract<ExecutionEvent, { type: 'execution.finished' }>): void {
    this.settleGap();
    this.status = event.status;
    this.loaded = true;
    this.prompt = null;
    this.exitCode = event.exitCode;
    this.result = 'result' in event ? { value: event.result } : null;
    this.error = event.error ?? null;
    this.artifacts = event.artifacts;
    this.metrics = event.metrics;
  }

  private take(event: Extract<ExecutionEvent, { seq: number }>): void {
    if (event.seq <= this.lastSeq) return;
    if (event.seq > this.lastSeq + 1) {
      this.early.set(event.seq, event);
      return;
    }
    this.emit(event, event.seq);
    for (let next = this.early.get(this.lastSeq + 1); next !== undefined; next = this.early.get(this.lastSeq + 1)) {
      this.early.delete(this.lastSeq + 1);
      this.emit(next, this.lastSeq + 1);
    }
  }

  private emit(event: ExecutionEvent, seq: number): void {
    this.lastSeq = seq;
    this.loaded = true;
    if (event.type === 'execution.display') this.output.display(event.mime);
    if (event.type !== 'execution.output') return;
    if (event.truncated === true) this.output.notice(event.text.trim());
    else this.output.write(event.text, event.level ?? (event.stream === 'stderr' ? 'stderr' : 'log'));
    this.prompt = null; // a program that goes on printing does not wait any more
  }
}
