#define _GNU_SOURCE
#include "faulty_disk.h"

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { maximum_disks = 1024, maximum_files = 64, sector = 512 };

typedef struct {
    sqlite3_int64 start, end;
} byte_range;

// One path, however many connections have it open.
typedef struct {
    char *path;
    byte_range *dirty;
    size_t dirty_count, dirty_room;
} watched_file;

typedef struct {
    bool is_used, is_off;
    char *directory, *durable;
    watched_file files[maximum_files];
    int file_count;
    uint64_t counts[faulty_disk_operations];
    uint64_t failures;
    bool is_armed;
    faulty_disk_operation armed;
    uint64_t fails_from, fails_through;
    int code;
} disk_state;

typedef struct {
    sqlite3_file base;
    int disk;
    watched_file *watched;
    sqlite3_file *real;
} faulty_file;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static disk_state disks[maximum_disks];
static sqlite3_vfs *system_vfs;

static void die(const char *what) {
    perror(what);
    abort();
}

static char *copy_of(const char *text) {
    char *copy = strdup(text);
    if (!copy) die("faulty disk");
    return copy;
}

// MARK: Second copies

static void durable_path(const disk_state *disk, const char *path, char *into, size_t room) {
    snprintf(into, room, "%s/%s", disk->durable, strrchr(path, '/') + 1);
}

static bool copy_range(int from, int to, sqlite3_int64 start, sqlite3_int64 end) {
    char buffer[65536];
    while (start < end) {
        size_t wanted = end - start < (sqlite3_int64)sizeof buffer ? (size_t)(end - start) : sizeof buffer;
        ssize_t got = pread(from, buffer, wanted, start);
        if (got < 0) return false;
        // What was cut off since it was written.
        if (got == 0) return true;
        if (pwrite(to, buffer, (size_t)got, start) != got) return false;
        start += got;
    }
    return true;
}

static bool copy_file(const char *from, const char *to) {
    int source = open(from, O_RDONLY | O_CLOEXEC);
    int target = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    struct stat status;
    bool done = source >= 0 && target >= 0 && fstat(source, &status) == 0
        && copy_range(source, target, 0, status.st_size);
    if (source >= 0) close(source);
    if (target >= 0) close(target);
    return done;
}

static void note_dirty(watched_file *file, sqlite3_int64 start, sqlite3_int64 end) {
    if (file->dirty_count > 0) {
        byte_range *last = &file->dirty[file->dirty_count - 1];
        if (start == last->end) {
            last->end = end;
            return;
        }
    }
    if (file->dirty_count == file->dirty_room) {
        file->dirty_room = file->dirty_room ? 2 * file->dirty_room : 64;
        file->dirty = realloc(file->dirty, file->dirty_room * sizeof(byte_range));
        if (!file->dirty) die("faulty disk");
    }
    file->dirty[file->dirty_count++] = (byte_range){start, end};
}

