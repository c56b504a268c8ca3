/** The past of a session as a film: the files at any of its steps, forwards and back. Pure. */

export interface PlaybackEdit {
  /** In code points of the text before the step. */
  start: number;
  end: number;
  text: string;
}

export interface PlaybackStep {
  version: number;
  at: string;
  actorId: string;
  fileId: string;
  name: string;
  language: string;
  deleted: boolean;
  edits: PlaybackEdit[];
}

export interface FileAt {
  name: string;
  language: string;
  text: string;
}

/** A replacement in UTF-16 units, as the editor counts; `from` and `to` are in the text before. */
export interface Change {
  from: number;
  to: number;
  insert: string;
}

const KEY_FRAME_STEPS = 200;

export class Playback {
  /** How many steps have been done. */
  at = 0;
  files: ReadonlyMap<string, FileAt>;
  private readonly frames: ReadonlyMap<string, FileAt>[];

  constructor(
    readonly steps: readonly PlaybackStep[],
    start: ReadonlyMap<string, FileAt> = new Map(),
  ) {
    this.files = start;
    this.frames = [start];
  }

  /** The step that was done last. */
  get step(): PlaybackStep | null {
    return this.steps[this.at - 1] ?? null;
  }

  go(to: number): void {
    const wanted = Math.min(this.steps.length, Math.max(0, Math.round(to)));
    const frame = Math.min(this.frames.length - 1, Math.floor(wanted / KEY_FRAME_STEPS));
    if (wanted < this.at || frame * KEY_FRAME_STEPS > this.at) {
      this.at = frame * KEY_FRAME_STEPS;
      this.files = this.frames[frame] ?? this.files;
    }
    while (this.at < wanted) {
      const step = this.steps[this.at];
      if (step === undefined) return;
      this.files = after(this.files, step);
      this.at += 1;
      if (this.at === this.frames.length * KEY_FRAME_STEPS) this.frames.push(this.files);
    }
  }
}

function after(files: ReadonlyMap<string, FileAt>, step: PlaybackStep): ReadonlyMap<string, FileAt> {
  const next = new Map(files);
  if (step.deleted) next.delete(step.fileId);
  else next.set(step.fileId, { name: step.name, language: step.language, text: applied(files.get(step.fileId)?.text ?? '', step.edits) });
  return next;
}

/** Edits of a text in the editor's units, in their order and not overlapping. */
export function changesOf(text: string, edits: readonly PlaybackEdit[]): Change[] {
  const sorted = [...edits].sort((a, b) => a.start - b.start || a.end - b.end);
  let points = 0;
  let units = 0;
  const unitsAt = (point: number): number => {
    while (points < point && units < text.length) {
      units += (text.codePointAt(units) ?? 0) > 0xffff ? 2 : 1;
      points += 1;
    }
    return units;
  };
  return sorted.map(({ start, end, text: insert }) => ({ from: unitsAt(start), to: unitsAt(end), insert }));
}

function applied(text: string, edits: readonly PlaybackEdit[]): string {
  let result = '';
  let done = 0;
  for (const { from, to, insert } of changesOf(text, edits)) {
    result += text.slice(done, from) + insert;
    done = to;
  }
  return result + text.slice(done);
}

/** Who made the steps, as stretches of the whole in percent, at most `max` of them: for a coloured strip. */
export function stretches(steps: readonly PlaybackStep[], max = 400): { actorId: string; from: number; to: number }[] {
  const found: { actorId: string; from: number; to: number }[] = [];
  const share = Math.max(1, Math.ceil(steps.length / max));
  for (let index = 0; index < steps.length; index += share) {
    const actorId = steps[index]?.actorId ?? '';
    const to = (Math.min(steps.length, index + share) / steps.length) * 100;
    const last = found.at(-1);
    if (last?.actorId === actorId) last.to = to;
    else found.push({ actorId, from: (index / steps.length) * 100, to });
  }
  return found;
}
