/* Sources (files, pipes, memory) and what a file that is no model is said to be. */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../check.h"
#include "../scratch.h"
#include "onnx/sniff.h"
#include "onnx/source.h"

static void make_file(const char *path, Bytes contents) {
    FILE *file = fopen(path, "w");
    bool done = file && fwrite(contents.data, 1, contents.size, file) == contents.size;
    if (file) done = fclose(file) == 0 && done;
    if (!done) perror(path), exit(1);
}

static void pause_ms(int ms) {
    poll(NULL, 0, ms);
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* The source is refused with this code, and the message has the word in it. */
static bool is_refused(Source *source, const Error *err, ErrorCode code, const char *word) {
    bool good = !source && err->code == code && strstr(err->message, word);
    if (!good) printf("wanted '%s', got: %s\n", word, source ? "a source" : err->message);
    source_close(source);
    return good;
}

static bool open_is_refused(const char *path, ErrorCode code, const char *word) {
    Error err = {0};
    return is_refused(source_open(path, &err), &err, code, word);
}

/* The source holds these bytes; it is closed. */
static bool holds(Source *source, Bytes wanted) {
    Error err;
    if (!source) return false;
    bool good = source->size == wanted.size;
    char *read = malloc(wanted.size + 1);
    good = good && read && source_read(source, 0, read, wanted.size, &err) &&
           bytes_equal(wanted, (Bytes){read, wanted.size});
    free(read);
    source_close(source);
    return good;
}

/* ---- files and memory ---- */

static void check_ranges(Source *source) {
    Error err;
    char byte[4] = {0};
    CHECK(source_read(source, 2, byte, 3, &err) && memcmp(byte, "cde", 4) == 0);
    CHECK(source_read(source, 5, byte, 0, &err));
    CHECK(!source_read(source, 6, byte, 0, &err) && err.code == ERROR_TRUNCATED && err.offset == 6);
    CHECK(!source_read(source, 4, byte, 2, &err) && err.code == ERROR_TRUNCATED);
    CHECK(strstr(err.message, "2 bytes") && strstr(err.message, "byte 4") && strstr(err.message, "byte 5"));
    CHECK(!source_read(source, UINT64_MAX, byte, 2, &err) && err.code == ERROR_TRUNCATED);
    CHECK(!source_read(source, 3, byte, SIZE_MAX, &err) && err.code == ERROR_TRUNCATED);
    CHECK(!source_read(source, UINT64_MAX - 1, byte, SIZE_MAX, &err) && err.code == ERROR_TRUNCATED);
}

static void test_memory(void) {
    Error err;
    char bytes[] = "abcde";
    Source *source = source_from_memory(bytes, 5, &err);
    memset(bytes, 'x', 5);
    CHECK(source && source->size == 5 && source->memory && memcmp(source->memory, "abcde", 5) == 0);
    check_ranges(source);
    source_close(source);
    source = source_from_memory(NULL, 0, &err);
    CHECK(source && source->size == 0 && source->memory);
    CHECK(holds(source, BYTES_LITERAL("")));
    size_t size = (size_t)9 << 20;
    char *large = calloc(1, size);
    if (large) large[size - 1] = 7;
    CHECK(large && holds(source_from_memory(large, size, &err), (Bytes){large, size}));
    free(large);
    source_close(NULL);
}

static void test_file(void) {
    Error err;
    make_file("five", BYTES_LITERAL("abcde"));
    Source *source = source_open("five", &err);
    CHECK(source && source->size == 5 && !source->memory);
    check_ranges(source);
    CHECK(truncate("five", 3) == 0);
    char bytes[8];
    CHECK(source_read(source, 0, bytes, 3, &err) && memcmp(bytes, "abc", 3) == 0);
    CHECK(!source_read(source, 1, bytes, 4, &err) && err.code == ERROR_TRUNCATED && err.offset == 1);
    CHECK(strstr(err.message, "'five'") && strstr(err.message, "cut short") &&
          strstr(err.message, "4 bytes") && strstr(err.message, "byte 1") && strstr(err.message, "2 left"));
    CHECK(!source_read(source, 4, bytes, 1, &err) && err.code == ERROR_TRUNCATED);
    source_close(source);
    make_file("empty", BYTES_LITERAL(""));
    CHECK(holds(source_open("empty", &err), BYTES_LITERAL("")));
}

static void test_refused_paths(void) {
    char longest[PATH_MAX + 100];
    CHECK(open_is_refused("", ERROR_MISSING, "empty"));
    CHECK(open_is_refused("none.onnx", ERROR_MISSING, "'none.onnx'"));
    CHECK(open_is_refused("five/none.onnx", ERROR_MISSING, "not a directory"));
    CHECK(open_is_refused("no\033[31m\nne", ERROR_MISSING, "'no\\x1b[31m\\nne'"));
    CHECK(symlink("gone/m.onnx", "dangling") == 0 && symlink("loop", "loop") == 0);
    CHECK(open_is_refused("dangling", ERROR_MISSING, "'gone/m.onnx', which is not there"));
    CHECK(open_is_refused("loop", ERROR_IO, "'loop'"));
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    CHECK(open_is_refused(longest, ERROR_IO, "File name too long"));
    longest[300] = '\0';
    CHECK(open_is_refused(longest, ERROR_IO, "File name too long"));
    make_file("locked", BYTES_LITERAL("1"));
    if (geteuid() != 0)
        CHECK(chmod("locked", 0) == 0 && open_is_refused("locked", ERROR_IO, "Permission denied"));
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0);
    CHECK(open_is_refused("socket", ERROR_IO, "socket"));
    close(fd);
}

