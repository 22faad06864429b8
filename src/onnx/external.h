/* External data: finding and opening the files beside a model that hold its weights.
 *
 * A location comes out of the model and is hostile. It may only lead to a regular file inside one of the
 * roots:
 *
 * 1. It is a relative path; "..", also where it would come back, is refused before anything is looked at.
 * 2. It is looked for in the directory of the path as given, then in the directory of the file that path
 *    leads to, then in the data root. The first of them that has something there decides.
 * 3. All links are followed, and what they lead to must be inside one of the three, component by component
 *    (/a/bc is not inside /a/b). So a download cache works, where model.onnx and its data are both links
 *    into one folder of blobs; a link to anywhere else does not.
 * 4. The file is only looked at (stat), not opened, until its data is wanted; then it is opened without
 *    following any link, so that nothing can be put in its place meanwhile.
 *
 * Nothing here keeps memory; ExternalRoots borrows its strings.
 */
#ifndef ONNXDOC_EXTERNAL_H
#define ONNXDOC_EXTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "onnx/source.h"

/* Each may be NULL; "" is the working directory. With none of them there is no external data. */
typedef struct ExternalRoots {
    const char *directory;          /* of the model's path as the user gave it */
    const char *resolved_directory; /* of the file that path leads to */
    const char *data_root;          /* one more, given by the user */
} ExternalRoots;

typedef enum ExternalStatus {
    EXTERNAL_OK,
    EXTERNAL_ESCAPES,      /* "..", or a link that leads out of the roots */
    EXTERNAL_MISSING,      /* nothing there, or a name longer than any file's */
    EXTERNAL_NOT_A_FILE,   /* a directory, device, FIFO or socket */
    EXTERNAL_BAD_LOCATION, /* empty, NUL, absolute, a URL, or a mark for memory of the exporting process */
    EXTERNAL_DENIED,       /* permissions, or a loop of links */
} ExternalStatus;

/* Looks for a location. EXTERNAL_OK: `path` holds the real path (links resolved, absolute) and *size the
 * file's bytes; else neither is touched. A capacity of PATH_MAX is always enough. */
ExternalStatus external_resolve(const ExternalRoots *roots, Bytes location, char *path, size_t capacity,
                                uint64_t *size);

/* What follows the location in a message: "leads out of the model's directory". */
const char *external_status_explain(ExternalStatus status);

/* Opens a path external_resolve found and checks it once more. NULL and ERROR_DATA (ERROR_MEMORY) when it is
 * not what it was: gone, a link, no regular file, outside the roots. */
Source *external_open(const char *path, const ExternalRoots *roots, Error *err);

/* An offset or length as the format writes them: decimal digits and nothing else; false also when it does
 * not fit 64 bits. */
bool external_parse_number(Bytes text, uint64_t *value);

#endif
