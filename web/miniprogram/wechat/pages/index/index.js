// @ts-check
const { ticket, pageUrl, entryOf } = require('../../utils/bridge');

Page({
  data: { error: '' },
  next: '/',
  entry: /** @type {'' | 'link' | 'code'} */ (''),

  /** @param {Record<string, string | undefined>} query */
  onLoad(query) {
    const { screen, entry } = entryOf(query);
    this.next = screen;
    this.entry = entry;
    return this.enter();
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
