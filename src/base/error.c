#include "base/error.h"

#include <stdio.h>
#include <string.h>

bool error_set_va(Error *err, ErrorCode code, uint64_t offset, const char *format, va_list args) {
    err->code = code;
    err->offset = offset;
    int length = vsnprintf(err->message, sizeof err->message, format, args);
    if (length >= (int)sizeof err->message) memcpy(err->message + sizeof err->message - 4, "...", 4);
    return false;
}

bool error_set(Error *err, ErrorCode code, uint64_t offset, const char *format, ...) {
    va_list args;
    va_start(args, format);
    error_set_va(err, code, offset, format, args);
    va_end(args);
    return false;
}

bool error_memory(Error *err, const char *what) {
    return error_set(err, ERROR_MEMORY, ERROR_NO_OFFSET, "out of memory for %s", what);
}

const char *error_code_name(ErrorCode code) {
    switch (code) {
    case ERROR_NONE: return "none";
    case ERROR_IO: return "io";
    case ERROR_MISSING: return "missing";
    case ERROR_NOT_ONNX: return "not-onnx";
    case ERROR_TRUNCATED: return "truncated";
    case ERROR_MALFORMED: return "malformed";
    case ERROR_LIMIT: return "limit";
    case ERROR_CYCLE: return "cycle";
    case ERROR_DATA: return "data";
    case ERROR_MEMORY: return "memory";
    }
    return "unknown";
}
