#include "onnx/source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"

#define STREAM_FIRST ((size_t)64 << 10)

typedef struct FileSource {
    Source source;
    int fd;
    Quoted name;
} FileSource;

typedef struct MemorySource {
    Source source;
    char *block; /* NULL when there are no bytes */
    size_t capacity;
} MemorySource;

Quoted source_quote(const char *path) {
    if (strcmp(path, "-") == 0) return (Quoted){"standard input"};
    return quote((Bytes){path, strlen(path)});
}

bool source_read(Source *source, uint64_t offset, void *buffer, size_t length, Error *err) {
    if (offset > source->size || length > source->size - offset)
        return error_set(err, ERROR_TRUNCATED, offset,
                         "%zu bytes wanted at byte %" PRIu64 ", the file ends at byte %" PRIu64, length,
                         offset, source->size);
    return length == 0 || source->read(source, offset, buffer, length, err);
}

void source_close(Source *source) {
    if (source) source->close(source);
}

/* ---- files ---- */

static bool file_read(Source *source, uint64_t offset, void *buffer, size_t length, Error *err) {
    FileSource *self = (FileSource *)source;
    for (size_t done = 0; done < length;) {
        ssize_t got = pread(self->fd, (char *)buffer + done, length - done, (off_t)(offset + done));
        if (got > 0) done += (size_t)got;
        else if (got == 0)
            return error_set(err, ERROR_TRUNCATED, offset,
                             "%s: the file was cut short while it was read: %zu bytes at byte %" PRIu64
                             " expected, %zu left",
                             self->name.text, length, offset, done);
        else if (errno != EINTR)
            return error_set(err, ERROR_IO, offset, "%s: reading %zu bytes at byte %" PRIu64 " failed: %s",
                             self->name.text, length, offset, strerror(errno));
    }
    return true;
}

static void file_close(Source *source) {
    close(((FileSource *)source)->fd);
    free(source);
}

Source *source_from_fd(int fd, const char *path, Error *err) {
    struct stat st;
    FileSource *self = NULL;
    if (fstat(fd, &st) != 0) {
        error_set(err, ERROR_IO, ERROR_NO_OFFSET, "%s: %s", source_quote(path).text, strerror(errno));
        goto fail;
    }
    if (!S_ISREG(st.st_mode)) {
        error_set(err, ERROR_IO, ERROR_NO_OFFSET, "%s is not a regular file", source_quote(path).text);
        goto fail;
    }
    self = malloc(sizeof *self);
    if (!self) {
        error_memory(err, "an open file");
        goto fail;
    }
    *self = (FileSource){{(uint64_t)st.st_size, file_read, file_close, NULL}, fd, source_quote(path)};
    return &self->source;
fail:
    close(fd);
    return NULL;
}

/* ---- memory ---- */

static bool memory_read(Source *source, uint64_t offset, void *buffer, size_t length, Error *err) {
    (void)err;
    memcpy(buffer, source->memory + offset, length);
    return true;
}

static void memory_close(Source *source) {
    MemorySource *self = (MemorySource *)source;
    memory_free(self->block, self->capacity);
    free(self);
}

static MemorySource *memory_source_new(Error *err) {
    MemorySource *self = malloc(sizeof *self);
    if (self) *self = (MemorySource){{0, memory_read, memory_close, ""}, NULL, 0};
    else error_memory(err, "an open file");
    return self;
}

Source *source_from_memory(const void *bytes, size_t size, Error *err) {
    MemorySource *self = memory_source_new(err);
    if (!self || size == 0) return (Source *)self;
    self->block = memory_resize(NULL, 0, size);
    if (!self->block) {
        error_memory(err, "a model in memory");
        memory_close(&self->source);
        return NULL;
    }
    memcpy(self->block, bytes, size);
    self->capacity = size;
    self->source.memory = self->block;
    self->source.size = size;
    return &self->source;
}

