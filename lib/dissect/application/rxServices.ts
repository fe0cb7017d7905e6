/**
 * The services of AFS over Rx: names of their calls, and what stands in calls and replies as patterns that ./rx.ts says.
 */

import { type Names, names } from '../frame/names.js';

export interface RxService {
  readonly name: string;
  readonly calls: Names;
  /** Patterns by the number of the call. */
  readonly asked: Patterns;
  readonly answered: Patterns;
  /** Whether its database is one of several that Ubik keeps alike. */
  readonly votes: boolean;
}

type Patterns = (call: number) => string;

/** `1,2:pattern|3:pattern`, taken apart when it is asked. */
function patterns(packed: string): Patterns {
  let table: Map<number, string> | undefined;
  return (call) => {
    table ??= new Map(
      packed.split('|').flatMap((row) => {
        const [numbers, pattern] = row.split(':');
        return numbers!.split(',').map((number): [number, string] => [Number(number), pattern ?? '']);
      }),
    );
    return table.get(call) ?? '';
  };
}

const service = (name: string, calls: string, asked: string, answered = '', votes = false): RxService => ({
  name,
  calls: names(calls, ''),
  asked: patterns(asked),
  answered: patterns(answered),
  votes,
});

/** Entries of the old kind have 8 servers, later ones 13, the latest name them by UUID. */
const ENTRIES =
  '503,504:%E8|510: count%i nextindex%i%E8|505: newvol%u|518,519:%E13|521,529: count%i nextindex%i%E13|526,527:%E0';

