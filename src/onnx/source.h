/* Source: where a model's bytes come from. One reading function is the one true way in; files, memory
 * blocks and (later) HTTP ranges adapt to it.
 *
 * Files are read with pread, not mapped: a mapped page brings its fifteen neighbours into the resident set,
 * 32 MB for a model of 500 initializers, and a file cut short under a mapping is a signal instead of an
 * error. A Source is owned by whoever opened it and must outlive every Reader over it.
 */
#ifndef ONNXDOC_SOURCE_H
#define ONNXDOC_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

/* Pipes and standard input are read into memory up to this many bytes: what protobuf allows in one file. */
#define SOURCE_STREAM_LIMIT ((uint64_t)2 << 30)
/* A FIFO nobody writes to is given up after this long. */
#define SOURCE_FIFO_WAIT_MS 3000

typedef struct Source Source;
struct Source {
    uint64_t size;
    /* Reads exactly `length` bytes at `offset`; the caller has checked offset + length <= size. */
    bool (*read)(Source *source, uint64_t offset, void *buffer, size_t length, Error *err);
    void (*close)(Source *source); /* frees the Source itself too */
    const char *memory;            /* all bytes, where they are in memory anyway, else NULL */
};

/* Opens a file, a pipe or (path "-") standard input. NULL and *err on failure: code missing, io, limit. */
Source *source_open(const char *path, Error *err);
/* Copies `size` bytes. */
Source *source_from_memory(const void *bytes, size_t size, Error *err);
void source_close(Source *source);

/* Checked read: a range outside the source is ERROR_TRUNCATED, naming both. */
bool source_read(Source *source, uint64_t offset, void *buffer, size_t length, Error *err);

/* A regular file that is open already. Takes `fd` over, also on failure; `path` is for messages. */
Source *source_from_fd(int fd, const char *path, Error *err);

/* Reads `fd`, which stays the caller's, to its end; more than `limit` bytes are ERROR_LIMIT. wait_ms > 0 is
 * for a FIFO opened with O_NONBLOCK: its end only counts after a writer was there, and without one it is
 * given up after that time. A writer that is there may take as long as it likes. */
Source *source_from_stream(int fd, const char *path, uint64_t limit, int wait_ms, Error *err);

/* How messages call a path: quoted, or "standard input" for "-". */
Quoted source_quote(const char *path);

/* The .onnx files in a directory: the first `capacity` of their names in byte order, and how many there are
 * (0 also when the directory cannot be read). */
typedef struct SourceName {
    char text[256];
} SourceName;
uint32_t source_list_models(const char *directory, SourceName *names, uint32_t capacity);

#endif
