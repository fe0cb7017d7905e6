# Made by scripts/manual.mjs from the option table; change that.
_weir() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
  case $before in
    -r|--read|-V|--read-list|-w|--write|-F|--filter-file|--rules|--svg|--dot) COMPREPLY=($(compgen -f -- "$word")); return ;;
    -i|--interface) COMPREPLY=($(compgen -W "$(weir -D 2>/dev/null | sed 's/^[0-9]*\.//; s/[ (].*//')" -- "$word")); return ;;
    --jobs|-c|--max-count|-s|--snapshot-length|--snaplen|--reader|--write-format|-C|--rotate-size|-G|--rotate-seconds|-W|--file-count|-z|--rotate-command|--split|--by|--flow-split|-T|--packet-type|--time-stamp-precision|--fields|--filter|--first|--since|--until|--start-offset|--max-flows|-y|--linktype|--accept|--reject|--print-after|--vxlan-port|--geneve-port|--engine|-Q|--direction|-Z|--relinquish-privileges|-B|--buffer-size|-E|--esp-secret|-M|--tcp-md5-secret|-m|--mib|-j|--time-stamp-type) return ;;
  esac
  case $word in
    -*) COMPREPLY=($(compgen -W '-r --read -V --read-list --jobs -i --interface -c --max-count -s --snapshot-length --snaplen --reader -w --write --write-format -C --rotate-size -G --rotate-seconds -W --file-count -z --rotate-command --split --by --flow-split --count --print -U --packet-buffered -l --line-buffered -n --no-names -N --short-names -e --link-level -q --quick -v --verbose -t --timestamp -x --hex -X --hex-ascii -A --ascii -S --absolute-tcp-sequence-numbers -# --number -K --dont-verify-checksums -T --packet-type --nano --micro --time-stamp-precision --json --fields --tsv --csv --header --list-fields -F --filter-file --filter --rules --first-match --flows --first --since --until --start-offset --index --max-flows -y --linktype -d --dump --ebpf --accept --reject --wasm -O --no-optimize --print-after --vxlan-port --geneve-port --libpcap --equivalent --explain --profile --svg --dot --engine --engines --filters --no-lint -L --list-data-link-types -D --list-interfaces -p --no-promiscuous-mode -Q --direction --immediate-mode -Z --relinquish-privileges -B --buffer-size -b --bgp-asdot -u --undecoded-nfs -H --wlan-mesh -f --foreign-numeric -E --esp-secret -M --tcp-md5-secret -m --mib -I --monitor-mode -J --list-time-stamp-types -j --time-stamp-type -h --help --version' -- "$word")) ;;
    @*) COMPREPLY=($(compgen -W "$(weir --filters 2>/dev/null | sed 's/[ (].*//')" -- "$word")) ;;
    *) if [ "$COMP_CWORD" = 1 ]; then COMPREPLY=($(compgen -W 'verify run build attach implies disjoint diff describe translate make info merge dedup index shard rules extcap playground asm disasm' -- "$word")); fi ;;
  esac
}
complete -o default -F _weir weir
