/** Parts of the page that are loaded when first asked for; a failed load says so and can be tried again. */
import type { ComponentType, JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { toastError } from './toast';

export function lazy<P extends object>(load: () => Promise<ComponentType<P>>, waiting: JSX.Element | null = null): (props: P & { onClose: () => void }) => JSX.Element | null {
  let known: ComponentType<P> | null = null;
  return function Lazy(props) {
    const [, redraw] = useState(0);
    useEffect(() => {
      if (known !== null) return;
      load().then(
        (part) => {
          known = part;
          redraw(1);
        },
        () => {
          toastError(new Error('This part of the page could not be loaded. Check your connection and try again.'));
          props.onClose();
        },
      );
    }, []);
    const Part = known;
    return Part === null ? waiting : <Part {...props} />;
  };
}
