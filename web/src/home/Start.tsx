/** Beginning a session: from a language's template, or from a zip. */
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import type { NewSession } from '../api';
import { languageById } from '../model/languages';
import { newSession, TEMPLATES } from '../model/templates';
import { Icon } from '../ui/icons';
import { LanguageBadge } from '../ui/parts';

export function Start({ busy, onCreate, onImport }: { busy: boolean; onCreate: (session: NewSession) => void; onImport: (zip: File) => void }): JSX.Element {
  const upload = useRef<HTMLInputElement>(null);
  return (
    <section aria-labelledby="new-heading">
      <div class="section-head">
        <div>
          <h1 id="new-heading">Start something</h1>
          <p class="muted">A session is live from the first keystroke: share its address and edit and run together.</p>
        </div>
        <button type="button" class="button" disabled={busy} onClick={() => upload.current?.click()}>
          <Icon name="upload" /> Import zip
        </button>
        <input
          ref={upload} type="file" accept=".zip,application/zip" hidden aria-label="Zip file to import"
          onChange={(event) => {
            const file = event.currentTarget.files?.[0];
            event.currentTarget.value = '';
            if (file !== undefined) onImport(file);
          }}
        />
      </div>
      <div class="templates">
        {TEMPLATES.map((template) => (
          <button
            key={template.language} type="button" class="template" disabled={busy} data-testid="new-session"
            data-language={template.language} onClick={() => onCreate(newSession(template))}
          >
            <LanguageBadge language={template.language} />
            <span class="template-name">{languageById(template.language).label}</span>
            <span class="template-pitch">{template.pitch}</span>
          </button>
        ))}
      </div>
    </section>
  );
}
