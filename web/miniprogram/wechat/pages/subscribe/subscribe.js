// @ts-check
const { leave } = require('../../utils/bridge');
const MOST = 3;

Page({
  data: { ids: /** @type {string[]} */ ([]) },

  /** @param {Record<string, string | undefined>} query */
  onLoad(query) {
    this.setData({ ids: (query.ids || '').split(',').filter(Boolean).slice(0, MOST) });
  },

  /** Must run inside a tap. What counts is WeChat's own event to the server, not this answer. */
  ask() {
    const { ids } = this.data;
    wx.requestSubscribeMessage({
      tmplIds: ids,
      success: (answer) => leave('subscribe', { accepted: ids.filter((id) => String(answer[id]).startsWith('accept')) }),
      fail: ({ errMsg }) => leave('subscribe', { error: errMsg }),
      complete: () => wx.navigateBack(),
    });
  },
});
