/* External data: which locations are accepted, where they lead, and that nothing gets out. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../check.h"
#include "../scratch.h"
#include "onnx/external.h"

static char root[256]; /* the working directory of the tests; all paths below are relative to it */

static void make_file(const char *path, const char *contents) {
    FILE *file = fopen(path, "w");
    bool done = file && fputs(contents, file) >= 0;
    if (file) done = fclose(file) == 0 && done;
    if (!done) perror(path), exit(1);
}

static void make_directory(const char *path) {
    if (mkdir(path, 0777) != 0) perror(path), exit(1);
}

static void make_link(const char *target, const char *path) {
    if (symlink(target, path) != 0) perror(path), exit(1);
}

static char found[PATH_MAX];
static uint64_t found_size;

static ExternalStatus look(const ExternalRoots *roots, const char *location) {
    found[0] = '\0';
    found_size = 0;
    return external_resolve(roots, (Bytes){location, strlen(location)}, found, sizeof found, &found_size);
}

static bool found_is(const char *relative, uint64_t size) {
    char whole[PATH_MAX];
    snprintf(whole, sizeof whole, "%s/%s", root, relative);
    return strcmp(found, whole) == 0 && found_size == size;
}

static void test_numbers(void) {
    static const char *const refused[] = {"",
                                          "-1",
                                          "+1",
                                          " 1",
                                          "1 ",
                                          "1e3",
                                          "0x10",
                                          "1.0",
                                          "1\n",
                                          "१",
                                          "1_0",
                                          "18446744073709551616",
                                          "99999999999999999999999"};
    uint64_t value = 7;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        CHECK(!external_parse_number((Bytes){refused[i], strlen(refused[i])}, &value));
        CHECK(value == 7);
    }
    CHECK(!external_parse_number((Bytes){"5\0006", 3}, &value));
    CHECK(external_parse_number(BYTES_LITERAL("0"), &value) && value == 0);
    CHECK(external_parse_number(BYTES_LITERAL("0004096"), &value) && value == 4096);
    CHECK(external_parse_number(BYTES_LITERAL("18446744073709551615"), &value) && value == UINT64_MAX);
}

static void test_plain(void) {
    make_directory("plain");
    make_directory("plain/below");
    make_file("plain/w.bin", "12345");
    make_file("plain/below/w..bin", "123");
    ExternalRoots roots = {.directory = "plain"};
    CHECK(look(&roots, "w.bin") == EXTERNAL_OK && found_is("plain/w.bin", 5));
    CHECK(look(&roots, "./w.bin") == EXTERNAL_OK && found_is("plain/w.bin", 5));
    CHECK(look(&roots, "below//w..bin") == EXTERNAL_OK && found_is("plain/below/w..bin", 3));
    CHECK(look(&roots, "none.bin") == EXTERNAL_MISSING && !found[0]);
    CHECK(look(&roots, "none/w.bin") == EXTERNAL_MISSING);
    CHECK(look(&roots, "w.bin/") == EXTERNAL_MISSING);
    CHECK(look(&roots, "w.bin/x") == EXTERNAL_MISSING);
    CHECK(look(&roots, "below") == EXTERNAL_NOT_A_FILE);
    CHECK(look(&roots, "below/") == EXTERNAL_NOT_A_FILE);
    CHECK(look(&roots, ".") != EXTERNAL_OK);
    char small[8] = "before";
    CHECK(external_resolve(&roots, BYTES_LITERAL("w.bin"), small, sizeof small, &found_size) ==
          EXTERNAL_MISSING);
    CHECK(strcmp(small, "before") == 0);
    CHECK(look(&(ExternalRoots){0}, "w.bin") == EXTERNAL_MISSING);
    CHECK(look(&(ExternalRoots){.directory = ""}, "plain/w.bin") == EXTERNAL_OK &&
          found_is("plain/w.bin", 5));
    CHECK(look(&(ExternalRoots){.directory = "/"}, root + 1) == EXTERNAL_NOT_A_FILE);
    CHECK(look(&(ExternalRoots){.directory = "gone"}, "w.bin") == EXTERNAL_MISSING);
}

