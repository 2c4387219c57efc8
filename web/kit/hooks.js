// What Preact leaves to be said once: a callback that outlives the drawing it was written in.

import { useEffect, useRef, useState } from '../vendor/preact-htm.js';

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

/**
 * The page of a module, which is asked for when its name comes up: `{ name, view, error }` of what
 * arrived last. Modules may arrive in another order than they were asked for: a late one never wins.
 */
export function usePage(name, load) {
  const [loaded, setLoaded] = useState({ name: null, view: null, error: null });
  const open = useLatest(load);
  useEffect(() => {
    let left = false;
    const settle = (view, error) => left || setLoaded({ name, view, error });
    open(name).then(
      (module) => settle(module.default, null),
      (error) => settle(null, error),
    );
    return () => {
      left = true;
    };
  }, [name]);
  return loaded;
}
