/** Novell's IPX: its addresses, services (SAP) and routes (RIP). */

import type { Dissection } from '../frame/dissection.js';
import { mac, u8, u16, u32 } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import { names } from '../frame/names.js';
import { filled, hex4, sayPadded } from '../frame/text.js';
import { printEigrp } from './eigrp.js';

export const IPX = layout('ipx', {
  checksum: u16(0, 'hex'),
  len: u16(2),
  hops: u8(4),
  packet_type: u8(5, 'hex'),
  'dst.net': u32(6, 'hex'),
  'dst.node': mac(10),
  'dst.socket': u16(16, 'hex'),
  'src.net': u32(18, 'hex'),
  'src.node': mac(22),
  'src.socket': u16(28, 'hex'),
});

const HEADER = 30;
const SERVICES = names(
  'Unknown|User|User Group|PrintQueue|FileServer|JobServer|Gateway|PrintServer|ArchiveQueue|ArchiveServer|JobQueue|Administration|15 Novell TI-RPC|23 Diagnostics|32 NetBIOS|NAS SNA Gateway|35 NACS AsyncGateway|RemoteBridge/RoutingService|38 BridgeServer|TCP/IP Gateway|Point-to-point X.25 BridgeServer|41 3270 Gateway|CHI Corp|44 PC Chalkboard|TimeSynchServer|ARCserve5.0/PalindromeBackup|69 DI3270 Gateway|71 AdvertisingPrintServer|74 NetBlazerModems|BtrieveVAP|NetwareSQL|XtreeNetwork|80 BtrieveVAP4.11|82 QuickLink|PrintQueueUser|88 Multipoint X.25 Router|96 STLB/NLM|100 ARCserve|102 ARCserve3.0|114 WAN CopyUtility|122 TES-NetwareVMS|146 WATCOM Debugger/EmeraldTapeBackupServer|149 DDA OBGYN|152 NetwareAccessServer|154 Netware for VMS II/NamedPipeServer|NetwareAccessServer|158 PortableNetwareServer/SunLinkNVT|161 PowerchuteAPC UPS|170 LAWserve|172 CompaqIDA StatusMonitor|0x100 PIPE STAIL|0x102 LAN ProtectBindery|OracleDataBaseServer|0x107 Netware386/RSPX RemoteConsole|0x10f NovellSNA Gateway|0x111 TestServer|HP PrintServer|0x114 CSA MUX|CSA LCA|CSA CM|CSA SMA|CSA DBA|CSA NMA|CSA SSA|CSA STATUS|0x11e CSA APPC|0x126 SNA TEST SSA Profile|0x12a CSA TRACE|NetwareSAA|0x12e IKARUS VirusScan|0x130 CommunicationsExecutive|0x133 NNS DomainServer/NetwareNamingServicesDomain|0x135 NetwareNamingServicesProfile|0x137 Netware386 PrintQueue/NNS PrintQueue|0x141 LAN SpoolServer|0x152 IRMALAN Gateway|0x154 NamedPipeServer|0x166 NetWareManagement|0x168 Intel PICKIT CommServer/Intel CAS TalkServer|0x173 Compaq|Compaq SNMP Agent|Compaq|0x180 XTreeServer/XTreeTools|0x18a NASI ServicesBroadcastServer|0x1b0 GARP Gateway|Binfview|0x1bf IntelLanDeskManager|0x1ca AXTEC|ShivaNetModem/E|ShivaLanRover/E|ShivaLanRover/T|ShivaUniversal|0x1d8 CastelleFAXPressServer|0x1da CastelleLANPressPrintServer|0x1dc CastelleFAX/Xerox7033 FaxServer/ExcelLanFax|0x1f0 LEGATO|0x1f5 LEGATO|0x233 NMS Agent/NetwareManagementAgent|0x237 NMS IPX Discovery/LANternReadWriteChannel|NMS IP Discovery/LANternTrapAlarmChannel|0x23a LANtern|0x23c MAVERICK|0x23f NovellSMDR|0x24e NetwareConnect|NASI ServerBroadcast Cisco|0x26a NMS ServiceConsole|TimeSynchronizationServer Netware 4.x|0x278 DirectoryServer Netware 4.x|0x27b NetwareManagementAgent|0x280 Novell File and Printer Sharing Service for PC|0x304 NovellSAA Gateway|0x308 COM/VERMED|0x30a GalacticommWorldgroupServer|0x30c IntelNetport2/HP JetDirect/HP Quicksilver|0x320 AttachmateGateway|0x327 MicrosoftDiagnostiocs|WATCOM SQL Server|0x335 MultiTechSystems MultisynchCommServer|0x343 Xylogics RemoteAccessServer/LANModem|0x355 ArcadaBackupExec|0x358 MSLCD1|0x361 NETINELO|0x37e Powerchute UPS Monitoring|ViruSafeNotify|0x386 HP Bridge|HP Hub|0x394 NetWare SAA Gateway|0x39b LotusNotes|0x3b7 CertusAntiVirus|0x3c4 ARCserve4.0|0x3c7 LANspool3.5|0x3d7 LexmarkPrinterServer|LexmarkXLE PrinterServer|0x3dd BanyanENS NetwareClient|GuptaSequelBaseServer/NetWareSQL|0x3e1 UnivelUnixware|0x3e4 UnivelUnixware|0x3fc IntelNetport|PrintServerQueue|0x40a ipnServer|0x40d LVERRMAN|LVLIC|0x414 NET Silicon (DPI)/Kyocera|0x429 SiteLockVirus|0x432 UFHELPR???|Synoptics281xAdvancedSNMPAgent|0x444 MicrosoftNT SNA Server|0x448 Oracle|0x44c ARCserve5.01|0x457 CanonGP55|0x45a QMS Printers|DellSCSI Array|0x491 NetBlazerModems|0x4ac OnTimeScheduler|0x4b0 CD-Net|0x513 EmulexNQA|0x520 SiteLockChecks|0x529 SiteLockChecks|0x52d CitrixOS2 AppServer|0x535 Tektronix|Milan|0x55d Attachmate SNA gateway|0x56b IBM8235 ModemServer|ShivaLanRover/E PLUS|ShivaLanRover/T PLUS|0x580 McAfeeNetShield|0x5b8 NLM to workstation communication (Revelation Software)|0x5ba CompatibleSystemsRouters|0x5be CheyenneHierarchicalStorageManager|0x606 JCWatermarkImaging|0x60c AXISNetworkPrinter|0x610 AdaptecSCSIManagement|0x621 IBM AntiVirus|0x640 Windows95 RemoteRegistryService|0x64e MicrosoftIIS|0x67b Microsoft Win95/98 File and Print Sharing for NetWare|Microsoft Win95/98 File and Print Sharing for NetWare|0x76c Xerox|0x79b ShivaLanRover/E 115|ShivaLanRover/T 115|0x7b4 CubixWorldDesk|0x7c2 Quarterdeck IWare Connect V2.x NLM|0x7c1 Quarterdeck IWare Connect V3.x NLM|0x810 ELAN License Server Demo|0x824 ShivaLanRoverAccessSwitch/E|0x86a ISSC Collector|0x87f ISSC DAS AgentAIX|Intel Netport PRO|Intel Netport PRO|0xb29 SiteLock|0xc29 SiteLockApplications|0xc2c LicensingServer|0x2101 PerformanceTechnologyInstantInternet|0x2380 LAI SiteLock|0x238c MeetingMaker|0x4808 SiteLockServer/SiteLockMetering|0x5555 SiteLockUser|0x6312 Tapeware|0x6f00 RabbitGateway|0x7703 MODEM|0x8002 NetPortPrinters|0x8008 WordPerfectNetworkVersion|0x85be Cisco EIGRP|0x8888 WordPerfectNetworkVersion/QuickNetworkManagement|0x9000 McAfeeNetShield|0x9604 CSA-NT_MON|0xb6a8 OceanIsleReachoutRemoteControl|0xf11f SiteLockMetering|0xf1ff SiteLock|0xf503 Microsoft SQL Server|0xf905 IBM TimeAndPlace|0xfbfb TopCallIII FaxServer|0xffff AnyService/Wildcard',
  '',
);
const SOCKETS: Readonly<Record<number, string>> = {
  1105: 'ncp',
  1109: 'netbios',
  1110: 'diags',
  1363: 'nwlink-dgm',
};
const SAP = 0x452;
const RIP = 0x453;
const EIGRP = 0x85be;