static void test_directory(void) {
    CHECK(mkdir("folder", 0777) == 0 && mkdir("folder/d.onnx", 0777) == 0);
    make_file("folder/notes.txt", BYTES_LITERAL(""));
    make_file("folder/.onnx", BYTES_LITERAL(""));
    CHECK(open_is_refused("folder", ERROR_IO, "'folder' is a directory and holds no .onnx file"));
    make_file("folder/model.onnx", BYTES_LITERAL(""));
    CHECK(open_is_refused("folder", ERROR_IO,
                          "'folder' is a directory; it holds 'model.onnx': name that file"));
    make_file("folder/b.ONNX", BYTES_LITERAL(""));
    CHECK(open_is_refused("folder", ERROR_IO, "holds 'b.ONNX' and 'model.onnx': name one of them"));
    make_file("folder/c\n.onnx", BYTES_LITERAL(""));
    CHECK(open_is_refused("folder/", ERROR_IO, "holds 'b.ONNX', 'c\\n.onnx' and 'model.onnx':"));
    make_file("folder/a.onnx", BYTES_LITERAL(""));
    make_file("folder/z.onnx", BYTES_LITERAL(""));
    CHECK(open_is_refused("folder", ERROR_IO, "holds 'a.onnx', 'b.ONNX', 'c\\n.onnx' and 2 more:"));
    SourceName names[8];
    CHECK(source_list_models("folder", names, 8) == 5 && strcmp(names[4].text, "z.onnx") == 0);
    CHECK(source_list_models("folder", NULL, 0) == 5);
    CHECK(source_list_models("none", names, 8) == 0);
}

/* ---- streams ---- */

/* Runs in a child that writes `text` in two pieces. */
static pid_t start_writer(const char *path, Bytes text, int before_ms, int between_ms) {
    pid_t child = fork();
    if (child) return child;
    pause_ms(before_ms);
    int fd = open(path, O_WRONLY);
    pause_ms(between_ms);
    size_t half = text.size / 2;
    bool done = write(fd, text.data, half) == (ssize_t)half;
    pause_ms(between_ms);
    for (size_t at = half; done && at < text.size;) {
        ssize_t put = write(fd, text.data + at, text.size - at);
        done = put > 0;
        at += done ? (size_t)put : 0;
    }
    _exit(!done);
}

