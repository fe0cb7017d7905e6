/* Counts in what a cgroup keeps: the kernel's test runs begin with zeros each time. */
#include "common.h"

struct counts {
  __u64 packets;
  __u64 bytes;
};

struct {
  __uint(type, BPF_MAP_TYPE_CGROUP_STORAGE);
  __type(key, struct bpf_cgroup_storage_key);
  __type(value, struct counts);
} storage SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE);
  __type(key, struct bpf_cgroup_storage_key);
  __type(value, struct counts);
} own SEC(".maps");

#if MUTANT == 3
struct {
  __uint(type, BPF_MAP_TYPE_CGROUP_STORAGE);
  __type(key, struct bpf_cgroup_storage_key);
  __type(value, struct counts);
} second SEC(".maps");
#endif

SEC("cgroup_skb/egress")
int cgroup(struct __sk_buff *skb) {
#if MUTANT == 1
  struct counts *all = bpf_get_local_storage(&storage, 1);
#else
  struct counts *all = bpf_get_local_storage(&storage, 0);
#endif
  struct counts *mine = bpf_get_local_storage(&own, 0);
  __sync_fetch_and_add(&all->packets, 1);
  mine->bytes += skb->len;
#if MUTANT == 2
  all[1].bytes = 3;
#elif MUTANT == 3
  struct counts *more = bpf_get_local_storage(&second, 0);
  more->packets++;
#elif MUTANT == 4
  __u32 key = 0;
  if (bpf_map_lookup_elem(&storage, &key))
    return 0;
#endif
  return all->packets > 0 && mine->bytes >= skb->len;
}