static void make_durable(const disk_state *disk, watched_file *file) {
    char durable[4096];
    durable_path(disk, file->path, durable, sizeof durable);
    int source = open(file->path, O_RDONLY | O_CLOEXEC);
    int target = open(durable, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    struct stat status;
    if (source < 0 || target < 0 || fstat(source, &status) != 0) die(file->path);
    for (size_t i = 0; i < file->dirty_count; i++)
        if (!copy_range(source, target, file->dirty[i].start, file->dirty[i].end)) die(durable);
    if (ftruncate(target, status.st_size) != 0) die(durable);
    close(source);
    close(target);
    file->dirty_count = 0;
}

// xorshift64*: any sequence will do, the same for the same seed.
static uint64_t next_random(uint64_t *state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 2685821657736338717u;
}

static bool keep_some_sectors(const disk_state *disk, watched_file *file, uint64_t *random) {
    char durable[4096];
    durable_path(disk, file->path, durable, sizeof durable);
    int source = open(file->path, O_RDONLY | O_CLOEXEC);
    if (source < 0) return true;
    int target = open(durable, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    bool done = target >= 0;
    for (size_t i = 0; done && i < file->dirty_count; i++) {
        sqlite3_int64 start = file->dirty[i].start;
        while (done && start < file->dirty[i].end) {
            sqlite3_int64 end = (start / sector + 1) * sector;
            if (end > file->dirty[i].end) end = file->dirty[i].end;
            if (next_random(random) >> 63) done = copy_range(source, target, start, end);
            start = end;
        }
    }
    close(source);
    if (target >= 0) close(target);
    return done;
}

// MARK: Faults

// Counts an operation; a result code where it has to fail. The caller holds the lock.
static int attempt(int number, faulty_disk_operation operation, int when_off) {
    disk_state *disk = &disks[number];
    if (disk->is_off) return when_off;
    uint64_t count = ++disk->counts[operation];
    if (disk->is_armed && disk->armed == operation && count >= disk->fails_from && count <= disk->fails_through) {
        disk->failures++;
        if (disk->code == SQLITE_OK) {
            disk->is_off = true;
            return when_off;
        }
        return disk->code;
    }
    return SQLITE_OK;
}

static int guarded(int number, faulty_disk_operation operation, int when_off) {
    if (number < 0) return SQLITE_OK;
    pthread_mutex_lock(&lock);
    int code = attempt(number, operation, when_off);
    pthread_mutex_unlock(&lock);
    return code;
}

static int disk_of(const char *path) {
    if (!path) return -1;
    for (int i = 0; i < maximum_disks; i++) {
        if (!disks[i].is_used) continue;
        size_t length = strlen(disks[i].directory);
        if (strncmp(path, disks[i].directory, length) == 0 && path[length] == '/') return i;
    }
    return -1;
}

static watched_file *file_of(disk_state *disk, const char *path) {
    for (int i = 0; i < disk->file_count; i++)
        if (strcmp(disk->files[i].path, path) == 0) return &disk->files[i];
    if (disk->file_count == maximum_files) die("faulty disk: too many files");
    watched_file *file = &disk->files[disk->file_count++];
    *file = (watched_file){.path = copy_of(path)};
    // What was there before it was watched is durable.
    char durable[4096];
    durable_path(disk, path, durable, sizeof durable);
    if (access(path, F_OK) == 0 && access(durable, F_OK) != 0 && !copy_file(path, durable)) die(path);
    return file;
}

// MARK: Files

#define real_of(file) (((faulty_file *)(file))->real)
#define call(file, method, ...) real_of(file)->pMethods->method(real_of(file), ##__VA_ARGS__)

static int file_close(sqlite3_file *file) { return call(file, xClose); }

static int file_read(sqlite3_file *file, void *into, int count, sqlite3_int64 offset) {
    int code = guarded(((faulty_file *)file)->disk, faulty_disk_read, SQLITE_IOERR_READ);
    return code != SQLITE_OK ? code : call(file, xRead, into, count, offset);
}

static int file_write(sqlite3_file *file, const void *from, int count, sqlite3_int64 offset) {
    faulty_file *faulty = (faulty_file *)file;
    if (!faulty->watched) return call(file, xWrite, from, count, offset);
    pthread_mutex_lock(&lock);
    int code = attempt(faulty->disk, faulty_disk_write, SQLITE_IOERR_WRITE);
    if (!disks[faulty->disk].is_off) {
        // A write that fails may have come half way.
        int written = code == SQLITE_OK ? count : count / 2;
        int outcome = written > 0 ? call(file, xWrite, from, written, offset) : SQLITE_OK;
        note_dirty(faulty->watched, offset, offset + written);
        if (code == SQLITE_OK) code = outcome;
    }
    pthread_mutex_unlock(&lock);
    return code;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size) {
    int code = guarded(((faulty_file *)file)->disk, faulty_disk_truncate, SQLITE_IOERR_TRUNCATE);
    return code != SQLITE_OK ? code : call(file, xTruncate, size);
}

// The second copy takes the place of the disk, so nothing is asked of the real one.
static int file_sync(sqlite3_file *file, int flags) {
    faulty_file *faulty = (faulty_file *)file;
    if (!faulty->watched) return call(file, xSync, flags);
    pthread_mutex_lock(&lock);
    int code = attempt(faulty->disk, faulty_disk_sync, SQLITE_IOERR_FSYNC);
    if (code == SQLITE_OK) make_durable(&disks[faulty->disk], faulty->watched);
    pthread_mutex_unlock(&lock);
    return code;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size) { return call(file, xFileSize, size); }
static int file_lock(sqlite3_file *file, int level) { return call(file, xLock, level); }
static int file_unlock(sqlite3_file *file, int level) { return call(file, xUnlock, level); }
static int file_is_reserved(sqlite3_file *file, int *out) { return call(file, xCheckReservedLock, out); }
static int file_control(sqlite3_file *file, int operation, void *argument) {
    return call(file, xFileControl, operation, argument);
}
static int file_sector_size(sqlite3_file *file) { return call(file, xSectorSize); }
static int file_characteristics(sqlite3_file *file) { return call(file, xDeviceCharacteristics); }

static int file_map_shared(sqlite3_file *file, int region, int size, int extend, void volatile **out) {
    int code = guarded(((faulty_file *)file)->disk, faulty_disk_shared_memory, SQLITE_IOERR_SHMMAP);
    return code != SQLITE_OK ? code : call(file, xShmMap, region, size, extend, out);
}
static int file_lock_shared(sqlite3_file *file, int offset, int count, int flags) {
    return call(file, xShmLock, offset, count, flags);
}
static void file_barrier(sqlite3_file *file) { call(file, xShmBarrier); }
static int file_unmap_shared(sqlite3_file *file, int is_deleted) { return call(file, xShmUnmap, is_deleted); }

static const sqlite3_io_methods methods = {
    .iVersion = 2, .xClose = file_close, .xRead = file_read, .xWrite = file_write, .xTruncate = file_truncate,
    .xSync = file_sync, .xFileSize = file_size, .xLock = file_lock, .xUnlock = file_unlock,
    .xCheckReservedLock = file_is_reserved, .xFileControl = file_control, .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_characteristics, .xShmMap = file_map_shared, .xShmLock = file_lock_shared,
    .xShmBarrier = file_barrier, .xShmUnmap = file_unmap_shared,
};

// MARK: The VFS

static int vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *flags_out) {
    (void)vfs;
    faulty_file *faulty = (faulty_file *)file;
    *faulty = (faulty_file){.disk = -1, .real = (sqlite3_file *)(faulty + 1)};
    pthread_mutex_lock(&lock);
    faulty->disk = disk_of(path);
    int code = faulty->disk < 0 ? SQLITE_OK : attempt(faulty->disk, faulty_disk_open, SQLITE_CANTOPEN);
    if (code == SQLITE_OK && faulty->disk >= 0) faulty->watched = file_of(&disks[faulty->disk], path);
    pthread_mutex_unlock(&lock);
    if (code != SQLITE_OK) return code;
    code = system_vfs->xOpen(system_vfs, path, faulty->real, flags, flags_out);
    if (faulty->real->pMethods) faulty->base.pMethods = &methods;
    return code;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int is_synced) {
    (void)vfs;
    pthread_mutex_lock(&lock);
    int number = disk_of(path);
    int code = number < 0 ? SQLITE_OK : attempt(number, faulty_disk_delete, SQLITE_IOERR_DELETE);
    if (code == SQLITE_OK) {
        code = system_vfs->xDelete(system_vfs, path, is_synced);
        if (code == SQLITE_OK && number >= 0) {
            char durable[4096];
            durable_path(&disks[number], path, durable, sizeof durable);
            unlink(durable);
            file_of(&disks[number], path)->dirty_count = 0;
        }
    }
    pthread_mutex_unlock(&lock);
    return code;
}

bool faulty_disk_install(void) {
    static sqlite3_vfs own;
    pthread_mutex_lock(&lock);
    bool done = system_vfs != NULL;
    if (!done && (system_vfs = sqlite3_vfs_find(NULL))) {
        own = *system_vfs;
        own.zName = "faulty-disk";
        own.szOsFile = (int)sizeof(faulty_file) + system_vfs->szOsFile;
        own.pNext = NULL;
        own.xOpen = vfs_open;
        own.xDelete = vfs_delete;
        done = sqlite3_vfs_register(&own, 1) == SQLITE_OK;
    }
    pthread_mutex_unlock(&lock);
    return done;
}

// MARK: What tests ask for

int faulty_disk_watch(const char *directory, const char *durable) {
    pthread_mutex_lock(&lock);
    int number = 0;
    while (number < maximum_disks && disks[number].is_used) number++;
    if (number == maximum_disks) {
        number = -1;
    } else {
        disks[number] = (disk_state){.is_used = true, .directory = copy_of(directory), .durable = copy_of(durable)};
    }
    pthread_mutex_unlock(&lock);
    return number;
}

void faulty_disk_forget(int number) {
    pthread_mutex_lock(&lock);
    disk_state *disk = &disks[number];
    for (int i = 0; i < disk->file_count; i++) {
        free(disk->files[i].path);
        free(disk->files[i].dirty);
    }
    free(disk->directory);
    free(disk->durable);
    *disk = (disk_state){.is_used = false};
    pthread_mutex_unlock(&lock);
}

void faulty_disk_fail(int number, faulty_disk_operation operation, uint64_t first, uint64_t following, int code) {
    pthread_mutex_lock(&lock);
    disk_state *disk = &disks[number];
    disk->is_armed = true;
    disk->armed = operation;
    disk->fails_from = disk->counts[operation] + first;
    disk->fails_through = following ? disk->fails_from + following - 1 : UINT64_MAX;
    disk->code = code;
    pthread_mutex_unlock(&lock);
}

void faulty_disk_heal(int number) {
    pthread_mutex_lock(&lock);
    disks[number].is_armed = false;
    pthread_mutex_unlock(&lock);
}

uint64_t faulty_disk_count(int number, faulty_disk_operation operation) {
    pthread_mutex_lock(&lock);
    uint64_t count = disks[number].counts[operation];
    pthread_mutex_unlock(&lock);
    return count;
}

uint64_t faulty_disk_failures(int number) {
    pthread_mutex_lock(&lock);
    uint64_t count = disks[number].failures;
    pthread_mutex_unlock(&lock);
    return count;
}

uint64_t faulty_disk_unsynced(int number, const char *suffix) {
    uint64_t bytes = 0;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < disks[number].file_count; i++) {
        watched_file *file = &disks[number].files[i];
        size_t length = strlen(file->path), tail = strlen(suffix);
        if (length < tail || strcmp(file->path + length - tail, suffix) != 0) continue;
        for (size_t j = 0; j < file->dirty_count; j++) bytes += (uint64_t)(file->dirty[j].end - file->dirty[j].start);
    }
    pthread_mutex_unlock(&lock);
    return bytes;
}

void faulty_disk_power_off(int number) {
    pthread_mutex_lock(&lock);
    disks[number].is_off = true;
    pthread_mutex_unlock(&lock);
}

bool faulty_disk_power_on(int number, uint64_t seed) {
    bool done = true;
    pthread_mutex_lock(&lock);
    disk_state *disk = &disks[number];
    for (int i = 0; i < disk->file_count; i++) {
        watched_file *file = &disk->files[i];
        if (seed) done = keep_some_sectors(disk, file, &seed) && done;
        file->dirty_count = 0;
        // A new file, so that nobody has locks on it.
        unlink(file->path);
        char other[4096];
        durable_path(disk, file->path, other, sizeof other);
        if (access(other, F_OK) == 0) done = copy_file(other, file->path) && done;
        snprintf(other, sizeof other, "%s-shm", file->path);
        unlink(other);
    }
    disk->is_off = disk->is_armed = false;
    pthread_mutex_unlock(&lock);
    return done;
}