/* ---- streams ---- */

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits until there is something to read or a writer left; false when wait_ms (-1: no limit) are over. */
static bool stream_poll(int fd, int wait_ms) {
    int64_t deadline = wait_ms < 0 ? 0 : now_ms() + wait_ms;
    for (;;) {
        int64_t left = wait_ms < 0 ? -1 : deadline - now_ms();
        if (wait_ms >= 0 && left < 0) left = 0;
        struct pollfd waiting = {.fd = fd, .events = POLLIN};
        int ready = poll(&waiting, 1, (int)left);
        if (ready > 0 || (ready < 0 && errno != EINTR)) return true;
        if (ready == 0) return false;
    }
}

/* Room for at least one byte more; never more than one byte over the limit. */
static bool stream_reserve(MemorySource *self, uint64_t limit, Error *err) {
    size_t used = (size_t)self->source.size;
    if (used < self->capacity) return true;
    uint64_t grown = self->capacity ? (uint64_t)self->capacity * 2 : STREAM_FIRST;
    if (grown > limit + 1) grown = limit + 1;
    char *moved = memory_resize(self->block, self->capacity, (size_t)grown);
    if (!moved) return error_memory(err, "what comes from a pipe");
    self->block = moved;
    self->capacity = (size_t)grown;
    self->source.memory = moved;
    return true;
}

static bool stream_read(MemorySource *self, int fd, const char *path, uint64_t limit, int wait_ms,
                        Error *err) {
    bool waited = false;
    while (stream_reserve(self, limit, err)) {
        size_t used = (size_t)self->source.size;
        ssize_t got = read(fd, self->block + used, self->capacity - used);
        if (got > 0) {
            wait_ms = 0;
            self->source.size += (uint64_t)got;
            if (self->source.size > limit)
                return error_set(err, ERROR_LIMIT, ERROR_NO_OFFSET,
                                 "%s holds more than %" PRIu64
                                 " bytes, the limit for what is not a regular file: "
                                 "save it to a file first",
                                 source_quote(path).text, limit);
        } else if (got == 0) {
            if (wait_ms <= 0) return true;
            if (waited)
                return error_set(err, ERROR_IO, ERROR_NO_OFFSET, "%s is a FIFO that nobody wrote to for %g s",
                                 source_quote(path).text, wait_ms / 1000.0);
            waited = !stream_poll(fd, wait_ms);
            if (!waited) wait_ms = 0;
        } else if (errno == EAGAIN) {
            wait_ms = 0;
            stream_poll(fd, -1);
        } else if (errno != EINTR) {
            return error_set(err, ERROR_IO, self->source.size, "%s: reading failed: %s",
                             source_quote(path).text, strerror(errno));
        }
    }
    return false;
}

Source *source_from_stream(int fd, const char *path, uint64_t limit, int wait_ms, Error *err) {
    MemorySource *self = memory_source_new(err);
    if (!self) return NULL;
    if (stream_read(self, fd, path, limit, wait_ms, err)) return &self->source;
    memory_close(&self->source);
    return NULL;
}

/* An unnamed pipe gets no new writer: its end is the end, also when it was empty. */
static int fifo_wait(int fd) {
    struct statfs fs;
    return fstatfs(fd, &fs) == 0 && fs.f_type == PIPEFS_MAGIC ? 0 : SOURCE_FIFO_WAIT_MS;
}

/* ---- directories ---- */

static bool is_model_name(const char *name) {
    size_t size = strlen(name);
    return size > 5 && strcasecmp(name + size - 5, ".onnx") == 0;
}

uint32_t source_list_models(const char *directory, SourceName *names, uint32_t capacity) {
    DIR *entries = opendir(directory);
    if (!entries) return 0;
    uint32_t count = 0;
    for (struct dirent *entry; (entry = readdir(entries));) {
        if (entry->d_type == DT_DIR || !is_model_name(entry->d_name)) continue;
        uint32_t at = count < capacity ? count : capacity;
        while (at > 0 && strcmp(names[at - 1].text, entry->d_name) > 0) {
            if (at < capacity) names[at] = names[at - 1];
            at--;
        }
        if (at < capacity) snprintf(names[at].text, sizeof names[at].text, "%s", entry->d_name);
        count++;
    }
    closedir(entries);
    return count;
}

