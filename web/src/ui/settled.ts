/** A value once it has stood still, so that typing does not ask the server at every key. */
import { useEffect, useState } from 'preact/hooks';

export function useSettled<T>(value: T, forMs = 250): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), forMs);
    return () => clearTimeout(timer);
  }, [value, forMs]);
  return settled;
}
