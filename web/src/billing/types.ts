/** What the REST API tells people of their own use, costs and limits. */
export interface UsageFigures {
  executions: number;
  executionTime: number;
  computeUnits: number;
  cost: number;
}

export interface UsageItem extends UsageFigures {
  key: string | null;
  /** Of a session that the asker is a member of. */
  name?: string;
}

export interface Usage {
  groupBy: string;
  items: UsageItem[];
  total: UsageFigures;
}

export interface Left {
  runsPerMinute: number | null;
  runsLeft: number | null;
  budget: number | null;
  budgetLeft: number | null;
  computeUnits: number | null;
  computeUnitsLeft: number | null;
  monthly: boolean;
  concurrentRuns: number | null;
  concurrentRunsLeft: number | null;
}

export interface Limits extends Left {
  maxTimeMs: number;
  maxMemoryBytes: number;
  monthEndsAt: string;
  budgets: (Left & { of: string })[];
}

export interface Month {
  id: string;
  number: string | null;
  status: string;
  executions: number;
  costMicroDollars: number;
}

interface InvoiceFigures {
  executions: number;
  executionTime: number;
  computeUnits: number;
  costMicroDollars: number;
}

export interface Invoice {
  id: string;
  number: string | null;
  status: string;
  issuedAt: string | null;
  lines: (InvoiceFigures & { day: string; language: string; tier: string; tierVersion: number })[];
  total: InvoiceFigures;
  credits: { number: string; amountMicroDollars: number; reason: string; createdAt: string }[];
  dueMicroDollars: number;
}
