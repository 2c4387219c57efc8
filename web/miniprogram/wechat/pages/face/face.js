// @ts-check
const { leave } = require('../../utils/bridge');

Page({
  /** @param {Record<string, string | undefined>} query */
  onLoad(query) {
    wx.requestFacialVerify({
      verifyId: query.verify_id || '',
      success: () => leave('face', { id: query.id, outcome: 'ask' }), // the server asks WeChat
      fail: ({ errMsg }) => leave('face', { id: query.id, error: errMsg }),
      complete: () => wx.navigateBack(),
    });
  },
});
