// @ts-check
const { ticket, pageUrl } = require('../../utils/bridge');

Page({
  data: { error: '' },
  next: '/',

  /** @param {Record<string, string | undefined>} query */
  onLoad(query) {
    this.next = decodeURIComponent(query.next || query.scene || '/');
    return this.enter();
  },

  async enter() {
    this.setData({ error: '' });
    try {
      this.open(pageUrl(await ticket(), this.next));
    } catch (error) {
      const refusal = /** @type {any} */ (error);
      if (refusal.slug === 'account-not-bound' && refusal.binding) {
        const query = `ticket=${encodeURIComponent(refusal.binding)}&platform=wechat`;
        this.open(pageUrl(null, `/bind?${query}`));
        return;
      }
      this.setData({ error: refusal.message });
    }
  },

  /** @param {string} src */
  open(src) {
    getApp().globalData.src = src;
    wx.redirectTo({ url: '/pages/h5/h5' });
  },
});
