/** A button that puts a text on the clipboard and says so. */
import type { JSX } from 'preact';
import { copyText } from './clipboard';
import { Icon } from './icons';
import { attempt, toast } from './toast';

export function CopyButton({ text }: { text: string }): JSX.Element {
  const copy = (): void => void attempt(async () => {
    await copyText(text);
    toast('Copied');
  });
  return <button type="button" class="button" onClick={copy}><Icon name="copy" /> Copy</button>;
}
