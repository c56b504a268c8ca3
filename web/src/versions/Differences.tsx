/** The files that differ between two states, and the difference in the chosen one. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { shownName } from '../model/filenames';
import type { FileChange, FileDifference } from '../model/versions';
import { Empty } from '../ui/parts';
import { Diff } from './Diff';

const COLOURS: Record<FileChange, string> = { added: 'created', removed: 'deleted', changed: 'changed', renamed: 'changed' };

export function Differences({ found, none }: { found: readonly FileDifference[]; none: string }): JSX.Element {
  const [fileId, setFileId] = useState<string | null>(null);
  const difference = found.find((each) => each.id === fileId) ?? found[0];
  if (difference === undefined) return <div class="versions-state"><Empty icon="files" title={none} /></div>;
  return (
    <>
      <div class="diff-files" role="group" aria-label="Files that differ">
        {found.map((each) => (
          <button key={each.id} type="button" class="diff-file" data-testid="diff-file" aria-pressed={each.id === difference.id} onClick={() => setFileId(each.id)}>
            {shownName(each.wasNamed === each.name ? each.name : `${each.wasNamed} → ${each.name}`)} <span class={`change change-${COLOURS[each.change]}`}>{each.change}</span>
          </button>
        ))}
      </div>
      <Diff difference={difference} />
    </>
  );
}
