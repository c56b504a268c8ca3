/** What was proposed to the session: a list, what merging one would change file by file, and the decision. */
import type { JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { api } from '../api';
import { type Branch, type BranchDiff, waits } from '../model/branches';
import type { Session } from '../model/session';
import { differences } from '../model/versions';
import { ago } from '../ui/format';
import { Icon } from '../ui/icons';
import { Confirm, Empty, IconButton, Modal, Spinner } from '../ui/parts';
import { attempt, toast } from '../ui/toast';
import { Differences } from '../versions/Differences';

type Shown = { kind: 'loading' } | { kind: 'failed'; message: string } | { kind: 'ready'; diff: BranchDiff };
const WORDS: Record<Branch['status'], string> = {
  open: 'in work', proposed: 'to review', merged: 'merged', rejected: 'rejected', closed: 'given up', expired: 'expired',
};

export function Branches({ session, onClose }: { session: Session; onClose: () => void }): JSX.Element {
  const { list, failed, refresh } = session.branches;
  const [chosen, setChosen] = useState<string | null>(null);
  useEffect(() => void session.branches.refresh(), [session]);
  const branch = list.value.find(({ id }) => id === chosen) ?? list.value.find(waits) ?? list.value[0];
  return (
    <Modal label="Proposals" class="versions" onClose={onClose}>
      <header class="versions-head">
        <h2 tabIndex={-1} autofocus>Proposals</h2>
        <span class="grow" />
        <IconButton icon="close" label="Close" onClick={onClose} />
      </header>
      {failed.value !== null ? (
        <div class="versions-state">
          <Empty icon="alert" title="The proposals could not be loaded" action={<button type="button" class="button" onClick={() => void refresh.call(session.branches)}>Try again</button>}>{failed.value}</Empty>
        </div>
      ) : branch === undefined ? (
        <div class="versions-state">
          <Empty icon="fork" title="Nothing was proposed yet">Agents propose changes in a branch of the session; here they are looked at and merged.</Empty>
        </div>
      ) : (
        <div class="versions-panes">
          <div class="timeline">
            <ol class="timeline-list">
              {list.value.map((each) => (
                <li key={each.id}>
                  <button type="button" class="timeline-step" data-testid="branch" aria-current={each.id === branch.id ? 'true' : undefined} onClick={() => setChosen(each.id)}>
                    <span class="timeline-title">{each.title}</span>
                    <span class={each.status === 'proposed' ? 'tag tag-strong' : 'tag'}>{WORDS[each.status]}</span>
                    <span class="timeline-when">{nameOf(session, each.authorId)} · <time dateTime={each.createdAt}>{ago(each.createdAt)}</time></span>
                  </button>
                </li>
              ))}
            </ol>
          </div>
          <Review key={branch.id} session={session} branch={branch} />
        </div>
      )}
    </Modal>
  );
}

function Review({ session, branch }: { session: Session; branch: Branch }): JSX.Element {
  const [shown, setShown] = useState<Shown>({ kind: 'loading' });
  const [rejecting, setRejecting] = useState(false);
  const [looks, setLooks] = useState(0);
  useEffect(() => {
    let left = false;
    api.branchDiff(branch.sessionId, branch.id).then(
      (diff) => !left && setShown({ kind: 'ready', diff }),
      (error: unknown) => !left && setShown({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }),
    );
    return () => {
      left = true;
    };
  }, [branch, looks]);
  const found = useMemo(() => (shown.kind === 'ready' ? differences(shown.diff.before, shown.diff.after) : []), [shown]);
  const merge = async (): Promise<void> => {
    if (shown.kind !== 'ready') return;
    // Only what is seen here: the server refuses when something came since, and then it is shown.
    if (await attempt(() => api.mergeBranch(branch.sessionId, branch.id, shown.diff.version))) toast(`“${branch.title}” is merged.`);
    setLooks(looks + 1);
  };
  const reject = async (): Promise<void> => {
    if (await attempt(() => api.rejectBranch(branch.sessionId, branch.id))) toast(`“${branch.title}” is rejected.`);
    setRejecting(false);
  };
  return (
    <section class="version-shown" aria-label={branch.title}>
      <div class="version-bar">
        <span class="branch-what">
          {branch.message === '' ? <span class="muted">{decided(session, branch)}</span> : branch.message}
        </span>
        <a class="button" href={`/s/${encodeURIComponent(branch.id)}`} target="_blank" rel="noopener">Open</a>
        {session.mayEdit.value && waits(branch) ? (
          <>
            <button type="button" class="button" data-testid="reject" onClick={() => setRejecting(true)}>Reject</button>
            <button type="button" class="button button-primary" data-testid="merge" disabled={shown.kind !== 'ready'} onClick={() => void merge()}><Icon name="fork" /> Merge</button>
          </>
        ) : null}
      </div>
      {shown.kind === 'ready' && waits(branch) && shown.diff.both.length > 0 ? (
        <p class="branch-note">Also changed here meanwhile, and kept: {shown.diff.both.join(', ')}.</p>
      ) : null}
      {shown.kind === 'ready' && shown.diff.lost.length > 0 ? (
        <p class="branch-note">Deleted here, so what was changed there goes: {shown.diff.lost.join(', ')}.</p>
      ) : null}
      {shown.kind === 'loading' ? <div class="versions-state"><Spinner label="Loading what it changes" /></div> : null}
      {shown.kind === 'failed' ? (
        <div class="versions-state"><Empty icon="alert" title="What it changes could not be loaded" action={<button type="button" class="button" onClick={() => setLooks(looks + 1)}>Try again</button>}>{shown.message}</Empty></div>
      ) : null}
      {shown.kind === 'ready' ? <Differences found={found} none="It changes nothing" /> : null}
      {rejecting ? (
        <Confirm title={`Reject “${branch.title}”?`} action="Reject" onYes={reject} onClose={() => setRejecting(false)} text="The session stays as it is. Nothing more can be done in the branch; its author may make another one." />
      ) : null}
    </section>
  );
}

function decided(session: Session, branch: Branch): string {
  if (branch.decidedBy === null) return `By ${nameOf(session, branch.authorId)}`;
  const why = branch.reason === null || branch.reason === '' ? '' : `: ${branch.reason}`;
  return `${WORDS[branch.status]} by ${nameOf(session, branch.decidedBy)}${why}`;
}

function nameOf(session: Session, userId: string): string {
  if (userId === session.me.user.id) return 'You';
  return session.document.members.value.find(({ id }) => id === userId)?.name ?? userId;
}