static void test_fifo(void) {
    Error err = {0};
    size_t size = 300001;
    char *text = malloc(size);
    for (size_t i = 0; text && i < size; i++) text[i] = (char)(i * 7 >> 3);
    CHECK(text && mkfifo("fifo", 0666) == 0);
    pid_t writer = start_writer("fifo", (Bytes){text, size}, 100, 50);
    CHECK(holds(source_open("fifo", &err), (Bytes){text, size}));
    waitpid(writer, NULL, 0);
    writer = start_writer("fifo", BYTES_LITERAL(""), 50, 0);
    CHECK(holds(source_open("fifo", &err), BYTES_LITERAL("")));
    waitpid(writer, NULL, 0);

    /* A writer that is there may be slower than the wait. */
    int fd = open("fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    writer = start_writer("fifo", BYTES_LITERAL("slow"), 0, 400);
    pause_ms(100);
    Source *source = source_from_stream(fd, "fifo", 100, 50, &err);
    CHECK(source && source->memory && holds(source, BYTES_LITERAL("slow")));
    waitpid(writer, NULL, 0);
    close(fd);
    free(text);
}

static void test_fifo_without_writer(void) {
    Error err = {0};
    double start = seconds();
    int fd = open("fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    CHECK(is_refused(source_from_stream(fd, "fifo", 100, 150, &err), &err, ERROR_IO,
                     "nobody wrote to for 0.15 s"));
    close(fd);
    CHECK(seconds() - start >= 0.14 && seconds() - start < 2);
    start = seconds();
    CHECK(open_is_refused("fifo", ERROR_IO, "'fifo' is a FIFO that nobody wrote to for 3 s"));
    CHECK(seconds() - start >= 2.9);
}

static void test_limit(void) {
    Error err = {0};
    int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    CHECK(is_refused(source_from_stream(fd, "zero", 1000000, 0, &err), &err, ERROR_LIMIT,
                     "more than 1000000 bytes"));
    close(fd);
    make_file("ten", BYTES_LITERAL("0123456789"));
    for (uint64_t limit = 9; limit <= 11; limit++) {
        fd = open("ten", O_RDONLY | O_CLOEXEC);
        Source *source = source_from_stream(fd, "ten", limit, 0, &err);
        if (limit < 10) CHECK(is_refused(source, &err, ERROR_LIMIT, "'ten'"));
        else CHECK(holds(source, BYTES_LITERAL("0123456789")));
        close(fd);
    }
    CHECK(holds(source_open("/dev/null", &err), BYTES_LITERAL("")));
}

static void test_unnamed_pipe(void) {
    Error err = {0};
    int ends[2];
    char path[32];
    CHECK(pipe(ends) == 0 && write(ends[1], "piped", 5) == 5);
    close(ends[1]);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    CHECK(holds(source_open(path, &err), BYTES_LITERAL("piped")));
    double start = seconds(); /* its writer is gone for good: no waiting */
    CHECK(holds(source_open(path, &err), BYTES_LITERAL("")));
    CHECK(seconds() - start < 1);
    close(ends[0]);
}

/* ---- standard input ---- */

/* Makes `fd` standard input, which is closed with it. */
static void replace_stdin(int fd) {
    if (fd >= 0) {
        dup2(fd, STDIN_FILENO);
        close(fd);
    } else {
        close(STDIN_FILENO);
    }
}