const address = (d: Dissection, at: number): string => filled(d, at, '%x4.%m');

function short(d: Dissection, length: number): false {
  d.out += ` [length ${length} < 2]`;
  return false;
}

function printServices(d: Dissection, start: number, length: number): boolean {
  const command = d.u16(start);
  if (length < 2) return short(d, length);
  const service = (at: number): string => (d.numeric ? '' : SERVICES(d.u16(at))) || hex4(d.u16(at));
  if (command === 1 || command === 3) {
    d.out += command === 1 ? 'ipx-sap-req' : 'ipx-sap-nearest-req';
    d.out += ` ${service(start + 2)}`;
  } else if (command === 2 || command === 4) {
    d.out += command === 2 ? 'ipx-sap-resp' : 'ipx-sap-nearest-resp';
    let left = length - 2;
    for (let i = 0, at = start + 2; i < 8 && left > 0; i++, at += 64, left -= 64) {
      d.need(at, 2);
      if (left < 2) return false;
      d.out += ` ${service(at)} '`;
      if (left < 50) {
        d.out += "'";
        return false;
      }
      sayPadded(d, at + 2, 48);
      d.out += "'";
      d.need(at + 50, 10);
      if (left < 60) return false;
      d.out += ` addr ${address(d, at + 50)}`;
      d.need(at + 60, 4);
      if (left < 64) return false;
    }
  } else d.out += `ipx-sap-?${command.toString(16)}`;
  return true;
}

