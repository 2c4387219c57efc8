// What a page must not have, as lists of findings. Runs inside the page, after axe.min.js.

(() => {
  const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

  // A target is what one taps. Links inside a sentence are exempt (WCAG 2.5.8), and so are the boxes
  // inside a .choice, whose whole label is the target.
  const TARGETS = [
    'a',
    'button',
    'select',
    'summary',
    'textarea',
    '.choice',
    'label.btn',
    'input:not([type=radio]):not([type=checkbox]):not(.vh)',
  ].join(', ');

  function isTarget(element) {
    const inline = getComputedStyle(element).display === 'inline';
    return element.checkVisibility() && !inline && !element.matches('.skip');
  }

  function smallTargets(least) {
    return [...document.querySelectorAll(TARGETS)]
      .filter(isTarget)
      .map((element) => ({ element, box: element.getBoundingClientRect() }))
      .filter(({ box }) => box.width > 0 && Math.min(box.width, box.height) < least - 0.5)
      .map(({ element, box }) => {
        const size = `${Math.round(box.width)}x${Math.round(box.height)}`;
        return `small: ${element.tagName} ${element.textContent.trim().slice(0, 20)} ${size}`;
      });
  }

  function smallText(least) {
    const found = new Set();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const words = walker.currentNode.textContent.trim();
      const parent = walker.currentNode.parentElement;
      if (!words || !parent.checkVisibility() || parent.closest('script, .vh, [aria-hidden=true]')) {
        continue;
      }
      if (parseFloat(getComputedStyle(parent).fontSize) < least - 0.1) {
        found.add(`tiny: ${words.slice(0, 20)}`);
      }
    }
    return [...found];
  }

  function sideways() {
    const page = document.documentElement;
    const over = page.scrollWidth - page.clientWidth;
    return over > 0 ? [`sideways by ${over}`] : [];
  }

  async function inaccessible() {
    const { violations } = await axe.run(document, { runOnly: RULES });
    return violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`,
    );
  }

  window.look = async ({ target, text }) => [
    ...(await inaccessible()),
    ...sideways(),
    ...smallTargets(target),
    ...smallText(text),
  ];
})();
