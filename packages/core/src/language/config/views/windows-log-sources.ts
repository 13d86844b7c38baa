/** What Windows' log sources mean to Sigma: facts of SigmaHQ's own test configuration (commit 8eaafff1, tests/thor.yml). */

/** Channels of a service; the short names are those of Hayabusa's timelines. */
export const windowsChannels: Readonly<Record<string, readonly string[]>> = {
  application: ['Application', 'App'],
  security: ['Security', 'Sec'],
  system: ['System', 'Sys'],
  ntlm: ['Microsoft-Windows-NTLM/Operational', 'NTLM'],
  sysmon: ['Microsoft-Windows-Sysmon/Operational', 'Sysmon'],
  powershell: ['Microsoft-Windows-PowerShell/Operational', 'PowerShellCore/Operational', 'PwSh'],
  'powershell-classic': ['Windows PowerShell', 'PwShClassic'],
  taskscheduler: ['Microsoft-Windows-TaskScheduler/Operational', 'TaskSch'],
  wmi: ['Microsoft-Windows-WMI-Activity/Operational', 'WMI'],
  dhcp: ['Microsoft-Windows-DHCP-Server/Operational'],
  'printservice-admin': ['Microsoft-Windows-PrintService/Admin'],
  'smbclient-security': ['Microsoft-Windows-SmbClient/Security'],
  'smbclient-connectivity': ['Microsoft-Windows-SmbClient/Connectivity'],
  'smbserver-connectivity': ['Microsoft-Windows-SMBServer/Connectivity'],
  'printservice-operational': ['Microsoft-Windows-PrintService/Operational'],
  'terminalservices-localsessionmanager': [
    'Microsoft-Windows-TerminalServices-LocalSessionManager/Operational',
    'RDS-LSM',
  ],
  'codeintegrity-operational': ['Microsoft-Windows-CodeIntegrity/Operational', 'CodeInteg'],
  applocker: [
    'Microsoft-Windows-AppLocker/MSI and Script',
    'Microsoft-Windows-AppLocker/EXE and DLL',
    'Microsoft-Windows-AppLocker/Packaged app-Deployment',
    'Microsoft-Windows-AppLocker/Packaged app-Execution',
    'AppLocker',
  ],
  'msexchange-management': ['MSExchange Management'],
  windefend: ['Microsoft-Windows-Windows Defender/Operational', 'Defender'],
  'firewall-as': ['Microsoft-Windows-Windows Firewall With Advanced Security/Firewall', 'Firewall'],
  'bits-client': ['Microsoft-Windows-Bits-Client/Operational', 'BitsCli'],
  'security-mitigations': [
    'Microsoft-Windows-Security-Mitigations/Kernel Mode',
    'Microsoft-Windows-Security-Mitigations/User Mode',
  ],
  'diagnosis-scripted': ['Microsoft-Windows-Diagnosis-Scripted/Operational'],
  'shell-core': ['Microsoft-Windows-Shell-Core/Operational'],
  openssh: ['OpenSSH/Operational', 'OpenSSH'],
  ldap: ['Microsoft-Windows-LDAP-Client/Debug'],
  bitlocker: ['Microsoft-Windows-BitLocker/BitLocker Management'],
  vhdmp: ['Microsoft-Windows-VHDMP/Operational'],
  'appxdeployment-server': ['Microsoft-Windows-AppXDeploymentServer/Operational'],
  'lsa-server': ['Microsoft-Windows-LSA/Operational'],
  'appxpackaging-om': ['Microsoft-Windows-AppxPackaging/Operational'],
  'dns-client': ['Microsoft-Windows-DNS Client Events/Operational'],
  'appmodel-runtime': ['Microsoft-Windows-AppModel-Runtime/Admin'],
  capi2: ['Microsoft-Windows-CAPI2/Operational'],
  'certificateservicesclient-lifecycle-system': [
    'Microsoft-Windows-CertificateServicesClient-Lifecycle-System/Operational',
  ],
  'kernel-shimengine': [
    'Microsoft-Windows-Kernel-ShimEngine/Operational',
    'Microsoft-Windows-Kernel-ShimEngine/Diagnostic',
  ],
  'application-experience': [
    'Microsoft-Windows-Application-Experience/Program-Telemetry',
    'Microsoft-Windows-Application-Experience/Program-Compatibility-Assistant',
  ],
  ntfs: ['Microsoft-Windows-Ntfs/Operational'],
  'hyper-v-worker': ['Microsoft-Windows-Hyper-V-Worker'],
  'kernel-event-tracing': ['Microsoft-Windows-Kernel-EventTracing'],
  sense: ['Microsoft-Windows-SENSE/Operational'],
  'servicebus-client': [
    'Microsoft-ServiceBus-Client/Admin',
    'Microsoft-ServiceBus-Client/Operational',
  ],
  'iis-configuration': ['Microsoft-IIS-Configuration/Operational'],
};

export interface WindowsCategory {
  readonly category: string;
  readonly service: string;
  readonly eventId: number;
  /** Of registry events: which of them. */
  readonly eventType: string | null;
  readonly names: Readonly<Record<string, string>>;
}

const of = (
  category: string,
  service: string,
  eventId: number,
  eventType: string | null = null,
  names: Readonly<Record<string, string>> = {},
): WindowsCategory => ({ category, service, eventId, eventType, names });

export const windowsCategories: readonly WindowsCategory[] = [
  of('process_creation', 'sysmon', 1),
  of('process_creation', 'security', 4688, null, {
    Image: 'NewProcessName',
    ParentImage: 'ParentProcessName',
  }),
  of('file_change', 'sysmon', 2),
  of('network_connection', 'sysmon', 3),
  of('sysmon_status', 'sysmon', 4),
  of('sysmon_status', 'sysmon', 16),
  of('process_termination', 'sysmon', 5),
  of('driver_load', 'sysmon', 6),
  of('image_load', 'sysmon', 7),
  of('create_remote_thread', 'sysmon', 8),
  of('raw_access_thread', 'sysmon', 9),
  of('process_access', 'sysmon', 10),
  of('file_event', 'sysmon', 11),
  of('registry_event', 'sysmon', 12),
  of('registry_event', 'sysmon', 13),
  of('registry_event', 'sysmon', 14),
  of('registry_add', 'sysmon', 12, 'CreateKey'),
  of('registry_delete', 'sysmon', 12, 'DeleteKey'),
  of('registry_delete', 'sysmon', 12, 'DeleteValue'),
  of('registry_set', 'sysmon', 13),
  of('registry_rename', 'sysmon', 14),
  of('create_stream_hash', 'sysmon', 15),
  of('pipe_created', 'sysmon', 17),
  of('pipe_created', 'sysmon', 18),
  of('wmi_event', 'sysmon', 19),
  of('wmi_event', 'sysmon', 20),
  of('wmi_event', 'sysmon', 21),
  of('dns_query', 'sysmon', 22),
  of('file_delete', 'sysmon', 23),
  of('clipboard_change', 'sysmon', 24),
  of('process_tampering', 'sysmon', 25),
  of('file_delete_detected', 'sysmon', 26),
  of('file_block_executable', 'sysmon', 27),
  of('file_block_shredding', 'sysmon', 28),
  of('file_executable_detected', 'sysmon', 29),
  of('sysmon_error', 'sysmon', 255),
  of('ps_module', 'powershell', 4103),
  of('ps_script', 'powershell', 4104),
  of('ps_classic_start', 'powershell-classic', 400),
  of('ps_classic_provider_start', 'powershell-classic', 600),
  of('ps_classic_script', 'powershell-classic', 800),
];
