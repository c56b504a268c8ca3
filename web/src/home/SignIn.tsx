/** The signed-out page: paste a login URL or a key, get the cookie. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { ApiError, api } from '../api';
import { Icon } from '../ui/icons';
import { Spinner, ThemeButton } from '../ui/parts';
import { Logo } from './Logo';
import { tokenOf } from './token';

export function SignIn({ onDone }: { onDone: () => Promise<void> }): JSX.Element {
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const pasted = new FormData(event.currentTarget as HTMLFormElement).get('token');
    const token = tokenOf(typeof pasted === 'string' ? pasted : '');
    if (token === '') return setError('Paste the login URL that the server printed, or an API key.');
    setBusy(true);
    setError(null);
    try {
      await api.login(token);
      await onDone();
    } catch (failure) {
      const refused = failure instanceof ApiError && (failure.status === 401 || failure.status === 422);
      setError(
        refused
          ? 'This key is not valid: it may have expired, been used already or been revoked.'
          : failure instanceof Error ? failure.message : 'That did not work.',
      );
      setBusy(false);
    }
  };

  return (
    <main class="sign-in">
      <div class="sign-in-corner"><ThemeButton /></div>
      <form class="card sign-in-card" onSubmit={submit}>
        <Logo size={44} />
        <h1>Sign in</h1>
        <p class="muted">Paste the login URL that the server printed when it started, or an API key.</p>
        <label class="field">
          <span>Login URL or key</span>
          <input
            name="token" type="password" autocomplete="current-password" autofocus spellcheck={false}
            placeholder="http://…/login?token=… or ck_…" aria-invalid={error !== null} aria-describedby="sign-in-error"
          />
        </label>
        <p id="sign-in-error" class="form-error" role="alert">
          {error === null ? null : <><Icon name="alert" size={15} /> {error}</>}
        </p>
        <button type="submit" class="button button-primary button-wide" disabled={busy}>
          {busy ? <Spinner /> : null} Sign in
        </button>
        <p class="hint">
          No key? Whoever runs the server makes one with <code>collab-server token create --user you</code>.
        </p>
      </form>
    </main>
  );
}
