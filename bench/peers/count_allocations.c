// Counts heap allocations of a program: LD_PRELOAD=count_allocations.so. On SIGUSR2 it prints
// "MALLOCS n" to stderr; a program that looks for allocation_count may ask itself.
#define _GNU_SOURCE
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void*, size_t),
    *__libc_memalign(size_t, size_t);

static atomic_ulong count;

static void note(void) { atomic_fetch_add_explicit(&count, 1, memory_order_relaxed); }

void* malloc(size_t size) {
  note();
  return __libc_malloc(size);
}
void* calloc(size_t n, size_t size) {
  note();
  return __libc_calloc(n, size);
}
void* realloc(void* block, size_t size) {
  note();
  return __libc_realloc(block, size);
}
void* memalign(size_t alignment, size_t size) {
  note();
  return __libc_memalign(alignment, size);
}
void* aligned_alloc(size_t alignment, size_t size) {
  note();
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** block, size_t alignment, size_t size) {
  note();
  *block = __libc_memalign(alignment, size);
  return *block ? 0 : 12;  // ENOMEM
}

unsigned long allocation_count(void) { return atomic_load(&count); }

static void print_count(int signal_number) {
  (void)signal_number;
  char line[64];
  int size = snprintf(line, sizeof line, "MALLOCS %lu\n", atomic_load(&count));
  (void)!write(2, line, (size_t)size);
}

__attribute__((constructor)) static void install(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = print_count;
  action.sa_flags = SA_RESTART;
  sigaction(SIGUSR2, &action, NULL);
}
