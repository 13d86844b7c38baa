import type { Path } from '../../../plan/json.ts';
import type { ClassPlan, ViewPlan } from '../../../plan/view-plan.ts';
import { windowsCategories, windowsChannels } from './windows-log-sources.ts';

const path = (name: string): Path => name.split('.');
const attribute = (name: string): Path => [
  ...name.split('.').slice(0, -1),
  '#attributes',
  name.split('.').at(-1)!,
];

/**
 * Events of Windows as Winlogbeat (`winlog.event_data.…`), evtx_dump (`Event.EventData.…`), Hayabusa's timelines
 * (`Details.…`, `AllFieldInfo.…`), NXLog and OTRF (flat) export them. Fields are asked by the names of the event's own
 * XML: `EventID`, `Channel`, `CommandLine`.
 */
const within: readonly Path[] = [
  ['winlog', 'event_data'],
  ['winlog', 'user_data'],
  ['Event', 'EventData'],
  ['Event', 'UserData'],
  ['EventData'],
  ['UserData'],
  ['AllFieldInfo'],
  ['Details'],
  ['ExtraFieldInfo'],
];

const names: Readonly<Record<string, readonly Path[]>> = {
  EventID: [
    ['Event', 'System', 'EventID', '#text'],
    ['Event', 'System', 'EventID'],
    ['winlog', 'event_id'],
    ['event', 'code'],
    ['EventCode'],
    ['event_id'],
  ],
  Channel: [
    path('Event.System.Channel'),
    path('winlog.channel'),
    path('log_name'),
    path('LogName'),
  ],
  Provider_Name: [
    attribute('Event.System.Provider.Name'),
    path('winlog.provider_name'),
    ['SourceName'],
    ['source_name'],
    ['ProviderName'],
    ['Provider'],
  ],
  Computer: [
    path('Event.System.Computer'),
    path('winlog.computer_name'),
    ['computer_name'],
    ['ComputerName'],
    ['Hostname'],
    ['MachineName'],
  ],
  ComputerName: [
    path('Event.System.Computer'),
    path('winlog.computer_name'),
    ['Computer'],
    ['Hostname'],
  ],
  EventRecordID: [
    path('Event.System.EventRecordID'),
    path('winlog.record_id'),
    ['RecordNumber'],
    ['RecordID'],
    ['record_number'],
  ],
  Level: [path('Event.System.Level')],
  Keywords: [path('Event.System.Keywords')],
  Opcode: [path('Event.System.Opcode'), path('winlog.opcode')],
  Task: [path('Event.System.Task'), path('winlog.task')],
  ProcessID: [attribute('Event.System.Execution.ProcessID'), path('winlog.process.pid')],
  ThreadID: [attribute('Event.System.Execution.ThreadID'), path('winlog.process.thread.id')],
  UserID: [attribute('Event.System.Security.UserID'), path('winlog.user.identifier')],
  Data: [['Event', 'EventData', 'Data', '#text'], path('winlog.event_data.param1')],
  // Hayabusa's short names.
  CommandLine: [path('Details.Cmdline')],
  Image: [path('Details.Proc')],
  ParentCommandLine: [path('Details.ParentCmdline')],
  ProcessId: [path('Details.PID')],
  ProcessGuid: [path('Details.PGUID')],
  ParentProcessId: [path('Details.ParentPID')],
  ScriptBlockText: [path('Details.ScriptBlock')],
  TargetUserName: [path('Details.TgtUser')],
  SubjectUserName: [path('Details.SrcUser')],
  IpAddress: [path('Details.SrcIP')],
  WorkstationName: [path('Details.SrcComp')],
  LogonType: [path('Details.Type')],
  ServiceName: [path('Details.Svc')],
  ImagePath: [path('Details.Path')],
};

const nothing = { product: null, service: null, category: null, names: {} };

const channelClasses: readonly ClassPlan[] = Object.entries(windowsChannels).map(
  ([service, channels]) => ({
    ...nothing,
    when: [{ path: ['Channel'], values: channels }],
    service,
  }),
);

const categoryClasses: readonly ClassPlan[] = windowsCategories.map(
  ({ category, service, eventId, eventType, names: renamed }) => ({
    ...nothing,
    when: [
      { path: ['Channel'], values: windowsChannels[service]! },
      { path: ['EventID'], values: [String(eventId)] },
      ...(eventType === null ? [] : [{ path: ['EventType'], values: [eventType] }]),
    ],
    category,
    names: Object.fromEntries(
      Object.entries(renamed).map(([name, other]) => [name, [other] as Path]),
    ),
  }),
);

export const windows: ViewPlan = {
  name: 'windows',
  within,
  names,
  isFolded: true,
  classes: [
    {
      ...nothing,
      when: [
        { path: ['Channel'], values: null },
        { path: ['EventID'], values: null },
      ],
      product: 'windows',
    },
    ...channelClasses,
    ...categoryClasses,
  ],
};
