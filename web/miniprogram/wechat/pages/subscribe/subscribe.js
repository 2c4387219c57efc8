// @ts-check
const { leave } = require('../../utils/bridge');
const MOST = 3;

Page({
  data: { ids: /** @type {string[]} */ ([]), id: '' },

  /** @param {Record<string, string | undefined>} query */
  onLoad(query) {
    const ids = decodeURIComponent(query.ids || '')
      .split(',')
      .filter(Boolean)
      .slice(0, MOST);
    this.setData({ ids, id: query.id || '' });
  },

  /** Must run inside a tap. What counts is WeChat's own event to the server, not this answer. */
  ask() {
    const { ids, id } = this.data;
    wx.requestSubscribeMessage({
      tmplIds: ids,
      success: (answer) =>
        leave('subscribe', { id, accepted: ids.filter((id) => String(answer[id]).startsWith('accept')) }),
      fail: ({ errMsg }) => leave('subscribe', { id, error: errMsg }),
      complete: () => wx.navigateBack(),
    });
  },
});