function printRoutes(d: Dissection, at: number, length: number): boolean {
  const command = d.u16(at);
  if (length < 2) return short(d, length);
  if (command !== 1 && command !== 2) {
    d.out += `ipx-rip-?${command.toString(16)}`;
    return true;
  }
  d.out += command === 1 ? 'ipx-rip-req' : 'ipx-rip-resp';
  const most = command === 1 ? 1 : 50;
  for (let i = 0; i < most && length - 2 > 8 * i; i++) {
    if (length - 2 < 8 * (i + 1)) return false;
    d.out += filled(d, at + 2 + 8 * i, ' %x4/%2.%2');
  }
  return true;
}

export function printIpx(d: Dissection, at: number): void {
  d.cutAs = 'ipx';
  if (!d.showsLink) d.out += 'IPX ';
  d.out += filled(d, at + 18, '%x4.%m.%x2 > ');
  d.out += filled(d, at + 6, '%x4.%m.%x2: ');
  const length = d.u16(at + 2);
  if (length < HEADER) {
    d.out += `[length ${length} < ${HEADER}]`;
    d.markInvalid();
    return;
  }
  const socket = d.u16(at + 16);
  const [data, left] = [at + HEADER, length - HEADER];
  let good = true;
  if (socket === SAP) good = printServices(d, data, left);
  else if (socket === RIP) good = printRoutes(d, data, left);
  else if (socket === EIGRP) printEigrp(d, data, left);
  else d.out += `ipx-${SOCKETS[socket] ?? `#${socket.toString(16)}`} ${left}`;
  if (!good) d.markInvalid();
}