static void test_stdin(void) {
    Error err = {0};
    int ends[2], saved = dup(STDIN_FILENO);
    char byte;
    CHECK(pipe(ends) == 0 && write(ends[1], "piped", 5) == 5);
    close(ends[1]);
    replace_stdin(ends[0]);
    CHECK(holds(source_open("-", &err), BYTES_LITERAL("piped")));
    replace_stdin(open("ten", O_RDONLY));
    CHECK(read(STDIN_FILENO, &byte, 1) == 1);
    Source *source = source_open("-", &err);
    CHECK(source && !source->memory && holds(source, BYTES_LITERAL("0123456789")));
    CHECK(read(STDIN_FILENO, &byte, 1) == 1 && byte == '1'); /* neither closed nor moved */
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0 && write(ends[1], "sent", 4) == 4);
    close(ends[1]);
    replace_stdin(ends[0]);
    CHECK(holds(source_open("-", &err), BYTES_LITERAL("sent")));
    replace_stdin(open("/dev/null", O_RDONLY));
    CHECK(holds(source_open("-", &err), BYTES_LITERAL("")));
    replace_stdin(open("folder", O_RDONLY | O_DIRECTORY));
    CHECK(open_is_refused("-", ERROR_IO, "standard input is a directory; it holds 'a.onnx'"));
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    if (terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0) {
        replace_stdin(open(ptsname(terminal), O_RDWR | O_NOCTTY));
        CHECK(open_is_refused("-", ERROR_IO, "standard input is a terminal"));
    }
    if (terminal >= 0) close(terminal);
    replace_stdin(-1);
    CHECK(open_is_refused("-", ERROR_IO, "standard input cannot be opened"));
    if (saved >= 0) replace_stdin(saved);
}

/* ---- sniffing ---- */

static char explained[sizeof((Error *)0)->message];

/* What is said about the bytes; "" when they are not recognised. */
static const char *explain(Bytes bytes, const char *path) {
    Error err = {.code = ERROR_MALFORMED, .offset = 12, .message = "as before"};
    Source *source = source_from_memory(bytes.data, bytes.size, &err);
    bool known = sniff_explain(source, path, &err);
    source_close(source);
    CHECK(known ? err.code == ERROR_NOT_ONNX && err.offset == ERROR_NO_OFFSET
                : err.code == ERROR_MALFORMED && err.offset == 12 && strcmp(err.message, "as before") == 0);
    snprintf(explained, sizeof explained, "%s", known ? err.message : "");
    return explained;
}

static bool is_plausible(Bytes bytes) {
    Error err;
    Source *source = source_from_memory(bytes.data, bytes.size, &err);
    bool plausible = sniff_plausible_model(source);
    source_close(source);
    return plausible;
}

#define CASE(bytes, word)                                                                                    \
    { {bytes, sizeof(bytes) - 1}, word }
#define ZEROS_64                                                                                             \
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"                                       \
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define ZIP(size, name) "PK\3\4\24\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" size "\0\0" name "data"

