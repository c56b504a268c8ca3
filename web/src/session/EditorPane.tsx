/** Tabs and the editor under them. */
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { CodeEditor } from '../editor/editor';
import { shownName } from '../model/filenames';
import type { Session } from '../model/session';
import { Icon } from '../ui/icons';
import { Empty, LanguageBadge, Spinner } from '../ui/parts';

export function EditorPane({ session }: { session: Session }): JSX.Element {
  const active = session.active.value;
  const ready = session.document.ready.value;
  return (
    <section class="editor-pane" aria-label="Editor">
      <Tabs session={session} />
      <div class="editor-body">
        {active === null ? null : <Code session={session} />}
        {active !== null || !ready ? null : <NoFile session={session} />}
        {ready ? null : <div class="editor-loading"><Spinner label="Loading the files" /></div>}
      </div>
    </section>
  );
}

function Tabs({ session }: { session: Session }): JSX.Element {
  const activeId = session.activeId.value;
  const bar = useRef<HTMLDivElement>(null);
  useEffect(() => {
    bar.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
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
              <LanguageBadge language={file.language} /> {shownName(file.name)}
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
  useEffect(() => {
    if (host.current === null) return;
    const created = new CodeEditor(host.current, session.document, () => session.run());
    editor.current = created;
    return () => {
      created.destroy();
      editor.current = null;
    };
  }, [session]);
  useEffect(() => {
    if (file !== null) editor.current?.show(file, readOnly);
    if (target !== null) {
      editor.current?.jump(target.line, target.column);
      session.target.value = null;
    }
  }, [session, file, readOnly, target]);
  return <div class={readOnly ? 'code code-readonly' : 'code'} ref={host} />;
}

function NoFile({ session }: { session: Session }): JSX.Element {
  const any = session.document.files.value.length > 0;
  if (any) return <Empty icon="files" title="No file is open">Choose one in the list.</Empty>;
  if (!session.mayEdit.value) return <Empty icon="files" title="This session has no files yet" />;
  const create = <button type="button" class="button button-primary" onClick={() => session.open(session.document.createFile('main.js'))}><Icon name="plus" /> Create main.js</button>;
  return <Empty icon="files" title="An empty session" action={create}>Create a file and everybody here sees it at once.</Empty>;
}
