/* A file system without exchange of two names and without locks, as NFS or FUSE may be: stands before the C library (LD_PRELOAD).
   flock, fcntl's locks and renameat2 are refused for what lies below the folder that WITHOUT_LOCKS names; everything else is passed on. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static int is_below(int descriptor) {
    const char *folder = getenv("WITHOUT_LOCKS");
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (!folder || n < 0)
        return 0;
    path[n] = 0;
    return strncmp(path, folder, strlen(folder)) == 0;
}

int renameat2(int a, const char *b, int c, const char *d, unsigned e) {
    errno = EINVAL;
    return -1;
}

int flock(int descriptor, int operation) {
    static int (*real)(int, int) = NULL;
    if (is_below(descriptor)) {
        errno = ENOLCK;
        return -1;
    }
    if (!real)
        real = (int (*)(int, int))dlsym(RTLD_NEXT, "flock");
    return real(descriptor, operation);
}

static int is_lock(int command) {
    return command == F_SETLK || command == F_SETLKW || command == F_OFD_SETLK || command == F_OFD_SETLKW;
}

#define PASSED_ON(name)                                                       \
    int name(int descriptor, int command, ...) {                              \
        static int (*real)(int, int, ...) = NULL;                             \
        va_list given;                                                        \
        va_start(given, command);                                             \
        void *argument = va_arg(given, void *);                               \
        va_end(given);                                                        \
        if (is_lock(command) && is_below(descriptor)) {                       \
            errno = ENOLCK;                                                   \
            return -1;                                                        \
        }                                                                     \
        if (!real)                                                            \
            real = (int (*)(int, int, ...))dlsym(RTLD_NEXT, #name);           \
        return real(descriptor, command, argument);                           \
    }

PASSED_ON(fcntl)
PASSED_ON(fcntl64)