static const struct {
    Bytes bytes;
    const char *word;
} MISTAKES[] = {
    CASE("version https://git-lfs.github.com/spec/v1\noid sha256:ab12\nsize 435852734\n",
         "435852734 bytes): run 'git lfs"),
    CASE("version https://git-lfs.github.com/spec/v1\noid sha256:ab12\n", "run 'git lfs pull'"),
    CASE("<!DOCTYPE html>\n<html></html>", "web page"),
    CASE("\xef\xbb\xbf \n<HTML lang=en>", "web page"),
    CASE("<?xml version=\"1.0\"?>\n<net name=\"m\" version=\"11\">", "OpenVINO"),
    CASE("<?xml version=\"1.0\"?>\n<Error><Code>AccessDenied</Code></Error>", "error message"),
    CASE("<?xml version=\"1.0\"?>\n<a/>", "XML"),
    CASE("{\"a\": 1}", "JSON"),
    CASE("{\n  \"irVersion\": \"8\", \"graph\": {}}", "ONNX model as JSON"),
    CASE("[1, 2]", "JSON"),
    CASE("\x24\0\0\0ORTM\1\1\1\1", "(.ort)"),
    CASE("\x28\0\0\0ORTM\1\1\1\1", "(.ort)"),
    CASE("\x1c\0\0\0TFL3\1\1\1\1", "TensorFlow Lite"),
    CASE("\x14\0\0\0\0\0\0\0{\"w\":{\"dtype\":\"F32\"}}", "safetensors"),
    CASE("GGUF\3\0\0\0\1\0\0\0", "GGUF"),
    CASE("lmgg\1\0\0\0", "GGML"),
    CASE(ZIP("\x10\0", "archive/data.pkl"), "PyTorch"),
    CASE(ZIP("\x09\0", "arr_0.npy"), ".npz"),
    CASE(ZIP("\x0a\0", "model.onnx"), "holds 'model.onnx': unzip"),
    CASE(ZIP("\x08\0", "notes.md"), "zip archive"),
    CASE("PK\3\4", "zip archive"),
    CASE("\x80\x02}q\0.", "pickle"),
    CASE("\x80\x04\x95\x10\0\0\0\0\0\0\0\x8c", "pickle"),
    CASE("\x80\x02\x8a\nl\xfc\x9c"
         "F\xf9 j\xa8P\x19.",
         "PyTorch"),
    CASE("\x1f\x8b\x08\0\0\0\0\0", "zcat FILE"),
    CASE("\x28\xb5\x2f\xfd\x24", "zstd"),
    CASE("\xfd"
         "7zXZ\0\0\4",
         "xz"),
    CASE("BZh91AY", "bzip2"),
    CASE("\x04\x22\x4d\x18\x64", "lz4"),
    CASE("7z\xbc\xaf\x27\x1c\0\4", "7z"),
    CASE("model.onnx" ZEROS_64 ZEROS_64 ZEROS_64 "\0\0\0\0\0\0\0" ZEROS_64 "\0\0\0\0\0\0\0\0ustar\0", ""),
    CASE("\x89HDF\r\n\x1a\n\0\0\0", "HDF5"),
    CASE("ptrt\1\0\0\0", "TensorRT"),
    CASE("\x93NUMPY\1\0v\0", "NumPy"),
    CASE("\x7f"
         "ELF\2\1\1\0",
         "ELF"),
    CASE("%PDF-1.7\n", "PDF"),
    CASE("\x89PNG\r\n\x1a\n\0\0", "PNG"),
    CASE("\xff\xd8\xff\xe0\0\x10JFIF", "JPEG"),
    CASE("ir_version: 8\nproducer_name: \"x\"\ngraph {\n}\n", "protobuf text"),
    CASE("# a comment\ngraph {\n  node {\n    op_type: \"Relu\"\n  }\n}\n", "protobuf text"),
    CASE("node {\n  name: \"x\"\n  op: \"Placeholder\"\n}\n", "TensorFlow graph as"),
    CASE("<\n  ir_version: 8,\n  opset_import: [\"\" : 17]\n>\ng (float[N] x) => (float[N] y) {",
         "text syntax"),
    CASE("g (float[N] x) => (float[N] y) { y = Relu(x) }", "text syntax"),
    CASE("import onnx\nmodel = onnx.load('m.onnx')\n", "program"),
    CASE("#!/bin/sh\necho\n", "program"),
    CASE("Entry not found", "it says 'Entry not found'"),
    CASE("a,b,c\n1,2,3\n4,5,6\n", "text file"),
    CASE("2,3,4,5,6,7,8\n1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7,8,9\n", "text file"),
    CASE("(lambda x: x)\n", "text file"),
    CASE("\xff\xfe\x08\0\x07\0\x12\0\x07\0p\0y\0t\0", "UTF-16"),
    CASE("\x08\x07\x12\x07pytorch\xef\xbf\xbd\x01\xef\xbf\xbd\xef\xbf\xbd\n\xef\xbf\xbd", "U+FFFD"),
    CASE("\x08\x02\x10\x01\x4a\x08"
         "abcdefgh",
         "one ONNX tensor"),
    CASE("\x10\x01\x4a\x04"
         "abcd",
         "one ONNX tensor"),
    CASE("\x08\x01\x08\x01\x08\x01\x08\x01\x08\x02\x10\x03\x4a\x02"
         "ab",
         "one ONNX tensor"),
    CASE("\x0a\x02\x02\x03\x10\x07\x42\x01x", "one ONNX tensor"),
    CASE("\x0a\x12\x0a\x01x\x12\x0bPlaceholder\x3a\0\x22\x02\x08\x1b", "TensorFlow graph"),
    CASE("\x08\x01\x12\x18\x0a\x0b\x0a\0\x12\0\x22\x05serve\x12\x09\x0a\x07\x0a\x01x\x12\x02No",
         "SavedModel"),
    CASE("\x08\x04\x12\x05\x0a\x03\x0a\x01x\xa2\x1f\0", "Core ML"),
    CASE("", "is empty (0 bytes)"),
    CASE(ZEROS_64, "64 zero bytes"),
};