static void test_bad_locations(void) {
    ExternalRoots roots = {.directory = "plain"};
    static const char *const bad[] = {
        "",         "/",           "/etc/passwd",        "http://host/w.bin", "C:\\w.b",
        "c:/w.bin", "\\\\host\\w", "file:///etc/passwd", "//w.bin",           "*/_ORT_MEM_ADDR_/*"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK(look(&roots, bad[i]) == EXTERNAL_BAD_LOCATION);
    CHECK(external_resolve(&roots, (Bytes){"w.bin\0.x", 8}, found, sizeof found, &found_size) ==
          EXTERNAL_BAD_LOCATION);
    static const char *const up[] = {"..",       "../plain/w.bin", "below/../w.bin",
                                     "below/..", "./../x",         "below/../../x"};
    for (size_t i = 0; i < sizeof up / sizeof up[0]; i++) CHECK(look(&roots, up[i]) == EXTERNAL_ESCAPES);
    CHECK(look(&roots, "...") == EXTERNAL_MISSING);
    for (int i = EXTERNAL_OK; i <= EXTERNAL_DENIED; i++)
        CHECK(strlen(external_status_explain((ExternalStatus)i)) > 5);
}

static void test_long_names(void) {
    ExternalRoots roots = {.directory = "plain"};
    char name[3 * PATH_MAX];
    memset(name, 'x', sizeof name);
    for (size_t size = 255; size < sizeof name; size += 61) {
        CHECK(external_resolve(&roots, (Bytes){name, size}, found, sizeof found, &found_size) ==
              EXTERNAL_MISSING);
        for (size_t i = 2; i < size; i += 3) name[i] = '/';
        CHECK(external_resolve(&roots, (Bytes){name, size}, found, sizeof found, &found_size) ==
              EXTERNAL_MISSING);
        for (size_t i = 2; i < size; i += 3) name[i] = 'x';
    }
    name[PATH_MAX + 5] = '\0';
    CHECK(look(&(ExternalRoots){.directory = name}, "w.bin") == EXTERNAL_MISSING);
    memcpy(name, "plain/", 6);
    name[6 + 255] = '\0';
    make_file(name, "1");
    CHECK(look(&roots, name + 6) == EXTERNAL_OK && found_size == 1);
}

static void test_links(void) {
    make_directory("links");
    make_directory("links2"); /* not inside links, though its name starts so */
    make_directory("links/blobs");
    make_file("links/blobs/w", "1234");
    make_file("links2/w", "secret");
    make_file("outside", "secret");
    make_link("blobs/w", "links/in");
    make_link("../outside", "links/out");
    make_link("../links2/w", "links/beside");
    make_link("../links2", "links/directory");
    make_link("/etc", "links/etc");
    make_link("loop", "links/loop");
    make_link("nowhere", "links/dangling");
    make_link("..", "links/up");
    ExternalRoots roots = {.directory = "links"};
    CHECK(look(&roots, "in") == EXTERNAL_OK && found_is("links/blobs/w", 4));
    CHECK(look(&roots, "out") == EXTERNAL_ESCAPES && !found[0]);
    CHECK(look(&roots, "beside") == EXTERNAL_ESCAPES);
    CHECK(look(&roots, "directory/w") == EXTERNAL_ESCAPES);
    CHECK(look(&roots, "etc/passwd") == EXTERNAL_ESCAPES);
    CHECK(look(&roots, "up/outside") == EXTERNAL_ESCAPES);
    CHECK(look(&roots, "up/links/in") == EXTERNAL_OK && found_is("links/blobs/w", 4));
    CHECK(look(&roots, "loop") == EXTERNAL_DENIED);
    CHECK(look(&roots, "dangling") == EXTERNAL_MISSING);
    make_link("links", "alias");
    CHECK(look(&(ExternalRoots){.directory = "alias"}, "in") == EXTERNAL_OK && found_is("links/blobs/w", 4));
    roots.data_root = "links2";
    CHECK(look(&roots, "beside") == EXTERNAL_OK && found_is("links2/w", 6));
    CHECK(look(&roots, "out") == EXTERNAL_ESCAPES);
}

/* Two roots: the first with something there decides. */
static void test_data_root(void) {
    make_directory("first");
    make_directory("second");
    make_file("first/both", "1");
    make_file("second/both", "22");
    make_file("second/only", "333");
    make_file("second/taken", "4444");
    make_directory("first/taken");
    ExternalRoots roots = {.directory = "first", .data_root = "second"};
    CHECK(look(&roots, "both") == EXTERNAL_OK && found_is("first/both", 1));
    CHECK(look(&roots, "only") == EXTERNAL_OK && found_is("second/only", 3));
    CHECK(look(&roots, "taken") == EXTERNAL_NOT_A_FILE);
    roots.data_root = NULL;
    CHECK(look(&roots, "only") == EXTERNAL_MISSING);
}

/* As download caches are: snapshots/x/NAME links into blobs. */
static void test_cache(void) {
    make_directory("cache");
    make_directory("cache/blobs");
    make_directory("cache/snapshots");
    make_directory("cache/snapshots/x");
    make_file("cache/blobs/aa", "model");
    make_file("cache/blobs/bb", "weights");
    make_file("cache/secret", "secret");
    make_link("../../blobs/aa", "cache/snapshots/x/model.onnx");
    make_link("../../blobs/bb", "cache/snapshots/x/model.onnx_data");
    make_link("../../secret", "cache/snapshots/x/other_data");
    ExternalRoots roots = {.directory = "cache/snapshots/x", .resolved_directory = "cache/blobs"};
    CHECK(look(&roots, "model.onnx_data") == EXTERNAL_OK && found_is("cache/blobs/bb", 7));
    CHECK(look(&roots, "bb") == EXTERNAL_OK && found_is("cache/blobs/bb", 7));
    CHECK(look(&roots, "other_data") == EXTERNAL_ESCAPES);
    Error err;
    char text[8] = "";
    CHECK(look(&roots, "model.onnx_data") == EXTERNAL_OK);
    Source *source = external_open(found, &roots, &err);
    CHECK(source && source->size == 7 && source_read(source, 0, text, 7, &err) && !strcmp(text, "weights"));
    source_close(source);
    roots.resolved_directory = NULL;
    CHECK(look(&roots, "model.onnx_data") == EXTERNAL_ESCAPES);
}

static void test_no_files(void) {
    make_directory("odd");
    CHECK(mkfifo("odd/fifo", 0666) == 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "odd/socket"};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0);
    close(fd);
    ExternalRoots roots = {.directory = "odd", .data_root = "/dev"};
    CHECK(look(&roots, "fifo") == EXTERNAL_NOT_A_FILE);
    CHECK(look(&roots, "socket") == EXTERNAL_NOT_A_FILE);
    CHECK(look(&roots, "null") == EXTERNAL_NOT_A_FILE);
    CHECK(look(&roots, "zero") == EXTERNAL_NOT_A_FILE);
    make_file("odd/locked", "1");
    if (geteuid() != 0) {
        CHECK(chmod("odd/locked", 0) == 0);
        CHECK(look(&roots, "locked") == EXTERNAL_DENIED);
    }
}

