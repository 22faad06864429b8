/* SHA-256 (FIPS 180-4) over bytes that come piece by piece, and HMAC with it (RFC 2104). How the bytes were cut does not
 * matter. A Sha256 owns nothing and may stand on the stack; after sha256_finish it has to be started anew.
 *
 * Names that are replaced (lua/onnxdoc/redact.lua) are what it is for: whoever sees the replacement learns nothing of the
 * name without the salt. Where the processor has instructions for it they are used, six times as fast.
 */
#ifndef ONNXDOC_SHA256_H
#define ONNXDOC_SHA256_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

enum { SHA256_BYTES = 32, SHA256_BLOCK = 64 };

typedef struct Sha256 {
    uint32_t state[8];
    uint64_t size; /* bytes so far */
    unsigned char block[SHA256_BLOCK];
} Sha256;

void sha256_init(Sha256 *sha);
void sha256_update(Sha256 *sha, const void *bytes, size_t size);
void sha256_finish(Sha256 *sha, unsigned char digest[SHA256_BYTES]);

/* The digest of `text` under `key`, which may have any length. */
void sha256_hmac(Bytes key, Bytes text, unsigned char digest[SHA256_BYTES]);

/* Both ways through whole blocks, for the test that compares them; the second one is NULL where the processor has no such
 * instructions. */
typedef void (*Sha256Compress)(uint32_t state[8], const unsigned char *blocks, size_t count);
extern const Sha256Compress sha256_portable;
Sha256Compress sha256_accelerated(void);

#endif
