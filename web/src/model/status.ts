/** The one line that says how things stand: from connection and save state to words and a tone. Pure. */
import type { Connection } from './document';
import type { SaveStatus } from './save';

export type Tone = 'good' | 'busy' | 'warn' | 'bad' | 'quiet';

export interface StatusLine {
  tone: Tone;
  label: string;
  detail: string;
}

export function statusLine(connection: Connection, save: SaveStatus, online: boolean, kept: boolean): StatusLine {
  const where = kept ? 'Your edits are kept on this device and will be sent.' : 'Keep this window open: your edits live only here.';
  if (save.kind === 'refused') return { tone: 'bad', label: 'Not saved', detail: save.message };
  if (connection.kind === 'closed') return { tone: 'bad', label: 'Disconnected', detail: closedReason(connection.code, connection.reason) };
  if (connection.kind !== 'connected') {
    const edits = save.kind === 'saving' ? ' · unsaved edits kept' : '';
    if (!online) return { tone: 'warn', label: `Offline${kept ? edits : ''}`, detail: `There is no network. ${where}` };
    if (connection.kind === 'reconnecting') {
      return { tone: 'warn', label: `Reconnecting…${kept ? edits : ''}`, detail: `The server cannot be reached. ${where}` };
    }
    return { tone: 'busy', label: 'Connecting…', detail: 'Opening the session.' };
  }
  if (save.kind === 'failed') return { tone: 'bad', label: 'Not saved', detail: `${save.message} It will be tried again. ${where}` };
  if (save.kind === 'saving' && !online) return { tone: 'warn', label: `Offline${kept ? ' · unsaved edits kept' : ''}`, detail: `There is no network. ${where}` };
  if (save.kind === 'saving') return { tone: 'busy', label: 'Saving…', detail: 'Waiting until the server has your edits on disk.' };
  if (save.kind === 'saved') {
    return { tone: 'good', label: `Saved · v${save.version}`, detail: 'The server confirmed that all your edits are on disk.' };
  }
  return { tone: 'quiet', label: 'Connected', detail: 'Live. The server has not confirmed a save yet.' };
}

export function closedReason(code: number, reason: string): string {
  if (code === 4401) return 'You are signed out. Sign in again to go on; your edits are kept on this device.';
  if (code === 4403) return 'You are no longer allowed in this session.';
  if (code === 4404) return 'This session no longer exists.';
  return reason === '' ? `The server closed the connection (${code}).` : reason;
}
