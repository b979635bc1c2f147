// A disk that fails when told to, and that can lose power: a VFS of SQLite over the one of the system.
//
// It is the default VFS of the process from `faulty_disk_install` on. Files below a watched directory are counted, can be
// made to fail, and have a second copy: what would be there after a loss of power. A write comes to that copy when its file
// is synced, and not before. That a file was made or deleted counts as durable at once. Other files are passed through.
#ifndef FAULTY_DISK_H
#define FAULTY_DISK_H

#include <stdbool.h>
#include <stdint.h>

/// What SQLite asks of a disk.
typedef enum {
    faulty_disk_open,
    faulty_disk_read,
    faulty_disk_write,
    faulty_disk_sync,
    faulty_disk_truncate,
    faulty_disk_delete,
    /// Making or growing the shared memory beside a write-ahead log.
    faulty_disk_shared_memory,
    faulty_disk_operations,
} faulty_disk_operation;

/// Puts the VFS in front of the system's, once; false when SQLite refuses it.
bool faulty_disk_install(void);

/// Watches the files below a directory; `durable` is the existing directory of their second copies, elsewhere.
/// Returns the disk's number, or -1 where there are too many.
int faulty_disk_watch(const char *directory, const char *durable);
/// Ends it; the files stay.
void faulty_disk_forget(int disk);

/// Lets the `first`th operation of this kind from now on (the next is 1) fail with a result code of SQLite, and so many that
/// follow it; 0 means all until `faulty_disk_heal`. With code 0 the power goes off instead.
void faulty_disk_fail(int disk, faulty_disk_operation operation, uint64_t first, uint64_t following, int code);
void faulty_disk_heal(int disk);

/// How many operations of this kind were asked for, failed ones among them.
uint64_t faulty_disk_count(int disk, faulty_disk_operation operation);
/// How many of them failed because they were told to.
uint64_t faulty_disk_failures(int disk);
/// Bytes written to the files whose names end so, and not synced since.
uint64_t faulty_disk_unsynced(int disk, const char *suffix);

/// From now on every operation fails, as for a process that is gone.
void faulty_disk_power_off(int disk);
/// Puts the files back as they were synced. With a seed other than 0 any sectors of 512 bytes of what was not synced are
/// there as well. What was told to fail fails no more. Call it when nobody has the files open.
bool faulty_disk_power_on(int disk, uint64_t seed);

#endif
