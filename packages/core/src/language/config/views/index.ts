import type { ClassPlan, ViewPlan } from '../../../plan/view-plan.ts';
import { windows } from './windows.ts';

const of = (
  when: ClassPlan['when'],
  product: string | null,
  service: string | null,
  category: string | null = null,
): ClassPlan => ({ when, product, service, category, names: {} });

const there = (...path: string[]): ClassPlan['when'][number] => ({ path, values: null });

/** AWS CloudTrail: records as AWS writes them. */
const cloudtrail: ViewPlan = {
  name: 'cloudtrail',
  within: [],
  names: {},
  isFolded: false,
  classes: [
    of([there('eventSource'), there('eventName'), there('eventVersion')], 'aws', 'cloudtrail'),
  ],
};

const ZEEK_LOGS = ['conn', 'dns', 'http', 'ssl', 'x509', 'files', 'smb_files', 'smb_mapping'];
const MORE_ZEEK_LOGS = [
  'dce_rpc',
  'kerberos',
  'ntlm',
  'rdp',
  'ftp',
  'ssh',
  'smtp',
  'notice',
  'weird',
];

/** Zeek as JSON lines: `_path`, `@path` or `@stream` names the log; `id_orig_h` is `id.orig_h`. */
const zeek: ViewPlan = {
  name: 'zeek',
  within: [],
  names: Object.fromEntries(
    ['orig_h', 'orig_p', 'resp_h', 'resp_p'].map((end) => [`id.${end}`, [[`id_${end}`]]]),
  ),
  isFolded: false,
  classes: ['_path', '@path', '@stream'].flatMap((field) =>
    [...ZEEK_LOGS, ...MORE_ZEEK_LOGS].map((log) =>
      of([{ path: [field], values: [log] }], 'zeek', log),
    ),
  ),
};

/** Linux: auditd as auditbeat and laurel write it, and Sysmon for Linux, which has Windows' field names. */
const linux: ViewPlan = {
  name: 'linux',
  within: [['auditd', 'data']],
  names: { type: [['auditd', 'message_type']] },
  isFolded: false,
  classes: [of([{ path: ['event', 'module'], values: ['auditd'] }], 'linux', 'auditd')],
};

/** All of them together: what an event is shows in its own fields. For sources that nobody declared. */
const auto: ViewPlan = {
  name: 'auto',
  within: [...windows.within, ...linux.within],
  names: { ...linux.names, ...zeek.names, ...windows.names },
  isFolded: true,
  classes: [...windows.classes, ...cloudtrail.classes, ...zeek.classes, ...linux.classes],
};

/** Views by the name that weir.yaml gives. */
export const views: ReadonlyMap<string, ViewPlan> = new Map(
  [auto, windows, cloudtrail, zeek, linux].map((view) => [view.name, view]),
);
