/** Tabs and the editor under them. */
import type { JSX } from 'preact';
import { effect, untracked } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { CodeEditor } from '../editor/editor';
import { textOn } from '../model/colors';
import { shownName } from '../model/filenames';
import type { Session } from '../model/session';
import { Icon } from '../ui/icons';
import { Empty, LanguageBadge, Spinner } from '../ui/parts';
import { attempt, toast } from '../ui/toast';
import { CommentsPanel } from './CommentsPanel';

export function EditorPane({ session }: { session: Session }): JSX.Element {
  const active = session.active.value;
  const ready = session.document.ready.value;
  return (
    <section class="editor-pane" aria-label="Editor">
      <Tabs session={session} />
      <div class="editor-body">
        {active === null ? null : <Code session={session} />}
        <Comments session={session} />
        {active !== null || !ready ? null : <NoFile session={session} />}
        <Following session={session} />
        {ready ? null : <div class="editor-loading"><Spinner label="Loading the files" /></div>}
      </div>
    </section>
  );
}

function Comments({ session }: { session: Session }): JSX.Element | null {
  if (!session.talk.open.value) return null;
  const close = (): void => {
    session.talk.close();
    session.ask('focus');
  };
  return <CommentsPanel session={session} onClose={close} />;
}

/** Whom the editor follows, said on its frame. */
function Following({ session }: { session: Session }): JSX.Element | null {
  const member = session.document.members.value.find(({ id }) => id === session.following.value);
  if (member === undefined) return null;
  const where = session.followed.value === null ? ' · not in a file' : '';
  return (
    <div class="following" style={{ '--who': member.color, '--on-who': textOn(member.color) }}>
      <button type="button" class="following-chip" data-testid="following" title="Stop following (Esc)" onClick={() => session.follow(null)}>
        <span role="status">Following {member.name}{where}</span> <Icon name="close" size={12} />
      </button>
    </div>
  );
}

function Tabs({ session }: { session: Session }): JSX.Element {
  const activeId = session.activeId.value;
  const bar = useRef<HTMLDivElement>(null);
  useEffect(() => {
    bar.current?.querySelector('.tab-active')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [activeId]);
  return (
    <div class="tabs" role="group" aria-label="Open files" ref={bar}>
      {session.tabs.value.map((id) => {
        const file = session.document.file(id);
        if (file === undefined) return null;
        const active = id === activeId;
        return (
          <div key={id} class={active ? 'tab tab-active' : 'tab'} onAuxClick={(event) => event.button === 1 && session.closeTab(id)}>
            <button type="button" class="tab-name" data-testid="tab" aria-current={active ? 'true' : undefined} onClick={() => session.open(id)}>
              <LanguageBadge language={file.language} /> <span class="tab-label" title={shownName(file.name)}>{shownName(file.name)}</span>
            </button>
            <button type="button" class="tab-close" aria-label={`Close ${file.name}`} title="Close" onClick={() => session.closeTab(id)}>
              <Icon name="close" size={13} />
            </button>
          </div>
        );
      })}
    </div>
  );
}

function Code({ session }: { session: Session }): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  const editor = useRef<CodeEditor | null>(null);
  const file = session.active.value;
  const readOnly = !session.mayEdit.value;
  const target = session.target.value;
  const followed = session.followed.value;
  useEffect(() => {
    if (host.current === null) return;
    const { talk } = session;
    const created: CodeEditor = new CodeEditor(host.current, session.document, {
      run: () => session.run(),
      scan: (id) => session.scan(id),
      talk: {
        show: (threadId) => talk.show(threadId),
        begin: (from, to) => {
          const open = session.active.peek();
          if (open !== null && session.mayEdit.peek()) talk.beginAt(open, from, to);
        },
      },
      format: () => session.ask('format'),
      refreshMarks: () => {
        const open = session.active.peek();
        if (open !== null) editor.current?.showMarks(talk.marks(open));
      },
    });
    editor.current = created;
    const stop = effect(() => {
      void talk.comments.threads.value;
      const open = session.active.value;
      if (open !== null) untracked(() => created.showMarks(talk.marks(open)));
    });
    return () => {
      stop();
      created.destroy();
      editor.current = null;
    };
  }, [session]);
  useEffect(() => session.granting('find', () => editor.current?.find()), [session]);
  useEffect(() => session.granting('focus', () => editor.current?.view.focus()), [session]);
  useEffect(() => session.granting('comment', () => editor.current?.comment()), [session]);
  useEffect(() => session.granting('format', () => void attempt(() => format(editor.current))), [session]);
  useEffect(() => {
    if (file !== null) editor.current?.show(file, readOnly);
    if (target !== null) {
      editor.current?.jump(target.line, target.column);
      session.target.value = null;
    }
  }, [session, file, readOnly, target]);
  useEffect(() => {
    if (followed !== null && followed.text === file?.text) editor.current?.reveal(followed.head);
  }, [file, followed]);
  // Whoever moves in the text goes their own way from there.
  const leave = (): void => session.follow(null);
  return (
    <div
      class={readOnly ? 'code code-readonly' : 'code'} ref={host} onPointerDown={leave} onWheel={leave}
      onKeyDown={(event) => !['Control', 'Shift', 'Alt', 'Meta'].includes(event.key) && !event.ctrlKey && !event.metaKey && leave()}
    />
  );
}

async function format(editor: CodeEditor | null): Promise<void> {
  if ((await editor?.format()) === 'unchanged') toast('Nothing to change: it is formatted');
}

function NoFile({ session }: { session: Session }): JSX.Element {
  const any = session.document.files.value.length > 0;
  if (any) return <Empty icon="files" title="No file is open">Choose one in the list.</Empty>;
  if (!session.mayEdit.value) return <Empty icon="files" title="This session has no files yet" />;
  const create = <button type="button" class="button button-primary" onClick={() => session.open(session.document.createFile('main.js'))}><Icon name="plus" /> Create main.js</button>;
  return <Empty icon="files" title="An empty session" action={create}>Create a file and everybody here sees it at once.</Empty>;
}
