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

  /** Must run inside a tap. What counts is what Alipay tells the server, not this answer. */
  ask() {
    const { ids, id } = this.data;
    my.requestSubscribeMessage({
      entityIds: ids,
      success: ({ subscribedEntityIds }) => leave('subscribe', { id, accepted: subscribedEntityIds || [] }),
      fail: ({ errorMessage }) => leave('subscribe', { id, error: errorMessage || '' }),
      complete: () => my.navigateBack(),
    });
  },
});
