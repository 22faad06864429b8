#include "onnx/external.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOT_COUNT 3

/* How ONNX Runtime marks data that was in the memory of the process that saved the model. */
#define MEMORY_MARK "*/_ORT_MEM_ADDR_/*"

/* ---- the location as text ---- */

static bool bytes_contain(Bytes text, Bytes part) {
    return memmem(text.data, text.size, part.data, part.size) != NULL;
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A path of another system's root: C:\weights.bin, C:/weights.bin, \\server\share. */
static bool is_foreign_absolute(Bytes text) {
    const char *p = text.data;
    return (text.size >= 3 && is_letter(p[0]) && p[1] == ':' && (p[2] == '\\' || p[2] == '/')) ||
           (text.size >= 2 && p[0] == '\\' && p[1] == '\\');
}

/* The component at *at, which moves behind it; false at the end. Empty components are skipped. */
static bool next_component(Bytes path, size_t *at, Bytes *component) {
    while (*at < path.size && path.data[*at] == '/') ++*at;
    size_t start = *at;
    while (*at < path.size && path.data[*at] != '/') ++*at;
    *component = (Bytes){path.data + start, *at - start};
    return component->size > 0;
}

static bool has_component(Bytes path, Bytes wanted) {
    Bytes component;
    for (size_t at = 0; next_component(path, &at, &component);)
        if (bytes_equal(component, wanted)) return true;
    return false;
}

static ExternalStatus location_check(Bytes location) {
    if (location.size == 0 || location.data[0] == '/' || memchr(location.data, '\0', location.size) ||
        is_foreign_absolute(location) || bytes_contain(location, BYTES_LITERAL("://")) ||
        bytes_contain(location, BYTES_LITERAL(MEMORY_MARK)))
        return EXTERNAL_BAD_LOCATION;
    if (has_component(location, BYTES_LITERAL(".."))) return EXTERNAL_ESCAPES;
    return EXTERNAL_OK;
}

/* ---- containment ---- */

/* Both are real paths; `root` itself is not inside. */
static bool path_is_inside(const char *path, const char *root) {
    size_t size = strlen(root);
    if (size == 1) return path[1] != '\0';
    return strncmp(path, root, size) == 0 && path[size] == '/';
}

static void roots_list(const ExternalRoots *roots, const char *list[ROOT_COUNT]) {
    list[0] = roots->directory;
    list[1] = roots->resolved_directory;
    list[2] = roots->data_root;
    for (int i = 0; i < ROOT_COUNT; i++)
        if (list[i] && list[i][0] == '\0') list[i] = ".";
}

static bool roots_contain(const ExternalRoots *roots, const char *path) {
    const char *list[ROOT_COUNT];
    roots_list(roots, list);
    for (int i = 0; i < ROOT_COUNT; i++) {
        char real[PATH_MAX];
        if (list[i] && realpath(list[i], real) && path_is_inside(path, real)) return true;
    }
    return false;
}

/* ---- resolving ---- */

static ExternalStatus status_from_errno(int number) {
    return number == EACCES || number == EPERM || number == ELOOP || number == EIO ? EXTERNAL_DENIED
                                                                                   : EXTERNAL_MISSING;
}

static ExternalStatus resolve_in(const char *root, const ExternalRoots *roots, Bytes location,
                                 char real[PATH_MAX], uint64_t *size) {
    char joined[PATH_MAX];
    if (location.size >= sizeof joined) return EXTERNAL_MISSING;
    int length = snprintf(joined, sizeof joined, "%s/%.*s", root, (int)location.size, location.data);
    if (length < 0 || (size_t)length >= sizeof joined) return EXTERNAL_MISSING;
    if (!realpath(joined, real)) return status_from_errno(errno);
    if (!roots_contain(roots, real)) return EXTERNAL_ESCAPES;
    struct stat st;
    if (stat(real, &st) != 0) return status_from_errno(errno);
    if (!S_ISREG(st.st_mode)) return EXTERNAL_NOT_A_FILE;
    if (faccessat(AT_FDCWD, real, R_OK, AT_EACCESS) != 0) return status_from_errno(errno);
    *size = (uint64_t)st.st_size;
    return EXTERNAL_OK;
}

ExternalStatus external_resolve(const ExternalRoots *roots, Bytes location, char *path, size_t capacity,
                                uint64_t *size) {
    ExternalStatus status = location_check(location);
    if (status != EXTERNAL_OK) return status;
    const char *list[ROOT_COUNT];
    roots_list(roots, list);
    status = EXTERNAL_MISSING;
    for (int i = 0; i < ROOT_COUNT && status == EXTERNAL_MISSING; i++) {
        char real[PATH_MAX];
        uint64_t found;
        if (!list[i]) continue;
        status = resolve_in(list[i], roots, location, real, &found);
        if (status != EXTERNAL_OK) continue;
        if (strlen(real) >= capacity) return EXTERNAL_MISSING;
        memcpy(path, real, strlen(real) + 1);
        *size = found;
    }
    return status;
}

const char *external_status_explain(ExternalStatus status) {
    switch (status) {
    case EXTERNAL_OK: return "is a regular file inside the model's directory";
    case EXTERNAL_ESCAPES: return "leads out of the model's directory";
    case EXTERNAL_MISSING: return "does not exist";
    case EXTERNAL_NOT_A_FILE: return "is not a regular file";
    case EXTERNAL_BAD_LOCATION: return "is not a path relative to the model";
    case EXTERNAL_DENIED: return "cannot be read";
    }
    return "cannot be used";
}

/* ---- opening ---- */

/* Opens an absolute path one component after the other without following links. -1 and errno on failure. */
static int open_without_links(const char *path) {
    Bytes rest = {path, strlen(path)}, component, following;
    int directory = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    size_t at = 0;
    bool more = next_component(rest, &at, &component);
    while (directory >= 0 && more) {
        char name[NAME_MAX + 1];
        if (component.size >= sizeof name) {
            close(directory);
            errno = ENAMETOOLONG;
            return -1;
        }
        memcpy(name, component.data, component.size);
        name[component.size] = '\0';
        more = next_component(rest, &at, &following);
        int kind = more ? O_PATH | O_DIRECTORY : O_RDONLY | O_NONBLOCK | O_NOCTTY;
        struct stat st;
        int opened = -1;
        if (more || fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
            if (more || S_ISREG(st.st_mode)) opened = openat(directory, name, kind | O_NOFOLLOW | O_CLOEXEC);
            else errno = ELOOP;
        }
        int number = errno;
        close(directory);
        errno = number;
        directory = opened;
        component = following;
    }
    return directory;
}

Source *external_open(const char *path, const ExternalRoots *roots, Error *err) {
    Bytes text = {path, strlen(path)};
    if (path[0] != '/' || has_component(text, BYTES_LITERAL("..")) || !roots_contain(roots, path)) {
        error_set(err, ERROR_DATA, ERROR_NO_OFFSET, "external data %s %s", quote(text).text,
                  external_status_explain(EXTERNAL_ESCAPES));
        return NULL;
    }
    int fd = open_without_links(path);
    if (fd < 0) {
        bool replaced = errno == ELOOP || errno == ENOTDIR;
        error_set(err, ERROR_DATA, ERROR_NO_OFFSET, "external data %s cannot be opened: %s", quote(text).text,
                  replaced ? "it was a regular file when the model was read, and is something else now"
                           : strerror(errno));
        return NULL;
    }
    Source *source = source_from_fd(fd, path, err);
    if (!source && err->code == ERROR_IO) err->code = ERROR_DATA;
    return source;
}

bool external_parse_number(Bytes text, uint64_t *value) {
    uint64_t number = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') return false;
        if (__builtin_mul_overflow(number, 10u, &number) ||
            __builtin_add_overflow(number, (uint64_t)(text.data[i] - '0'), &number))
            return false;
    }
    if (text.size == 0) return false;
    *value = number;
    return true;
}
