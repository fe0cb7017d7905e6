/**
 * Link types: DLT_ and LINKTYPE_ numbers, their names, and what tcpdump prints for them.
 *
 * Two number spaces, nearly equal. A DLT_ is what a capture device and the filter compiler speak of; a
 * LINKTYPE_ is what is written into files. They differ for the few old types whose DLT_ differs between
 * systems (pcap-linktype(7), libpcap pcap-common.c); the DLT_ numbers here are those of Linux.
 */

export interface LinkType {
  /** DLT_ number. */
  readonly dlt: number;
  /** LINKTYPE_ number, as stored in files. */
  readonly linkType: number;
  /** Name without the prefix: `EN10MB`. */
  readonly name: string;
  /** As libpcap describes it: `Ethernet`. */
  readonly description: string;
}

const row = (dlt: number, name: string, description: string, linkType = dlt): LinkType => ({
  dlt,
  linkType,
  name,
  description,
});

/** What Linux's device `any` has: cooked packets, version 2. */
export const LINUX_SLL2 = 276;
export const LINUX_SLL = 113;

/** The link types that filters compile for: LINKTYPE_ and DLT_ numbers, names and what they stand for, as on tcpdump.org. */
// biome-ignore format: one type a line
export const LINK_TYPES: readonly LinkType[] = [
  row(0, 'NULL', 'BSD loopback'),
  row(1, 'EN10MB', 'Ethernet'),
  row(2, 'EN3MB', 'experimental Ethernet (3Mb/s)'),
  row(3, 'AX25', 'AX.25 layer 2'),
  row(4, 'PRONET', 'Proteon ProNET Token Ring'),
  row(5, 'CHAOS', 'MIT Chaosnet'),
  row(6, 'IEEE802', '802.5 Token Ring'),
  row(7, 'ARCNET', 'BSD ARCnet'),
  row(8, 'SLIP', 'Serial Line IP'),
  row(9, 'PPP', 'Point-to-Point Protocol'),
  row(10, 'FDDI', 'Fiber Distributed Data Interface'),
  row(11, 'ATM_RFC1483', 'RFC 1483 LLC-encapsulated ATM', 100),
  row(12, 'RAW', 'Raw IPv4/IPv6', 101),
  row(15, 'SLIP_BSDOS', 'BSD/OS Serial Line IP', 102),
  row(16, 'PPP_BSDOS', 'BSD/OS Point-to-Point Protocol', 103),
  row(19, 'ATM_CLIP', 'Linux Classical IP over ATM', 106),
  row(32, 'REDBACK_SMARTEDGE', 'Redback SmartEdge 400/800'),
  row(50, 'PPP_SERIAL', 'Point-to-Point Protocol over serial'),
  row(51, 'PPP_ETHER', 'PPPoE session packets'),
  row(99, 'SYMANTEC_FIREWALL', 'Symantec Firewall'),
  row(104, 'C_HDLC', 'Cisco HDLC'),
  row(105, 'IEEE802_11', '802.11'),
  row(107, 'FRELAY', 'Frame Relay'),
  row(108, 'LOOP', 'OpenBSD loopback'),
  row(109, 'ENC', 'OpenBSD encapsulated IP'),
  row(LINUX_SLL, 'LINUX_SLL', 'Linux cooked v1'),
  row(114, 'LTALK', 'LocalTalk'),
  row(117, 'PFLOG', 'OpenBSD pflog file'),
  row(119, 'PRISM_HEADER', '802.11 plus Prism header'),
  row(122, 'IP_OVER_FC', 'RFC 2625 IP-over-Fibre Channel'),
  row(123, 'SUNATM', 'Sun raw ATM'),
  row(127, 'IEEE802_11_RADIO', '802.11 plus radiotap header'),
  row(129, 'ARCNET_LINUX', 'Linux ARCnet'),
  row(130, 'JUNIPER_MLPPP', 'Juniper Multi-Link PPP'),
  row(131, 'JUNIPER_MLFR', 'Juniper Multi-Link Frame Relay'),
  row(132, 'JUNIPER_ES', 'Juniper Encryption Services PIC'),
  row(133, 'JUNIPER_GGSN', 'Juniper GGSN PIC'),
  row(134, 'JUNIPER_MFR', 'Juniper FRF.16 Frame Relay'),
  row(135, 'JUNIPER_ATM2', 'Juniper ATM2 PIC'),
  row(136, 'JUNIPER_SERVICES', 'Juniper Advanced Services PIC'),
  row(137, 'JUNIPER_ATM1', 'Juniper ATM1 PIC'),
  row(138, 'APPLE_IP_OVER_IEEE1394', 'Apple IP-over-IEEE 1394'),
  row(139, 'MTP2_WITH_PHDR', 'SS7 MTP2 with Pseudo-header'),
  row(140, 'MTP2', 'SS7 MTP2'),
  row(141, 'MTP3', 'SS7 MTP3'),
  row(142, 'SCCP', 'SS7 SCCP'),
  row(143, 'DOCSIS', 'DOCSIS'),
  row(144, 'LINUX_IRDA', 'Linux IrDA'),
  row(147, 'USER0', 'Private use 0'),
  row(148, 'USER1', 'Private use 1'),
  row(149, 'USER2', 'Private use 2'),
  row(150, 'USER3', 'Private use 3'),
  row(151, 'USER4', 'Private use 4'),
  row(152, 'USER5', 'Private use 5'),
  row(153, 'USER6', 'Private use 6'),
  row(154, 'USER7', 'Private use 7'),
  row(155, 'USER8', 'Private use 8'),
  row(156, 'USER9', 'Private use 9'),
  row(157, 'USER10', 'Private use 10'),
  row(158, 'USER11', 'Private use 11'),
  row(159, 'USER12', 'Private use 12'),
  row(160, 'USER13', 'Private use 13'),
  row(161, 'USER14', 'Private use 14'),
  row(162, 'USER15', 'Private use 15'),
  row(163, 'IEEE802_11_RADIO_AVS', '802.11 plus AVS radio information header'),
  row(164, 'JUNIPER_MONITOR', 'Juniper Passive Monitor PIC'),
  row(165, 'BACNET_MS_TP', 'BACnet MS/TP'),
  row(166, 'PPP_PPPD', 'PPP for pppd, with direction flag'),
  row(167, 'JUNIPER_PPPOE', 'Juniper PPPoE'),
  row(168, 'JUNIPER_PPPOE_ATM', 'Juniper PPPoE/ATM'),
  row(169, 'GPRS_LLC', 'GPRS LLC'),
  row(170, 'GPF_T', 'GPF-T'),
  row(171, 'GPF_F', 'GPF-F'),
  row(174, 'JUNIPER_PIC_PEER', 'Juniper PIC Peer'),
  row(175, 'ERF_ETH', 'Ethernet with Endace ERF header'),
  row(176, 'ERF_POS', 'Packet-over-SONET with Endace ERF header'),
  row(177, 'LINUX_LAPD', 'Linux vISDN LAPD'),
  row(178, 'JUNIPER_ETHER', 'Juniper Ethernet'),
  row(179, 'JUNIPER_PPP', 'Juniper PPP'),
  row(180, 'JUNIPER_FRELAY', 'Juniper Frame Relay'),
  row(181, 'JUNIPER_CHDLC', 'Juniper C-HDLC'),
  row(182, 'MFR', 'FRF.16 Frame Relay'),
  row(183, 'JUNIPER_VP', 'Juniper Voice PIC'),
  row(184, 'A429', 'Arinc 429'),
  row(185, 'A653_ICM', 'Arinc 653 Interpartition Communication'),
  row(186, 'USB_FREEBSD', 'USB with FreeBSD header'),
  row(187, 'BLUETOOTH_HCI_H4', 'Bluetooth HCI UART transport layer'),
  row(188, 'IEEE802_16_MAC_CPS', 'IEEE 802.16 MAC Common Part Sublayer'),
  row(189, 'USB_LINUX', 'USB with Linux header'),
  row(190, 'CAN20B', 'Controller Area Network (CAN) v. 2.0B'),
  row(191, 'IEEE802_15_4_LINUX', 'IEEE 802.15.4 with Linux padding'),
  row(192, 'PPI', 'Per-Packet Information'),
  row(193, 'IEEE802_16_MAC_CPS_RADIO', 'IEEE 802.16 MAC Common Part Sublayer plus radiotap header'),
  row(194, 'JUNIPER_ISM', 'Juniper Integrated Service Module'),
  row(195, 'IEEE802_15_4', 'IEEE 802.15.4 with FCS'),
  row(196, 'SITA', 'SITA pseudo-header'),
  row(197, 'ERF', 'Endace ERF header'),
  row(198, 'RAIF1', 'Ethernet with u10 Networks pseudo-header'),
  row(199, 'IPMB_KONTRON', 'IPMB with Kontron pseudo-header'),
  row(200, 'JUNIPER_ST', 'Juniper Secure Tunnel'),
  row(201, 'BLUETOOTH_HCI_H4_WITH_PHDR', 'Bluetooth HCI UART transport layer plus pseudo-header'),
  row(202, 'AX25_KISS', 'AX.25 with KISS header'),
  row(209, 'I2C_LINUX', 'I2C with Linux/Pigeon Point pseudo-header'),
  row(215, 'IEEE802_15_4_NONASK_PHY', 'IEEE 802.15.4 with non-ASK PHY data'),
  row(216, 'LINUX_EVDEV', 'Linux evdev events'),
  row(219, 'MPLS', 'MPLS with label as link-layer header'),
  row(220, 'USB_LINUX_MMAPPED', 'USB with padded Linux header'),
  row(221, 'DECT', 'DECT'),
  row(222, 'AOS', 'AOS Space Data Link protocol'),
  row(223, 'WIHART', 'WirelessHART'),
  row(224, 'FC_2', 'Fibre Channel FC-2'),
  row(225, 'FC_2_WITH_FRAME_DELIMS', 'Fibre Channel FC-2 with frame delimiters'),
  row(226, 'IPNET', 'Solaris ipnet'),
  row(227, 'CAN_SOCKETCAN', 'CAN-bus with SocketCAN headers'),
  row(228, 'IPV4', 'Raw IPv4'),
  row(229, 'IPV6', 'Raw IPv6'),
  row(230, 'IEEE802_15_4_NOFCS', 'IEEE 802.15.4 without FCS'),
  row(231, 'DBUS', 'D-Bus'),
  row(232, 'JUNIPER_VS', 'Juniper Virtual Server'),
  row(233, 'JUNIPER_SRX_E2E', 'Juniper SRX E2E'),
  row(234, 'JUNIPER_FIBRECHANNEL', 'Juniper Fibre Channel'),
  row(235, 'DVB_CI', 'DVB-CI'),
  row(236, 'MUX27010', 'MUX27010'),
  row(237, 'STANAG_5066_D_PDU', 'STANAG 5066 D_PDUs'),
  row(238, 'JUNIPER_ATM_CEMIC', 'Juniper ATM CEMIC'),
  row(239, 'NFLOG', 'Linux netfilter log messages'),
  row(240, 'NETANALYZER', 'Ethernet with Hilscher netANALYZER pseudo-header'),
  row(241, 'NETANALYZER_TRANSPARENT', 'Ethernet with Hilscher netANALYZER pseudo-header and with preamble and SFD'),
  row(242, 'IPOIB', 'RFC 4391 IP-over-InfiniBand'),
  row(243, 'MPEG_2_TS', 'MPEG-2 transport stream'),
  row(244, 'NG40', 'ng40 protocol tester Iub/Iur'),
  row(245, 'NFC_LLCP', 'NFC LLCP PDUs with pseudo-header'),
  row(246, 'PFSYNC', 'Packet filter state syncing'),
  row(247, 'INFINIBAND', 'InfiniBand'),
  row(248, 'SCTP', 'SCTP'),
  row(249, 'USBPCAP', 'USB with USBPcap header'),
  row(250, 'RTAC_SERIAL', 'Schweitzer Engineering Laboratories RTAC packets'),
  row(251, 'BLUETOOTH_LE_LL', 'Bluetooth Low Energy air interface'),
  row(253, 'NETLINK', 'Linux netlink'),
  row(254, 'BLUETOOTH_LINUX_MONITOR', 'Bluetooth Linux Monitor'),
  row(255, 'BLUETOOTH_BREDR_BB', 'Bluetooth Basic Rate/Enhanced Data Rate baseband packets'),
  row(256, 'BLUETOOTH_LE_LL_WITH_PHDR', 'Bluetooth Low Energy air interface with pseudo-header'),
  row(257, 'PROFIBUS_DL', 'PROFIBUS data link layer'),
  row(258, 'PKTAP', 'Apple PKTAP'),
  row(259, 'EPON', 'Ethernet with 802.3 Clause 65 EPON preamble'),
  row(260, 'IPMI_HPM_2', 'IPMI trace packets'),
  row(261, 'ZWAVE_R1_R2', 'Z-Wave RF profile R1 and R2 packets'),
  row(262, 'ZWAVE_R3', 'Z-Wave RF profile R3 packets'),
  row(263, 'WATTSTOPPER_DLM', 'WattStopper Digital Lighting Management (DLM) and Legrand Nitoo Open protocol'),
  row(264, 'ISO_14443', 'ISO 14443 messages'),
  row(265, 'RDS', 'IEC 62106 Radio Data System groups'),
  row(266, 'USB_DARWIN', 'USB with Darwin header'),
  row(267, 'OPENFLOW', 'OpenBSD OpenFlow'),
  row(268, 'SDLC', 'IBM SDLC frames'),
  row(269, 'TI_LLN_SNIFFER', 'TI LLN sniffer frames'),
  row(271, 'VSOCK', 'Linux vsock'),
  row(272, 'NORDIC_BLE', 'Nordic Semiconductor Bluetooth LE sniffer frames'),
  row(273, 'DOCSIS31_XRA31', 'Excentis XRA-31 DOCSIS 3.1 RF sniffer frames'),
  row(274, 'ETHERNET_MPACKET', '802.3br mPackets'),
  row(275, 'DISPLAYPORT_AUX', 'DisplayPort AUX channel monitoring data'),
  row(LINUX_SLL2, 'LINUX_SLL2', 'Linux cooked v2'),
  row(278, 'OPENVIZSLA', 'OpenVizsla USB'),
  row(279, 'EBHSCR', 'Elektrobit High Speed Capture and Replay (EBHSCR)'),
  row(280, 'VPP_DISPATCH', 'VPP graph dispatch tracer'),
  row(281, 'DSA_TAG_BRCM', 'Broadcom infix DSA tag'),
  row(282, 'DSA_TAG_BRCM_PREPEND', 'Broadcom prefix DSA tag'),
  row(283, 'IEEE802_15_4_TAP', 'IEEE 802.15.4 with pseudo-header'),
  row(284, 'DSA_TAG_DSA', 'Marvell infix 4-octet DSA tag'),
  row(285, 'DSA_TAG_EDSA', 'Marvell infix 8-octet DSA tag'),
  row(286, 'ELEE', 'ELEE lawful intercept packets'),
  row(287, 'Z_WAVE_SERIAL', 'Z-Wave serial frames between host and chip'),
  row(288, 'USB_2_0', 'USB 2.0/1.1/1.0 as transmitted over the cable'),
  row(289, 'ATSC_ALP', 'ATSC Link-Layer Protocol packets'),
  row(290, 'ETW', 'Event Tracing for Windows messages'),
  row(291, 'NETANALYZER_NG', 'Hilscher netANALYZER NG pseudo-footer'),
  row(292, 'ZBOSS_NCP', 'ZBOSS NCP protocol with pseudo-header'),
  row(293, 'USB_2_0_LOW_SPEED', 'Low-Speed USB 2.0/1.1/1.0 as transmitted over the cable'),
  row(294, 'USB_2_0_FULL_SPEED', 'Full-Speed USB 2.0/1.1/1.0 as transmitted over the cable'),
  row(295, 'USB_2_0_HIGH_SPEED', 'High-Speed USB 2.0 as transmitted over the cable'),
  row(296, 'AUERSWALD_LOG', 'Auerswald Logger Protocol'),
  row(297, 'ZWAVE_TAP', 'Z-Wave packets with a TAP meta-data header'),
  row(298, 'SILABS_DEBUG_CHANNEL', 'Silicon Labs debug channel protocol'),
  row(299, 'FIRA_UCI', 'Ultra-wideband controller interface protocol'),
  row(300, 'MDB', 'Multi-Drop Bus'),
  row(301, 'DECT_NR', 'DECT New Radio'),
  row(304, 'DECT_NR_TAP', 'DECT-2020 New Radio TAP'),
];

