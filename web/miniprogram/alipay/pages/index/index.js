// @ts-check
const { shared, ticket, pageUrl } = require('../../utils/bridge');

Page({
  data: { error: '' },
  next: '/',

  /** @param {Record<string, string | undefined>} query */
  onLoad(query) {
    this.next = decodeURIComponent(query.next || query.scene || '/');
    return /** @type {any} */ (this).enter();
  },

  async enter() {
    this.setData({ error: '' });
    try {
      this.open(pageUrl(await ticket(), this.next));
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
