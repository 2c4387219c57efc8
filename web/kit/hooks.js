// What Preact leaves to be said once: a callback that outlives the drawing it was written in.

import { useRef, useState } from '../vendor/preact-htm.js';

/**
 * The same function for the life of a component; it runs what the last drawing passed.
 *
 * For listeners and timers: registered once, they would otherwise go on with what was known when
 * they were registered, and ask for a page of a list that has long become two.
 */
export function useLatest(run) {
  const latest = useRef(run);
  latest.current = run;
  const [stable] = useState(
    () =>
      (...given) =>
        latest.current(...given),
  );
  return stable;
}