// Searched as it is: a run asks for a few types, and three maps of them take as long to make as a filter to generate.
export const linkTypeOfDlt = (dlt: number): LinkType | undefined =>
  LINK_TYPES.find((type) => type.dlt === dlt);

/** By name, in any case, with or without `DLT_` or `LINKTYPE_`. */
export function linkTypeNamed(name: string): LinkType | undefined {
  const bare = name.toUpperCase().replace(/^(DLT|LINKTYPE)_/, '');
  return LINK_TYPES.find((type) => type.name === bare);
}

/** The DLT_ number for the LINKTYPE_ number of a file; unknown numbers stand for themselves. */
export const dltOfLinkType = (linkType: number): number =>
  LINK_TYPES.find((type) => type.linkType === linkType)?.dlt ?? linkType;

/** The LINKTYPE_ number a file gets for a DLT_ number; unknown numbers stand for themselves. */
export const linkTypeNumberOfDlt = (dlt: number): number => linkTypeOfDlt(dlt)?.linkType ?? dlt;

/** `EN10MB (Ethernet)`, as tcpdump names a link type; `DLT 305` for a number without a name. */
export function describeDlt(dlt: number): string {
  const type = linkTypeOfDlt(dlt);
  return type === undefined ? `DLT ${dlt}` : `${type.name} (${type.description})`;
}
