/** What the first page will ask for, asked before its code has come; each answer is taken once. */
import { api } from './api';
import type { SessionInfo } from './types';

const asked = new Map<string, Promise<SessionInfo>>();

export function askEarly(sessionId: string): void {
  const answer = api.session(sessionId);
  asked.set(sessionId, answer);
  // Whoever takes it meanwhile hears of it; who comes later asks again: one may have signed in since.
  answer.catch(() => asked.get(sessionId) === answer && asked.delete(sessionId));
}

export function sessionOf(sessionId: string): Promise<SessionInfo> {
  const early = asked.get(sessionId);
  asked.delete(sessionId);
  return early ?? api.session(sessionId);
}
