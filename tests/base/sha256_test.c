/* SHA-256 on the messages of the standard's examples, HMAC on those of RFC 4231; both ways through the blocks agree. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../check.h"
#include "base/sha256.h"

static bool is_digest(const unsigned char digest[SHA256_BYTES], const char *hex) {
    char text[2 * SHA256_BYTES + 1];
    for (size_t i = 0; i < SHA256_BYTES; i++) snprintf(text + 2 * i, 3, "%02x", digest[i]);
    if (strcmp(text, hex) != 0) printf("got %s\n", text);
    return strcmp(text, hex) == 0;
}

/* In pieces of `step` bytes. */
static void digest_pieces(const char *bytes, size_t size, size_t step, unsigned char digest[SHA256_BYTES]) {
    Sha256 sha;
    sha256_init(&sha);
    for (size_t at = 0; at < size; at += step)
        sha256_update(&sha, bytes + at, size - at < step ? size - at : step);
    sha256_finish(&sha, digest);
}

static bool gives(const char *message, const char *hex) {
    unsigned char digest[SHA256_BYTES];
    digest_pieces(message, strlen(message), strlen(message) + 1, digest);
    return is_digest(digest, hex);
}

static void test_examples(void) {
    CHECK(gives("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    CHECK(gives("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    CHECK(gives("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"));
    CHECK(gives(
        "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrs"
        "mnopqrstnopqrstu",
        "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"));
}

static void test_million(void) {
    enum { MILLION = 1000000 };
    static char letters[MILLION];
    unsigned char digest[SHA256_BYTES];
    memset(letters, 'a', sizeof letters);
    size_t steps[] = {1, 63, 64, 65, 1000, MILLION};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        digest_pieces(letters, sizeof letters, steps[i], digest);
        CHECK(is_digest(digest, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"));
    }
}

/* Each length around the ends of blocks, cut in two. */
static void test_cuts(void) {
    char bytes[200];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (char)(i * 7);
    for (size_t size = 0; size <= sizeof bytes; size++) {
        unsigned char whole[SHA256_BYTES], cut[SHA256_BYTES];
        digest_pieces(bytes, size, sizeof bytes, whole);
        digest_pieces(bytes, size, size / 2 + 1, cut);
        CHECK(memcmp(whole, cut, sizeof cut) == 0);
    }
}

static void test_both_ways(void) {
    Sha256Compress fast = sha256_accelerated();
    unsigned char blocks[8 * SHA256_BLOCK];
    uint32_t a[8], b[8];
    srand(1);
    for (int round = 0; fast && round < 100; round++) {
        for (size_t i = 0; i < sizeof blocks; i++) blocks[i] = (unsigned char)rand();
        for (size_t i = 0; i < 8; i++) a[i] = b[i] = (uint32_t)rand();
        sha256_portable(a, blocks, 8);
        fast(b, blocks, 8);
        CHECK(memcmp(a, b, sizeof a) == 0);
    }
}

static bool hmac_gives(const char *key, size_t key_size, const char *text, const char *hex) {
    unsigned char digest[SHA256_BYTES];
    sha256_hmac((Bytes){key, key_size}, (Bytes){text, strlen(text)}, digest);
    return is_digest(digest, hex);
}

static void test_hmac(void) {
    char key[131];
    memset(key, 0x0b, 20);
    CHECK(
        hmac_gives(key, 20, "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"));
    CHECK(hmac_gives("Jefe", 4, "what do ya want for nothing?",
                     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"));
    memset(key, 0xaa, sizeof key);
    CHECK(hmac_gives(key, sizeof key, "Test Using Larger Than Block-Size Key - Hash Key First",
                     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"));
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void print_speed(const char *what, Sha256Compress compress) {
    enum { MEGABYTES = 64 };
    static unsigned char megabyte[1 << 20];
    uint32_t state[8] = {0};
    double start = seconds();
    for (int i = 0; compress && i < MEGABYTES; i++) compress(state, megabyte, sizeof megabyte / SHA256_BLOCK);
    if (compress) printf("%s: %.2f GB/s\n", what, MEGABYTES * 1.048576e-3 / (seconds() - start));
}

int main(int count, char **words) {
    if (count > 1 && strcmp(words[1], "--speed") == 0) {
        print_speed("plain", sha256_portable);
        print_speed("with the processor's instructions", sha256_accelerated());
    }
    test_examples();
    test_million();
    test_cuts();
    test_both_ways();
    test_hmac();
    return check_report();
}
