/* The compute loops of loops.ts in C, one operation at a time as the eBPF programs have them. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static uint64_t alu64(uint64_t n) {
  uint64_t a = 1, b = 7;
  while (n != 0) {
    a += b; a ^= n; a <<= 1; a -= n; b |= 3; a ^= b; b += a; n -= 1;
  }
  return a;
}

static uint64_t alu32(uint32_t n) {
  uint32_t a = 1, b = 7;
  while (n != 0) {
    a += b; a ^= n; a <<= 1; a -= n; b |= 3; a ^= b; b += a; n -= 1;
  }
  return a;
}

/* volatile: one load a byte, as the others do, and no vectors. */
static uint64_t sum(const volatile uint8_t *bytes, uint64_t n) {
  uint64_t total = 0;
  while (n != 0) { total += *bytes; bytes += 1; n -= 1; }
  return total;
}

/* The sum as uBPF's JIT has it: its registers, its instructions, one for one; no check of an address. */
static uint64_t native_sum(const uint8_t *bytes, uint64_t n) {
#ifdef __x86_64__
  uint64_t total;
  __asm__ volatile(
      "movq $0, %%rax\n"
      "movq %1, %%rdi\n"
      "movq %2, %%rdx\n"
      ".p2align 4\n"
      "1: movzbl (%%rdi), %%ecx\n"
      "addq %%rcx, %%rax\n"
      "addq $1, %%rdi\n"
      "subq $1, %%rdx\n"
      "cmpq $0, %%rdx\n"
      "jne 1b\n"
      "movq %%rax, %0\n"
      : "=r"(total)
      : "r"(bytes), "r"(n)
      : "rax", "rcx", "rdx", "rdi", "memory", "cc");
  return total;
#else
  return sum(bytes, n);
#endif
}

int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 5;
  uint8_t *bytes = malloc(65536);
  for (int i = 0; i < 65536; i++) bytes[i] = i * 7;
  for (int round = 0; round < rounds; round++) {
    double start = now();
    uint64_t a = alu64(1000000);
    double one = now() - start;
    start = now();
    uint64_t b = alu32(1000000);
    double two = now() - start;
    uint64_t c = 0;
    start = now();
    for (int i = 0; i < 16; i++) c += sum(bytes, 65536);
    double three = now() - start;
    uint64_t d = 0;
    start = now();
    for (int i = 0; i < 16; i++) d += native_sum(bytes, 65536);
    double four = now() - start;
    printf("%llu %f %llu %f %llu %f %llu %f\n", (unsigned long long)a, one, (unsigned long long)b, two,
           (unsigned long long)c, three, (unsigned long long)d, four);
  }
  return 0;
}