export const SERVICES: Readonly<Record<number, RxService>> = {
  7000: service(
    'fs',
    '130 fetch-data|fetch-acl|fetch-status|store-data|store-acl|store-status|remove-file|create-file|rename|symlink|link|makedir|rmdir|oldsetlock|oldextlock|oldrellock|get-stats|give-cbs|get-vlinfo|get-vlstats|set-vlstats|get-rootvl|check-token|get-time|nget-vlinfo|bulk-stat|setlock|extlock|rellock|xstat-ver|get-xstat|dfs-lookup|dfs-flushcps|dfs-symlink|220 residency|65536 inline-bulk-status|fetch-data-64|store-data-64|give-up-all-cbs|get-caps|cb-rx-conn-addr',
    '130:%f offset%u length%u|65537:%f offset%l length%l|131,132,143,144,145,156,157,158:%f|135:%f%S|133:%f%S offset%u length%u flen%u|65538:%f%S offset%l length%l flen%l|134:%f%A|137,141:%f%s256%S|136,142:%f%s256|138: old%f%s256 new%f%s256|139:%f%s256 link to%s256|140:%f%s256 link to%f|148:%s256|149,150: volid%u|154: volname%s256|155,65536:%F',
    '131:%A|137,141: new%f|151: root volume%s256|153:%d',
  ),
  7001: service(
    'cb',
    '204 callback|initcb|probe|getlock|getce|xstatver|getxstat|initcb2|whoareyou|initcb3|probeuuid|getsrvprefs|getcellservdb|getlocalcell|getcacheconf|65536 getce64|getcellbynum|tellmeaboutyourself',
    '204:%F%C afsuuid%U|214: afsuuid%U',
    '213:%U',
  ),
  7002: service(
    'pt',
    '500 new-user|where-is-it|dump-entry|add-to-group|name-to-id|id-to-name|delete|remove-from-group|get-cps|new-entry|list-max|set-max|list-entry|change-entry|list-elements|same-mbr-of|set-fld-sentry|list-owned|get-cps2|get-host-cps|update-entry|list-entries|530 list-super-groups',
    '500:%s64 id%i oldid%i|501,506,508,512,514,517,518,519,530: id%i|502: pos%i|503,507,515: uid%i gid%i|504:%W|505: ids:%I|509:%s64 flag%i oid%i|511: id%i gflag%i|513: id%i%s64 oldid%i newid%i|520: id%i%s64',
    '504: ids:%I|505:%W|508,514,517,518,519,530:%I|510: maxuid%i maxgid%i',
    true,
  ),
  7003: service(
    'vldb',
    '501 create-entry|delete-entry|get-entry-by-id|get-entry-by-name|get-new-volume-id|replace-entry|update-entry|setlock|releaselock|list-entry|list-attrib|linked-list|get-stats|probe|get-addrs|change-addr|create-entry-n|get-entry-by-id-n|get-entry-by-name-n|replace-entry-n|list-entry-n|list-attrib-n|linked-list-n|update-entry-by-name|create-entry-u|get-entry-by-id-u|get-entry-by-name-u|replace-entry-u|list-entry-u|list-attrib-u|linked-list-u|regaddr|get-addrs-u|list-attrib-n2',
    '501,517:%V65|502,503,507,508,509,518: volid%i%T|504,519,524,527:%s65|505: bump%i|506,520: volid%i%T%V65|510,521: index%i',
    ENTRIES,
    true,
  ),
  7004: service(
    'kauth',
    '1 auth-old|change-pw|get-ticket-old|set-pw|set-fields|create-user|delete-user|get-entry|list-entry|get-stats|debug|get-pw|get-random-key|unlock|lock-status|21 authenticate|authenticate-v2|get-ticket',
    '1,21,22,2,5,6,7,8,14,15: principal%s64%s64|3,23: kvno%i domain%s64%O principal%s64%s64|4: principal%s64%s64 kvno%i|12: name%s64',
    '',
    true,
  ),
  7005: service(
    'vol',
    '100 create-volume|delete-volume|restore|forward|end-trans|clone|set-flags|get-flags|trans-create|dump|get-nth-volume|set-forwarding|get-name|get-status|sig-restore|list-partitions|list-volumes|set-id-types|monitor|partition-info|reclone|list-one-volume|nuke|set-date|x-list-volumes|x-list-one-volume|set-info|x-list-partitions|forward-multiple|65536 convert-ro|get-size|dump-v2',
    '',
  ),
  7007: service(
    'bos',
    '80 create-bnode|delete-bnode|set-status|get-status|enumerate-instance|get-instance-info|get-instance-parm|add-superuser|delete-superuser|list-superusers|list-keys|add-key|delete-key|set-cell-name|get-cell-name|get-cell-host|add-cell-host|delete-cell-host|set-t-status|shutdown-all|restart-all|startup-all|set-noauth-flag|re-bozo|restart|start-bozo-install|uninstall|get-dates|exec|prune|set-restart-time|get-restart-time|start-bozo-log|wait-all|get-instance-strings|get-restricted|set-restricted',
    '80: type%s256 instance%s256|81,83,85,87,88,93,96,97,104,106,108,112,114:%s256|82,98:%s256 status%i|86:%s256 num%i|84,89,90,91,92,95:%i|105:%s256 size%i flags%i date%i',
  ),
};

export const UBIK = service(
  'ubik',
  '10000 vote-beacon|vote-debug-old|vote-sdebug-old|vote-getsyncsite|vote-debug|vote-sdebug|vote-xdebug|vote-xsdebug|20000 disk-begin|disk-commit|disk-lock|disk-write|disk-getversion|disk-getfile|disk-sendfile|disk-abort|disk-releaselocks|disk-truncate|disk-probe|disk-writev|disk-interfaceaddr|disk-setversion',
  '10000: syncsite %b votestart%d dbversion%v tid%v|10003: site%u|20000,20001,20007,20008,20010: tid%v|20002: tid%v file%i pos%i length%i%_|20003: tid%v file%i pos%i|20005: file%i|20006: file%i length%i dbversion%v|20009: tid%v file%i length%i|20013: tid%v oldversion%v newversion%v',
  '10000: vote no|20004: dbversion%v',
);

export const isUbik = (call: number): boolean =>
  (call >= 10_000 && call <= 10_007) || (call >= 20_000 && call <= 20_013);

export const ERRORS = names(
  '101 salvage volume|no such vnode|no such volume|volume exist|no service|volume offline|voline online|diskfull|diskquota exceeded|volume busy|volume moved|AFS IO error|0xffffff9c restarting fileserver',
  '',
);
