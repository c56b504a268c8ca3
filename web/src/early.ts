/** What the first page will ask for, asked before its code has come; each answer is taken once. */
import { api } from './api';
import type { SessionInfo } from './types';

const asked = new Map<string, Promise<SessionInfo>>();

export function askEarly(sessionId: string): void {
  const answer = api.session(sessionId);
  answer.catch(() => undefined); // whoever takes it hears of it
  asked.set(sessionId, answer);
}

export function sessionOf(sessionId: string): Promise<SessionInfo> {
  const early = asked.get(sessionId);
  asked.delete(sessionId);
  return early ?? api.session(sessionId);
}
