/** Names of objects of SNMP, those that tcpdump was built with: `1iso(3org(…)|…)`, an entry its number, name and children. */

const OBJECTS =
  '1iso(3org(6dod(1internet(6snmpV2(3snmpModules(15snmpUsmMIB(2usmMIBConformance(2usmMIBGroups|1usmMIBCompliances)|' +
  '1usmMIBObjects(2usmUser(2usmUserTable(1usmUserEntry(13usmUserStatus|12usmUserStorageType|11usmUserPublic|10usmUs' +
  'erOwnPrivKeyChange|9usmUserPrivKeyChange|8usmUserPrivProtocol|7usmUserOwnAuthKeyChange|6usmUserAuthKeyChange|5us' +
  'mUserAuthProtocol|4usmUserCloneFrom|3usmUserSecurityName|2usmUserName|1usmUserEngineID))|1usmUserSpinLock)|1usmS' +
  'tats(6usmStatsDecryptionErrors|5usmStatsWrongDigests|4usmStatsUnknownEngineIDs|3usmStatsUnknownUserNames|2usmSta' +
  'tsNotInTimeWindows|1usmStatsUnsupportedSecLevels)))|11snmpMPDMIB(3snmpMPDMIBConformance(2snmpMPDMIBGroups|1snmpM' +
  'PDMIBCompliances)|2snmpMPDMIBObjects(1snmpMPDStats(3snmpUnknownPDUHandlers|2snmpInvalidMsgs|1snmpUnknownSecurity' +
  'Models))|1snmpMPDAdmin)|10snmpFrameworkMIB(3snmpFrameworkMIBConformance|2snmpFrameworkMIBObjects(1snmpEngine(4sn' +
  'mpEngineMaxMessageSize|3snmpEngineTime|2snmpEngineBoots|1snmpEngineID))|1snmpFrameworkAdmin)))|5security|4privat' +
  'e(1enterprises(136ccur|101ultra|100ohiostate|99snmpresearch|98emergingtech|97sigma|96cern|95allenbradley|94nokia' +
  '|93frontier|92webstercomputer|91learningtree|90intercon|89rnd|88nyu|87link|86networkappltech|85datability|84pire' +
  'llifocom|83raycom|82ncd|81lannet|80auspex|79icl|78netlabs|77hplanman|76digitalanalysis|75ungermannbass|74att|73b' +
  'oeing|72retix|71nasa|70locus|69tmac|68cornell|67reuter|66davidsystems|65dartmouth|64gandalf|63apple|62fibercom|6' +
  '1merit|60ubc|59silicongraphics|58tgv|57mips|56castlerock|55ssds|54desktalksystems|53apollo|52cabletron|51gated|5' +
  '0opticaldatasystems|49chipcom|48mcnc|47prime|46cheyenne|45synoptics|44cmc|433com|42sun|41sri|40nmfeccllnl|39bayl' +
  'or|38networkresearchcorp|37touch|36dec|35bellnorthernresearch|34cray|33xyplex|32santacruzoperation|31nswc|30ulan' +
  'a|29vitalink|28interlan|27intergraph|26sytek|25nsfnet|24spider|23excelan|22spartacus|21eon|20mit|19trw|18wellfle' +
  'et|17canstar|16unisys|15xylogics|14bbn|13utennessee|12epilogue|11hp|10nsc|9cisco|8nysernet|7cayman|6twg|5acc|4un' +
  'ix|3cmu|2ibm|1proteon))|3experimental|2mgmt(1mib(11snmp(30snmpEnableAuthTraps|29snmpOutTraps|28snmpOutGetRespons' +
  'es|27snmpOutSetRequests|26snmpOutGetNexts|25snmpOutGetRequests|24snmpOutGenErrs|23snmpOutReadOnlys|22snmpOutBadV' +
  'alues|21snmpOutNoSuchNames|20snmpOutTooBigs|19snmpInTraps|18snmpInGetResponses|17snmpInSetRequests|16snmpInGetNe' +
  'xts|15snmpInGetRequests|14snmpInTotalSetVars|13snmpInTotalReqVars|12snmpInGenErrs|11snmpInReadOnlys|10snmpInBadV' +
  'alues|9snmpInNoSuchNames|8snmpInTooBigs|7snmpInBadTypes|6snmpInASNParseErrs|5snmpInBadCommunityUses|4snmpInBadCo' +
  'mmunityNames|3snmpInBadVersions|2snmpOutPkts|1snmpInPkts)|10transmission|8egp(6egpAs|5egpNeighTable(1egpNeighEnt' +
  'ry(15egpNeighEventTrigger|14egpNeighMode|13egpNeighIntervalPoll|12egpNeighIntervalHello|11egpNeighStateDowns|10e' +
  'gpNeighStateUps|9egpNeighOutErrMsgs|8egpNeighInErrMsgs|7egpNeighOutErrs|6egpNeighOutMsgs|5egpNeighInErrs|4egpNei' +
  'ghInMsgs|3egpNeighAs|2egpNeighAddr|1egpNeighState))|4egpOutErrors|3egpOutMsgs|2egpInErrors|1egpInMsgs)|7udp(5udp' +
  'Table(1udpEntry(2udpLocalPort|1udpLocalAddress))|4udpOutDatagrams|3udpInErrors|2udpNoPorts|1udpInDatagrams)|6tcp' +
  '(15tcpOutRsts|14tcpInErrs|13tcpConnTable(1tcpConnEntry(5tcpConnRemPort|4tcpConnRemAddress|3tcpConnLocalPort|2tcp' +
  'ConnLocalAddress|1tcpConnState))|12tcpRetransSegs|11tcpOutSegs|10tcpInSegs|9tcpCurrEstab|8tcpEstabResets|7tcpAtt' +
  'emptFails|6tcpPassiveOpens|5tcpActiveOpens|4tcpMaxConn|3tcpRtoMax|2tcpRtoMin|1tcpRtoAlgorithm)|5icmp(26icmpOutAd' +
  'drMaskReps|25icmpOutAddrMasks|24icmpOutTimestampReps|23icmpOutTimestamps|22icmpOutEchoReps|21icmpOutEchos|20icmp' +
  'OutRedirects|19icmpOutSrcQuenchs|18icmpOutParmProbs|17icmpOutTimeExcds|16icmpOutDestUnreachs|15icmpOutErrors|14i' +
  'cmpOutMsgs|13icmpInAddrMaskReps|12icmpInAddrMasks|11icmpInTimestampReps|10icmpInTimestamps|9icmpInEchoReps|8icmp' +
  'InEchos|7icmpInRedirects|6icmpInSrcQuenchs|5icmpInParmProbs|4icmpInTimeExcds|3icmpInDestUnreachs|2icmpInErrors|1' +
  'icmpInMsgs)|4ip(22ipNetToMediaTable(1ipNetToMediaEntry(4ipNetToMediaType|3ipNetToMediaNetAddress|2ipNetToMediaPh' +
  'ysAddress|1ipNetToMediaIfIndex))|21ipRoutingTable(1ipRouteEntry(11ipRouteMask|10ipRouteAge|9ipRouteProto|8ipRout' +
  'eType|7ipRouteNextHop|6ipRouteMetric4|5ipRouteMetric3|4ipRouteMetric2|3ipRouteMetric1|2ipRouteIfIndex|1ipRouteDe' +
  'st))|20ipAddrTable(1ipAddrEntry(5ipAdEntReasmMaxSize|4ipAdEntBcastAddr|3ipAdEntNetMask|2ipAdEntIfIndex|1ipAdEntA' +
  'ddr))|19ipFragCreates|18ipFragFails|17ipFragOKs|16ipReasmFails|15ipReasmOKs|14ipReasmReqds|13ipReasmTimeout|12ip' +
  'OutNoRoutes|11ipOutDiscards|10ipOutRequests|9ipInDelivers|8ipInDiscards|7ipInUnknownProtos|6ipForwDatagrams|5ipI' +
  'nAddrErrors|4ipInHdrErrors|3ipInReceives|2ipDefaultTTL|1ipForwarding)|3at(1atTable(1atEntry(3atNetAddress|2atPhy' +
  'sAddress|1atIfIndex)))|2interfaces(2ifTable(1ifEntry(22ifSpecific|21ifOutQLen|20ifOutErrors|19ifOutDiscards|18if' +
  'OutNUcastPkts|17ifOutUcastPkts|16ifOutOctets|15ifInUnknownProtos|14ifInErrors|13ifInDiscards|12ifInNUcastPkts|11' +
  'ifInUcastPkts|10ifInOctets|9ifLastChange|8ifOperStatus|7ifAdminStatus|6ifPhysAddress|5ifSpeed|4ifMtu|3ifType|2if' +
  'Descr|1ifIndex))|1ifNumber)|1system(7sysServices|6sysLocation|5sysName|4sysContact|3sysUpTime|2sysObjectID|1sysD' +
  'escr)))|1directory))))';

export interface Named {
  readonly name: string;
  readonly children: ReadonlyMap<number, Named>;
}

let root: ReadonlyMap<number, Named> | undefined;

/** The tree's first level, unpacked when it is first asked for. */
export function namedObjects(): ReadonlyMap<number, Named> {
  root ??= unpack(OBJECTS.matchAll(/(\d+)([A-Za-z][A-Za-z0-9-]*)(\()?|\)/g));
  return root;
}

function unpack(entries: Iterator<RegExpMatchArray>): ReadonlyMap<number, Named> {
  const level = new Map<number, Named>();
  for (;;) {
    const { value, done } = entries.next();
    if (done || value[1] === undefined) return level;
    const number = Number(value[1]);
    const children = value[3] === undefined ? new Map<number, Named>() : unpack(entries);
    if (!level.has(number)) level.set(number, { name: value[2] as string, children });
  }
}
