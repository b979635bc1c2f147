#ifndef DIRECT_FILES_H
#define DIRECT_FILES_H

// open(2) with O_DIRECT added where the file system tells that it writes so with blocks of this size
// (STATX_DIOALIGN, Linux 6.1), as it is elsewhere.
int direct_files_open(const char *path, int flags, int mode);

// Positions, lengths and addresses of writes to such a file are multiples of this.
enum { direct_files_alignment = 4096 };

#endif
