/** One's own runs in figures, as the REST API tells them. */
export type Percentiles = Record<'p50' | 'p90' | 'p95' | 'p99', number>;

export interface RunFigures {
  executions: number;
  failed: number;
  refused: number;
  computeUnits: number;
  costMicroDollars: number;
}

export interface Analytics {
  from: string;
  to: string;
  step: 'hour' | 'day';
  totals: RunFigures & { executionTime: number };
  latency: { execution: Percentiles; queue: Percentiles };
  latencyByLanguage: Record<string, Percentiles>;
  overTime: (RunFigures & { at: string })[];
  byLanguage: (RunFigures & { language: string })[];
  bySession: (RunFigures & { sessionId: string | null; name: string | null })[];
  failures: { status: string; kind: string; executions: number }[];
  filesRun: { sessionId: string; sessionName: string | null; name: string; executions: number; failed: number; costMicroDollars: number }[];
  filesEdited: { sessionId: string; sessionName: string | null; fileId: string; name: string; edits: number; chars: number }[];
}