static void test_mistakes(void) {
    for (size_t i = 0; i < sizeof MISTAKES / sizeof MISTAKES[0]; i++) {
        const char *text = explain(MISTAKES[i].bytes, "dir/model.onnx");
        bool good =
            strstr(text, MISTAKES[i].word) && (!text[0] || strncmp(text, "'dir/model.onnx' ", 17) == 0);
        if (!good) printf("case %zu: wanted '%s', got: %s\n", i, MISTAKES[i].word, text);
        CHECK(good);
        CHECK(!text[0] || !strstr(text, "..."));
        bool plausible = is_plausible(MISTAKES[i].bytes) && !strstr(MISTAKES[i].word, "U+FFFD");
        if (plausible) printf("case %zu (%s) looks like a model\n", i, MISTAKES[i].word);
        CHECK(!plausible);
    }
    char tar[512] = "model.onnx";
    memcpy(tar + 257, "ustar", 5);
    CHECK(strstr(explain((Bytes){tar, sizeof tar}, NULL), "the data is a tar archive"));
    CHECK(!is_plausible((Bytes){tar, sizeof tar}));
    CHECK(strstr(explain(BYTES_LITERAL("GGUF\3\0\0\0"), "-"), "standard input is a GGUF file"));
}

static void test_unknown(void) {
    CHECK(!explain(BYTES_LITERAL("\x01\x02\x03\x04\xff\xfe\xfd"), "m.onnx")[0]);
    CHECK(!explain(BYTES_LITERAL("\xff\xfe\x01\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80"),
                   "m.onnx")[0]);
    /* A length of 2^63 in a safetensors header, and one that the file does not have. */
    CHECK(!explain(BYTES_LITERAL("\0\0\0\0\0\0\0\x80{\"a\":1}"), "m.onnx")[0]);
    CHECK(!explain(BYTES_LITERAL("\x09\0\0\0\0\0\0\0{\"a\":1}"), "m.onnx")[0]);
}

static void test_models(void) {
    static const char model[] =
        "\x08\x08\x12\x07pytorch\x3a\x12\x0a\x0a\x0a\x01x\x12\x01y\x22\x02No\x12\x04name"
        "\x42\x04\x0a\x00\x10\x11";
    Bytes whole = {model, sizeof model - 1};
    CHECK(is_plausible(whole) && !explain(whole, "m.onnx")[0]);
    for (size_t size = 1; size < whole.size; size++) {
        Bytes cut = {model, size};
        CHECK(!explain(cut, "m.onnx")[0]);
        if (size > 13) CHECK(is_plausible(cut)); /* the graph runs past the end */
    }
    CHECK(is_plausible(BYTES_LITERAL("\x08\x03")));
    CHECK(!is_plausible(BYTES_LITERAL("\x08\x03\x08"))); /* a tag and nothing behind it */
    CHECK(!is_plausible(BYTES_LITERAL("\x0a\x01x")));    /* ir_version is a number */
    CHECK(!is_plausible(BYTES_LITERAL("\x08\x03\x12\x02\x0a\x00")));
    CHECK(!is_plausible(BYTES_LITERAL("\x08\x03\x1a\xff\x01x"))); /* only a graph may be cut */
    CHECK(!is_plausible(BYTES_LITERAL("\x3a\x05xxxxx")));
}

