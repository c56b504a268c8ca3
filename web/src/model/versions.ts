/** The session's past as people look at it: versions gathered into steps, and what differs between two states of the files. */

export interface Version {
  version: number;
  createdAt: string;
  actorIds: string[];
  name: string | null;
}

export interface FileThen {
  id: string;
  name: string;
  content: string;
  language: string;
}

/** Versions that one person, or the same people, made in one go; `version` is the last of them. */
export interface Step {
  version: number;
  first: number;
  createdAt: string;
  actorIds: string[];
  name: string | null;
}

const PAUSE_MS = 120_000; // a longer pause begins a new step
const STEP_MS = 600_000;

/** Steps from versions, both newest first. A version with a name ends its step, so that it can be chosen itself. */
export function stepsOf(versions: readonly Version[]): Step[] {
  const steps: (Step & { from: number })[] = [];
  for (const { version, createdAt, actorIds, name } of versions) {
    const time = Date.parse(createdAt);
    const step = steps.at(-1);
    const same = step !== undefined && step.actorIds.length === actorIds.length && actorIds.every((id) => step.actorIds.includes(id));
    if (same && name === null && step.from - time <= PAUSE_MS && Date.parse(step.createdAt) - time <= STEP_MS) {
      step.first = version;
      step.from = time;
    } else {
      steps.push({ version, first: version, createdAt, actorIds, name, from: time });
    }
  }
  return steps.map(({ from: _from, ...step }) => step);
}

export type FileChange = 'added' | 'removed' | 'changed' | 'renamed';

export interface FileDifference {
  id: string;
  name: string;
  before: string;
  after: string;
  language: string;
  change: FileChange;
  wasNamed: string;
}

/** What turns `before` into `after`, by file id, sorted by name; files that are the same are left out. */
export function differences(before: readonly FileThen[], after: readonly FileThen[]): FileDifference[] {
  const old = new Map(before.map((file) => [file.id, file]));
  const found: FileDifference[] = [];
  for (const file of after) {
    const was = old.get(file.id);
    old.delete(file.id);
    const base = { id: file.id, name: file.name, language: file.language, after: file.content };
    if (was === undefined) found.push({ ...base, before: '', change: 'added', wasNamed: file.name });
    else if (was.content !== file.content) found.push({ ...base, before: was.content, change: 'changed', wasNamed: was.name });
    else if (was.name !== file.name) found.push({ ...base, before: was.content, change: 'renamed', wasNamed: was.name });
  }
  for (const file of old.values()) {
    found.push({ id: file.id, name: file.name, language: file.language, before: file.content, after: '', change: 'removed', wasNamed: file.name });
  }
  return found.sort((a, b) => a.name.localeCompare(b.name));
}
