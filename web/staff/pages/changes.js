// The log of the accounts desk: who changed what, the newest first.

import { html } from '../../vendor/preact-htm.js';
import { moment } from '../../kit/i18n.js';
import { More, useList } from '../../kit/list.js';
import { Failure, Loading } from '../../kit/ui.js';
import { DeskTop, roleNames, term, useDepartments } from '../desk.js';
import { Table } from '../table.js';

const ACTIONS = {
  'first-officer-made': '设立首位账号管理员',
  'start-password-made': '发放初始密码',
  'account-proposed': '申请新增人员',
  'account-approved': '批准新增人员',
  'power-proposed': '申请变更岗位',
  'power-approved': '批准变更岗位',
  'power-narrowed': '缩减岗位或任期',
  'power-refused': '不批准申请',
  'power-withdrawn': '撤回申请',
  'reset-proposed': '申请重置密码',
  'reset-approved': '批准重置密码',
  'officer-renamed': '修改姓名或职务',
  'officer-locked': '锁定账号',
  'officer-unlocked': '解锁账号',
  'officer-dismissed': '停用账号',
  'absence-recorded': '登记请假',
  'absence-cancelled': '取消请假',
  'department-made': '新增部门',
  'department-changed': '修改部门',
  'department-closed': '撤销部门',
  'enrolment-code-issued': '生成设备登记码',
  'counter-revoked': '停用窗口设备',
  'client-registered': '登记接入系统',
  'client-changed': '修改接入系统',
  'client-key-changed': '更换接入密钥',
  'client-revoked': '停用接入系统',
};

export default function Changes({ id: named }) {
  const id = named && decodeURIComponent(named);
  const departments = useDepartments();
  const list = useList('/api/staff/account-changes', { query: { target: id }, name: 'changes' });
  return html`
    <${DeskTop} at="changes" />
    ${id && html`<p><a class="btn sec sm" href="#/changes">查看全部记录</a></p>`}
    ${list.error && !list.items && html`<${Failure} error=${list.error} retry=${list.reload} />`}
    ${!list.items && !list.error && html`<${Loading} />`}
    ${list.items?.length === 0 && html`<section class="card"><p role="status">还没有变更记录。</p></section>`}
    ${
      list.items?.length > 0 &&
      html`
      <section class="card">
        <${Table} label="变更记录" head=${['时间', '经办', '事项', '对象', '内容']}>
          ${list.items.map(
            (one) => html`
              <tr key=${one.id}>
                <td class="nowrap">${moment(one.at)}</td>
                <td class="nowrap">${one.actor_name}</td>
                <td class="nowrap">${ACTIONS[one.action] ?? one.action}</td>
                <td class="nowrap">${id ? one.target_name : html`<a href=${`#/changes/${encodeURIComponent(one.target)}`}>${one.target_name}</a>`}</td>
                <td>${said(one, departments)}</td>
              </tr>
            `,
          )}
        </${Table}>
        <${More} list=${list} />
      </section>
    `
    }
  `;
}

/** What was changed, in words; roles and days as the desk writes them, and the cause. */
function said({ detail, cause }, departments) {
  const parts = [];
  if (detail.roles) {
    parts.push(roleNames(detail.roles));
    if ('department' in detail) {
      parts.push(departments.nameOf(detail.department), term(detail.valid_from, detail.valid_to));
    }
  } else if (detail.department) {
    parts.push(departments.nameOf(detail.department));
  }
  if (detail.from_on) {
    parts.push(`${detail.from_on} 至 ${detail.to_on}`);
  }
  if (detail.quota) {
    parts.push(`每日 ${detail.quota} 次`);
  }
  if (cause) {
    parts.push(`原因：${cause}`);
  }
  return parts.join('；') || '—';
}
