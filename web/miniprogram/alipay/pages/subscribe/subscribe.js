// @ts-check
const { leave } = require('../../utils/bridge');
const MOST = 3;

Page({
  data: { ids: /** @type {string[]} */ ([]) },

  /** @param {Record<string, string | undefined>} query */
  onLoad(query) {
    this.setData({ ids: (query.ids || '').split(',').filter(Boolean).slice(0, MOST) });
  },

  /** Must run inside a tap. What counts is Alipay's own message to the server, not this answer. */
  ask() {
    my.requestSubscribeMessage({
      entityIds: this.data.ids,
      success: ({ subscribedEntityIds }) => leave('subscribe', { accepted: subscribedEntityIds || [] }),
      fail: ({ errorMessage }) => leave('subscribe', { error: errorMessage || '' }),
      complete: () => my.navigateBack(),
    });
  },
});