static void test_external_data(void) {
    Bytes numbers = BYTES_LITERAL("\x01\x02\x03\x04\xff\xfe\xfd\x80\x3f");
    CHECK(mkdir("data", 0777) == 0);
    CHECK(strstr(explain(numbers, "data/m.onnx.data"), "of a model 'm.onnx', which is not beside it"));
    CHECK(!explain(numbers, "data/weights.bin")[0]);
    make_file("data/m.onnx", BYTES_LITERAL(""));
    static const char *const ours[] = {"data/m.onnx.data",   "data/m.onnx_data", "data/m.onnx_data_12",
                                       "data/m.data",        "data/m.bin",       "data/m.weights",
                                       "data/m.onnx.weight", "data/m.pb"};
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        CHECK(strstr(explain(numbers, ours[i]), "external data (weights) of 'data/m.onnx': open that file"));
    CHECK(strstr(explain(BYTES_LITERAL("GGUF\3\0\0\0"), "data/m.data"), "GGUF"));
    CHECK(strstr(explain(BYTES_LITERAL(ZEROS_64), "data/m.data"), "'data/m.onnx'"));
    CHECK(
        strstr(explain(numbers, "data/weights.bin"), "may be external data (weights) of 'm.onnx' beside it"));
    make_file("data/n.onnx", BYTES_LITERAL(""));
    CHECK(strstr(explain(numbers, "data/weights.bin"), "one of the 2 .onnx files"));
    CHECK(!explain(numbers, "data/weights.xyz")[0] && !explain(numbers, "data/n.onnx")[0]);
    CHECK(!explain(numbers, NULL)[0] && !explain(numbers, "-")[0]);
    /* A model cut short stays one, whatever its name. */
    CHECK(!explain(BYTES_LITERAL("\x08\x08\x3a\x7f\x0a\x0a"), "data/m.bin")[0]);
    char longest[2 * PATH_MAX];
    memset(longest, 'x', sizeof longest);
    memcpy(longest + sizeof longest - 6, ".data", 6);
    CHECK(!explain(numbers, longest)[0]);
    longest[PATH_MAX + 9] = '/';
    CHECK(!explain(numbers, longest)[0]);
}

static void test_zeros(void) {
    Error err = {0};
    size_t size = (size_t)5 << 20;
    char *zeros = calloc(1, size);
    if (!zeros) return;
    CHECK(strstr(explain((Bytes){zeros, size}, "m.onnx"), "4194304 or more zero bytes"));
    CHECK(strstr(explain((Bytes){zeros, 100000}, "m.onnx"), "100000 zero bytes and nothing else"));
    zeros[90000] = 1;
    CHECK(strstr(explain((Bytes){zeros, size}, "m.onnx"), "starts with 90000 zero bytes"));
    zeros[90] = 1;
    CHECK(!explain((Bytes){zeros, size}, "m.onnx")[0]);
    free(zeros);
    make_file("hole", BYTES_LITERAL(""));
    CHECK(truncate("hole", (off_t)1 << 36) == 0);
    Source *source = source_open("hole", &err);
    CHECK(source && sniff_explain(source, "hole", &err) && strstr(err.message, "or more zero bytes"));
    source_close(source);
}

int main(void) {
    char made[256];
    if (!scratch_enter("source_test", made, sizeof made)) return 1;
    test_memory();
    test_file();
    test_refused_paths();
    test_directory();
    test_fifo();
    test_fifo_without_writer();
    test_limit();
    test_unnamed_pipe();
    test_stdin();
    test_mistakes();
    test_unknown();
    test_models();
    test_external_data();
    test_zeros();
    scratch_leave(made);
    return check_report();
}
