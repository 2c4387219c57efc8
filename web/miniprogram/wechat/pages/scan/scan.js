// @ts-check
const { leave } = require('../../utils/bridge');

Page({
  /** @param {Record<string, string | undefined>} query */
  onLoad(query) {
    wx.scanCode({
      onlyFromCamera: query.camera === '1',
      scanType: ['qrCode'],
      success: ({ result }) => leave('scan', { id: query.id, value: result }),
      fail: ({ errMsg }) => leave('scan', { id: query.id, error: errMsg }),
      complete: () => wx.navigateBack(),
    });
  },
});
