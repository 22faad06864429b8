/* Embedded: the Lua files this build ships (lua/, rules/, reports/), byte for byte as they stand in the
 * tree, by their path there: "lua/onnxdoc/escape.lua", "reports/card.lua". The build writes them into
 * read-only data; they live as long as the program and are sorted by path.
 */
#ifndef ONNXDOC_EMBEDDED_H
#define ONNXDOC_EMBEDDED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"

/* The file at `path`; false when this build has none. The byte behind *bytes is 0. */
bool embedded_find(const char *path, Bytes *bytes);

/* Paths by position, in byte order; `i` < embedded_count(). */
size_t embedded_count(void);
const char *embedded_path(size_t i);

#endif
