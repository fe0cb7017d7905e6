/* What the test programs share. MUTANT is 0 for the program as it should be; others leave a check out. */
#pragma once
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#ifndef MUTANT
#define MUTANT 0
#endif

#define XDP_START(ctx) ((void *)(long)(ctx)->data)
#define XDP_END(ctx) ((void *)(long)(ctx)->data_end)
#define INLINE static __attribute__((always_inline)) inline
#define NOINLINE static __attribute__((noinline))

struct vlan_tag {
  __be16 tci;
  __be16 type;
};

char LICENSE[] SEC("license") = "GPL";
