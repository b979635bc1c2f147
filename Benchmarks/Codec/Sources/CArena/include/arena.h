#ifndef ARENA_H
#define ARENA_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

/* Memory that is taken by moving a pointer and given back all at once. */
typedef struct {
    uint8_t *memory;
    size_t capacity;
    size_t used;
} arena;

/* For libprotobuf-c. Memory that does not fit is refused, which fails the decoding. */
ProtobufCAllocator arena_allocator(arena *arena);

/* Calls of malloc, calloc, realloc and their aligned siblings in this process so far. */
uint64_t allocation_count(void);

#endif
