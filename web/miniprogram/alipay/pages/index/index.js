// @ts-check
const { shared, ticket, pageUrl, entryOf } = require('../../utils/bridge');

Page({
  data: { error: '' },
  next: '/',
  entry: /** @type {'' | 'link' | 'code'} */ (''),

  /** @param {Record<string, string | undefined>} query */
  onLoad(query) {
    const { screen, entry } = entryOf(query);
    this.next = screen;
    this.entry = entry;
    return /** @type {any} */ (this).enter();
  },

  async enter() {
    this.setData({ error: '' });
    const { entry } = this;
    this.entry = ''; // counted once, however often the log-in is tried
    try {
      this.open(pageUrl(await ticket(entry), this.next));
    } catch (error) {
      const refusal = /** @type {any} */ (error);
      if (refusal.slug === 'account-not-bound' && refusal.binding) {
        const query = `ticket=${encodeURIComponent(refusal.binding)}&platform=alipay`;
        this.open(pageUrl(null, `/bind?${query}`));
        return;
      }
      this.setData({ error: refusal.message });
    }
  },

  /** @param {string} src */
  open(src) {
    shared().src = src;
    my.redirectTo({ url: '/pages/h5/h5' });
  },
});
