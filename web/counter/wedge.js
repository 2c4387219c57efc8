// A hand-held scanner types like a very fast keyboard and ends with Enter, wherever the focus is.

const LONGEST_GAP_MS = 150;
const SHORTEST_CODE = 16;

/** Only what a scanner adds is removed: base45 uses the space, so this must never trim. */
export function clean(text) {
  return text.replace(/[\r\n\t]/g, '').toUpperCase();
}

/**
 * Listen for a scanner. `found(text)` gets a code; `swallowed()` is told when a Chinese input method
 * takes the keys away. Gives a function that stops listening.
 */
export function listen({ found, swallowed }) {
  let typed = '';
  let lastAt = 0;

  function key(event) {
    if (event.isComposing || event.keyCode === 229) {
      swallowed();
      return;
    }
    if (event.ctrlKey || event.altKey || event.metaKey) {
      return;
    }
    if (event.timeStamp - lastAt > LONGEST_GAP_MS) {
      typed = '';
    }
    lastAt = event.timeStamp;
    if (event.key === 'Enter') {
      if (typed.length >= SHORTEST_CODE) {
        event.preventDefault();
        found(clean(typed));
      }
      typed = '';
    } else if (event.key.length === 1) {
      typed += event.key;
    }
  }

  addEventListener('keydown', key, true);
  return () => removeEventListener('keydown', key, true);
}
