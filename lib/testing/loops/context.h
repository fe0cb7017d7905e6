/* What the programs here need of the kernel's headers (Linux include/uapi/linux/bpf.h). */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

struct xdp_md {
  u32 data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex;
};

struct __sk_buff {
  u32 len, pkt_type, mark, queue_mapping, protocol, vlan_present, vlan_tci, vlan_proto, priority, ingress_ifindex;
  u32 ifindex, tc_index, cb[5], hash, tc_classid, data, data_end;
};

#define SECTION(name) __attribute__((section(name), used))
#define INLINE static inline __attribute__((always_inline))
#define NO_UNROLL _Pragma("clang loop unroll(disable)")
#define DATA(ctx) ((u8 *)(long)(ctx)->data)
#define DATA_END(ctx) ((u8 *)(long)(ctx)->data_end)
