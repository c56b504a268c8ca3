/** Parts of the page that are loaded when first asked for; a failed load says so and can be tried again. */
import type { ComponentType, JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { toastError } from './toast';

type Lazy<P> = ((props: P & { onClose: () => void }) => JSX.Element | null) & {
  /** Loads it before anybody asks, so that it is there in the same moment; a failure is told when somebody does. */
  preload: () => void;
};

export function lazy<P extends object>(load: () => Promise<ComponentType<P>>, waiting: JSX.Element | null = null): Lazy<P> {
  let known: ComponentType<P> | null = null;
  const loaded = async (): Promise<void> => {
    known ??= await load();
  };
  function Lazy(props: P & { onClose: () => void }): JSX.Element | null {
    const [, redraw] = useState(0);
    useEffect(() => {
      if (known !== null) return;
      loaded().then(
        () => redraw(1),
        () => {
          toastError(new Error('This part of the page could not be loaded. Check your connection and try again.'));
          props.onClose();
        },
      );
    }, []);
    const Part = known;
    return Part === null ? waiting : <Part {...props} />;
  }
  return Object.assign(Lazy, { preload: () => void loaded().catch(() => undefined) });
}
