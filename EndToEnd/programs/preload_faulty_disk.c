// Puts the faulty disk before SQLite in the process that loads this, for the directory FAULTY_DISK.
#include <stdio.h>
#include <stdlib.h>

#include "faulty_disk.h"

__attribute__((constructor)) static void start(void) {
    const char *directory = getenv("FAULTY_DISK"), *durable = getenv("FAULTY_DISK_DURABLE");
    if (!directory || !durable) return;
    if (!faulty_disk_install() || faulty_disk_watch(directory, durable) < 0) {
        fprintf(stderr, "faulty disk: not installed\n");
        abort();
    }
}