static void explain_directory(const char *path, Error *err) {
    SourceName names[3];
    uint32_t count = source_list_models(strcmp(path, "-") == 0 ? "/dev/stdin" : path, names, 3);
    char list[3 * sizeof(Quoted) + 32] = "";
    size_t used = 0;
    for (uint32_t i = 0; i < count && i < 3; i++) {
        const char *joint = i + 1 == count ? " and " : ", ";
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? joint : "",
                                 quote((Bytes){names[i].text, strlen(names[i].text)}).text);
    }
    if (count > 3) snprintf(list + used, sizeof list - used, " and %" PRIu32 " more", count - 3);
    if (count == 0)
        error_set(err, ERROR_IO, ERROR_NO_OFFSET,
                  "%s is a directory and holds no .onnx file: name a model file", source_quote(path).text);
    else
        error_set(err, ERROR_IO, ERROR_NO_OFFSET, "%s is a directory; it holds %s: name %s",
                  source_quote(path).text, list, count == 1 ? "that file" : "one of them");
}

/* ---- opening ---- */

static void explain_missing(const char *path, int number, Error *err) {
    char target[PATH_MAX];
    ssize_t size = readlink(path, target, sizeof target);
    if (number == ENOENT && size > 0)
        error_set(err, ERROR_MISSING, ERROR_NO_OFFSET, "%s is a symbolic link to %s, which is not there",
                  source_quote(path).text, quote((Bytes){target, (size_t)size}).text);
    else if (number == ENOENT)
        error_set(err, ERROR_MISSING, ERROR_NO_OFFSET, "%s: there is no such file", source_quote(path).text);
    else
        error_set(err, ERROR_MISSING, ERROR_NO_OFFSET,
                  "%s: a part of this path before the last is not a directory", source_quote(path).text);
}

static void explain_open(const char *path, int number, Error *err) {
    struct stat st;
    if (number == ENOENT || number == ENOTDIR) explain_missing(path, number, err);
    else if (number == ENXIO && stat(path, &st) == 0 && S_ISSOCK(st.st_mode))
        error_set(err, ERROR_IO, ERROR_NO_OFFSET, "%s is a socket, not a file", source_quote(path).text);
    else
        error_set(err, ERROR_IO, ERROR_NO_OFFSET, "%s cannot be opened: %s", source_quote(path).text,
                  strerror(number));
}

/* Opens what is not a regular file; `fd` stays the caller's. */
static Source *open_special(int fd, const char *path, mode_t mode, Error *err) {
    bool is_stdin = strcmp(path, "-") == 0;
    if (S_ISDIR(mode)) {
        explain_directory(path, err);
        return NULL;
    }
    if (S_ISCHR(mode) && isatty(fd)) {
        error_set(err, ERROR_IO, ERROR_NO_OFFSET, "%s is a terminal: redirect a model into it or name a file",
                  source_quote(path).text);
        return NULL;
    }
    if (S_ISFIFO(mode))
        return source_from_stream(fd, path, SOURCE_STREAM_LIMIT, is_stdin ? 0 : fifo_wait(fd), err);
    if (S_ISCHR(mode) || (S_ISSOCK(mode) && is_stdin))
        return source_from_stream(fd, path, SOURCE_STREAM_LIMIT, 0, err);
    error_set(err, ERROR_IO, ERROR_NO_OFFSET, "%s is a %s, not a file", source_quote(path).text,
              S_ISBLK(mode) ? "block device" : "special file");
    return NULL;
}

Source *source_open(const char *path, Error *err) {
    if (path[0] == '\0') {
        error_set(err, ERROR_MISSING, ERROR_NO_OFFSET, "'': the path is empty");
        return NULL;
    }
    int fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                                    : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        explain_open(path, errno, err);
        return NULL;
    }
    struct stat st;
    if (fstat(fd, &st) != 0) {
        error_set(err, ERROR_IO, ERROR_NO_OFFSET, "%s: %s", source_quote(path).text, strerror(errno));
        close(fd);
        return NULL;
    }
    if (S_ISREG(st.st_mode)) return source_from_fd(fd, path, err);
    Source *source = open_special(fd, path, st.st_mode, err);
    close(fd);
    return source;
}
