/* Preloaded into a program, this writes down what a disk must still hold after a power cut: for each file the content
 * that was last synced, for each folder the names that were last synced. Everything else is forgotten.
 *
 * FORGETFUL_SHADOW is the folder of the record. `content/<inode>.0` and `.1` are the last two synced contents of a file,
 * `names/<inode>.0` and `.1` the last two synced lists of a folder, with lines `<inode> <d or f> <name>`; `<inode>.now`
 * says which of the two counts. (A file renamed over another would be flushed by ext4, and each sync would take long.)
 * `keep/<inode>` is a hard link that keeps the system from giving the inode to another file.
 * With FORGETFUL_LIES the disk says that it has synced and has not: nothing is written down.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* A disk that cannot write its record is of no use to the test. */
static void give_up(const char *what) {
    fprintf(stderr, "forgetful: %s: %s\n", what, strerror(errno));
    abort();
}

/* One thing's place in the record. */
struct place {
    char path[4096];
    char next;
};

/* Opens the slot that does not count now. */
static int open_slot(struct place *place, const char *shadow, const char *kind, ino_t inode) {
    char slot[4200], now = '1';
    snprintf(place->path, sizeof place->path, "%s/%s/%llu", shadow, kind, (unsigned long long)inode);
    snprintf(slot, sizeof slot, "%s.now", place->path);
    int fd = open(slot, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        if (read(fd, &now, 1) != 1) give_up("read");
        close(fd);
    }
    place->next = now == '0' ? '1' : '0';
    snprintf(slot, sizeof slot, "%s.%c", place->path, place->next);
    fd = open(slot, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) give_up("open");
    return fd;
}

/* Makes it the one that counts, in one write of one byte. */
static void count_slot(struct place *place) {
    char now[4200];
    snprintf(now, sizeof now, "%s.now", place->path);
    int fd = open(now, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || pwrite(fd, &place->next, 1, 0) != 1) give_up("count");
    close(fd);
}

static void keep(const char *shadow, const char *source, int folder, ino_t inode) {
    char path[4096];
    snprintf(path, sizeof path, "%s/keep/%llu", shadow, (unsigned long long)inode);
    int flags = folder == AT_FDCWD ? AT_SYMLINK_FOLLOW : 0;
    /* A file that was removed since has no name to be kept by. */
    if (linkat(folder, source, AT_FDCWD, path, flags) != 0 && errno != EEXIST && errno != ENOENT) give_up("keep");
}

static void record_file(const char *shadow, int fd, ino_t inode) {
    struct place place;
    char self[64], block[65536];
    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    keep(shadow, self, AT_FDCWD, inode);
    int from = open(self, O_RDONLY | O_CLOEXEC), to = open_slot(&place, shadow, "content", inode);
    if (from < 0) give_up("open");
    off_t size = 0;
    for (ssize_t found; (found = read(from, block, sizeof block)) != 0; size += found) {
        if (found < 0 || write(to, block, found) != found) give_up("copy");
    }
    if (ftruncate(to, size) != 0) give_up("copy");
    close(from);
    close(to);
    count_slot(&place);
}

static void record_folder(const char *shadow, int fd, ino_t inode) {
    struct place place;
    char self[64];
    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    DIR *folder = opendir(self);
    int to = open_slot(&place, shadow, "names", inode);
    if (!folder || ftruncate(to, 0) != 0) give_up("list");
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        int is_folder = entry->d_type == DT_DIR;
        if (!is_folder) keep(shadow, entry->d_name, dirfd(folder), entry->d_ino);
        dprintf(to, "%llu %c %s\n", (unsigned long long)entry->d_ino, is_folder ? 'd' : 'f', entry->d_name);
    }
    closedir(folder);
    close(to);
    count_slot(&place);
}

static int record(int fd, const char *name) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    int result = real(fd);
    const char *shadow = getenv("FORGETFUL_SHADOW");
    struct stat found;
    if (result != 0 || !shadow || getenv("FORGETFUL_LIES") || fstat(fd, &found) != 0) return result;
    pthread_mutex_lock(&lock);
    if (S_ISDIR(found.st_mode)) record_folder(shadow, fd, found.st_ino);
    else if (S_ISREG(found.st_mode)) record_file(shadow, fd, found.st_ino);
    pthread_mutex_unlock(&lock);
    return 0;
}

int fsync(int fd) { return record(fd, "fsync"); }
int fdatasync(int fd) { return record(fd, "fdatasync"); }
