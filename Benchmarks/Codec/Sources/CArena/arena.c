#include "arena.h"

static void *take(void *data, size_t size)
{
    arena *a = data;
    size = (size + 15) & ~(size_t)15;
    if (size > a->capacity - a->used) return NULL;
    void *taken = a->memory + a->used;
    a->used += size;
    return taken;
}

static void give_back(void *data, void *memory)
{
    (void)data;
    (void)memory;
}

ProtobufCAllocator arena_allocator(arena *a)
{
    ProtobufCAllocator allocator = {take, give_back, a};
    return allocator;
}