static bool refuses_to_open(const char *path, const ExternalRoots *roots, const char *word) {
    Error err = {0};
    Source *source = external_open(path, roots, &err);
    source_close(source);
    if (!source && err.code == ERROR_DATA && strstr(err.message, word)) return true;
    printf("opening %s: %s\n", path, source ? "opened" : err.message);
    return false;
}

/* What changes between looking and opening is noticed. */
static void test_swaps(void) {
    make_directory("swap");
    make_directory("swap/below");
    make_directory("swapped");
    make_file("swap/below/w", "good");
    make_file("swapped/w", "secret");
    ExternalRoots roots = {.directory = "swap"};
    char path[PATH_MAX];
    CHECK(look(&roots, "below/w") == EXTERNAL_OK);
    strcpy(path, found);
    Error err;
    Source *source = external_open(path, &roots, &err);
    CHECK(source && source->size == 4);
    source_close(source);
    CHECK(rename("swap/below", "swap/real") == 0);
    CHECK(refuses_to_open(path, &roots, "No such file"));
    make_link("real", "swap/below"); /* a link that stays inside is none the less not what was looked at */
    CHECK(refuses_to_open(path, &roots, "something else now"));
    CHECK(unlink("swap/below") == 0);
    make_link("../swapped", "swap/below");
    CHECK(refuses_to_open(path, &roots, "something else now"));
    CHECK(unlink("swap/below") == 0 && rename("swap/real", "swap/below") == 0);
    CHECK(unlink("swap/below/w") == 0);
    make_link("../../swapped/w", "swap/below/w");
    CHECK(refuses_to_open(path, &roots, "something else now"));
    CHECK(unlink("swap/below/w") == 0 && mkfifo("swap/below/w", 0666) == 0);
    CHECK(refuses_to_open(path, &roots, "something else now"));
    CHECK(unlink("swap/below/w") == 0);
    make_directory("swap/below/w");
    CHECK(refuses_to_open(path, &roots, "something else now"));
}

static void test_open_outside(void) {
    ExternalRoots roots = {.directory = "plain"};
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/outside", root);
    CHECK(refuses_to_open(path, &roots, "leads out"));
    snprintf(path, sizeof path, "%s/plain/../outside", root);
    CHECK(refuses_to_open(path, &roots, "leads out"));
    snprintf(path, sizeof path, "%s/plain", root);
    CHECK(refuses_to_open(path, &roots, "leads out"));
    CHECK(refuses_to_open("plain/w.bin", &roots, "leads out"));
    CHECK(refuses_to_open("", &roots, "leads out"));
    CHECK(refuses_to_open("/", &(ExternalRoots){.directory = "/"}, "leads out"));
    snprintf(path, sizeof path, "%s/plain/w.bin", root);
    CHECK(refuses_to_open(path, &(ExternalRoots){0}, "leads out"));
}

int main(void) {
    if (!scratch_enter("external_test", root, sizeof root)) return 1;
    test_numbers();
    test_plain();
    test_bad_locations();
    test_long_names();
    test_links();
    test_data_root();
    test_cache();
    test_no_files();
    test_swaps();
    test_open_outside();
    scratch_leave(root);
    return check_report();
}
