#define _GNU_SOURCE
#include "direct_files.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

static int takes_direct_writes(int file) {
#ifdef STATX_DIOALIGN
    struct statx status;
    if (statx(file, "", AT_EMPTY_PATH, STATX_DIOALIGN, &status) != 0) return 0;
    if (!(status.stx_mask & STATX_DIOALIGN) || status.stx_dio_offset_align == 0) return 0;
    return status.stx_dio_mem_align <= direct_files_alignment
        && status.stx_dio_offset_align <= direct_files_alignment;
#else
    (void)file;
    return 0;
#endif
}

int direct_files_open(const char *path, int flags, int mode) {
    int file = open(path, flags | O_DIRECT, mode);
    // File systems that cannot do it say so in different ways; what else is wrong shows again.
    if (file < 0 && errno != EINTR) return open(path, flags, mode);
    if (file >= 0 && !takes_direct_writes(file)) fcntl(file, F_SETFL, fcntl(file, F_GETFL) & ~O_DIRECT);
    return file;
}
