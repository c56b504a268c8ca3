/** The key that commands go with on this machine. */

const MAC = /Mac|iPhone|iPad/.test(navigator.platform);
export const MOD = MAC ? '⌘' : 'Ctrl ';
/** Whether that key, and no other of its kind, is held. */
export const modHeld = (event: KeyboardEvent): boolean => (MAC ? event.metaKey && !event.ctrlKey : event.ctrlKey && !event.metaKey) && !event.altKey;
