import { describe, expect, it } from 'vitest';
import { SaveState } from '../src/model/save';

describe('the save state', () => {
  it('says saved only when a confirmed version includes the last local change', () => {
    const save = new SaveState();
    save.changed();
    expect(save.status.kind).toBe('saving');
    save.fenced(save.mark(), 7);
    expect(save.status.kind).toBe('saving');
    save.saved(6);
    expect(save.status.kind).toBe('saving');
    save.saved(7);
    expect(save.status).toEqual({ kind: 'saved', version: 7 });
    expect(save.pending).toBe(false);
  });

  it('is not green again for a change made while the fence was on its way', () => {
    const save = new SaveState();
    save.changed();
    const mark = save.mark();
    save.changed();
    save.fenced(mark, 3, 3);
    expect(save.status.kind).toBe('saving');
    expect(save.needsFence).toBe(true);
    save.fenced(save.mark(), 4, 4);
    expect(save.status.kind).toBe('saved');
  });

  it('a save of others’ edits confirms nothing of ours', () => {
    const save = new SaveState();
    save.changed();
    save.saved(100);
    expect(save.status.kind).toBe('saving');
  });

  it('has to be confirmed anew after a reconnect, because versions are promises of one connection', () => {
    const save = new SaveState();
    save.changed();
    save.fenced(save.mark(), 9);
    save.disconnected();
    save.saved(9);
    expect(save.status.kind).toBe('saving');
    expect(save.pending).toBe(true);
    save.fenced(save.mark(), 12, 12);
    expect(save.status).toEqual({ kind: 'saved', version: 12 });
  });

  it('claims nothing before the server has said anything', () => {
    const save = new SaveState();
    expect(save.status.kind).toBe('unknown');
    save.fenced(save.mark(), 5);
    expect(save.status.kind).toBe('unknown');
    save.saved(5);
    expect(save.status.kind).toBe('saved');
  });

  it('shows a failing disk until something is saved again', () => {
    const save = new SaveState();
    save.changed();
    save.fenced(save.mark(), 2);
    save.failed('disk full');
    expect(save.status).toEqual({ kind: 'failed', message: 'disk full' });
    save.saved(2);
    expect(save.status.kind).toBe('saved');
  });

  it('never forgets a refusal', () => {
    const save = new SaveState();
    save.changed();
    save.refused('viewer');
    save.fenced(save.mark(), 2, 2);
    expect(save.status.kind).toBe('refused');
    expect(save.pending).toBe(true);
  });

  it('forgets it when the server takes changes again, and says saved only once it has them', () => {
    const save = new SaveState();
    save.changed();
    save.refused('read-only for now');
    save.fenced(save.mark(), 2, 2);
    save.changed(); // the server asked for what it lacks
    save.lifted();
    expect(save.status.kind).toBe('saving');
    save.fenced(save.mark(), 3, 3);
    expect(save.status.kind).toBe('saved');
  });
});
