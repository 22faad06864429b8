#include "onnx/sniff.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/dtype.h"
#include "onnx/fields.h"
#include "onnx/wire.h"

#define HEAD_SIZE     4096
#define ZEROS_CHECKED ((uint64_t)4 << 20)

typedef struct Sniff {
    Source *source;
    const char *path; /* NULL when there is no file */
    Quoted name;
    Bytes head; /* the first bytes, at most HEAD_SIZE */
    Error *err;
} Sniff;

/* ---- helpers ---- */

static bool say(const Sniff *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "<name> <text>"; true, so that a recogniser can end with it. */
static bool say(const Sniff *s, const char *format, ...) {
    char text[sizeof s->err->message];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    error_set(s->err, ERROR_NOT_ONNX, ERROR_NO_OFFSET, "%s %s", s->name.text, text);
    return true;
}

static size_t read_head(Source *source, char head[HEAD_SIZE]) {
    Error ignored;
    size_t size = source->size < HEAD_SIZE ? (size_t)source->size : HEAD_SIZE;
    return source_read(source, 0, head, size, &ignored) ? size : 0;
}

static bool starts_with(Bytes bytes, const char *text) {
    size_t size = strlen(text);
    return bytes.size >= size && memcmp(bytes.data, text, size) == 0;
}

static bool starts_with_word(Bytes bytes, const char *text) {
    size_t size = strlen(text);
    return bytes.size >= size && strncasecmp(bytes.data, text, size) == 0;
}

static bool contains(Bytes bytes, const char *text) {
    return memmem(bytes.data, bytes.size, text, strlen(text)) != NULL;
}

static Bytes skip(Bytes bytes, size_t count) {
    return (Bytes){bytes.data + count, bytes.size - count};
}

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static Bytes skip_space(Bytes bytes) {
    while (bytes.size > 0 && is_space(bytes.data[0])) bytes = skip(bytes, 1);
    return bytes;
}

static bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* No control characters but white space: a model has some in its first bytes. */
static bool is_text(Bytes bytes) {
    for (size_t i = 0; i < bytes.size; i++) {
        unsigned char c = (unsigned char)bytes.data[i];
        if ((c < 0x20 && !is_space((char)c)) || c == 0x7f) return false;
    }
    return true;
}

/* The head as text, without byte order mark and white space in front; empty when it is not text. */
static Bytes head_text(const Sniff *s) {
    Bytes text = s->head;
    if (starts_with(text, "\xef\xbb\xbf")) text = skip(text, 3);
    return is_text(text) ? skip_space(text) : (Bytes){text.data, 0};
}

/* ---- fixed bytes ---- */

typedef struct Magic {
    uint16_t offset;
    uint16_t size;
    const char *bytes;
    const char *is; /* what follows the name in the message */
} Magic;

#define UNPACK(what, command)                                                                                \
    "is " what " data: unpack it first, or pipe it: " command " FILE | onnxdoc card -"
#define WEIGHTS(what)                                                                                        \
    "is " what ": weights without an ONNX graph. Open the .onnx file the model was exported to"
#define OTHER(what) "is " what ", not an ONNX model"
#define M(offset, bytes, is)                                                                                 \
    { offset, sizeof(bytes) - 1, bytes, is }

static const Magic MAGICS[] = {
    M(4, "ORTM",
      "is a model in ONNX Runtime's own format (.ort), which keeps no ONNX graph: "
      "open the .onnx file it was made from"),
    M(4, "TFL3", "is a TensorFlow Lite model: convert it to ONNX first (tf2onnx --tflite)"),
    M(4, "ET12", "is an ExecuTorch program: export the PyTorch model to ONNX instead"),
    M(4, "PTMF", "is a PyTorch mobile model: export the PyTorch model to ONNX instead"),
    M(0, "ptrt", "is a TensorRT engine, built for one GPU: open the .onnx file it was built from"),
    M(0, "ftrt", "is a TensorRT engine, built for one GPU: open the .onnx file it was built from"),
    M(0, "GGUF", WEIGHTS("a GGUF file")),
    M(0, "lmgg", WEIGHTS("a GGML file")),
    M(0, "fmgg", WEIGHTS("a GGML file")),
    M(0, "tjgg", WEIGHTS("a GGML file")),
    M(0, "\x89HDF\r\n\x1a\n",
      "is an HDF5 file (Keras keeps models so): convert the model to ONNX first (tf2onnx)"),
    M(0, "\x93NUMPY", "is a NumPy array (.npy), not a model"),
    M(0, "\x80\x02\x8a\x0al\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19",
      "is a PyTorch file: export the model to ONNX first (torch.onnx.export)"),
    M(0, "\x1f\x8b\x08", UNPACK("gzip", "zcat")),
    M(0, "\x28\xb5\x2f\xfd", UNPACK("zstd", "zstdcat")),
    M(0, "\3757zXZ\0", UNPACK("xz", "xzcat")),
    M(0, "BZh", UNPACK("bzip2", "bzcat")),
    M(0, "\x04\x22\x4d\x18", UNPACK("lz4", "lz4cat")),
    M(0, "7z\xbc\xaf\x27\x1c", "is a 7z archive: unpack it first (7z x FILE)"),
    M(0, "Rar!\x1a\x07", "is a RAR archive: unpack it first"),
    M(257, "ustar", "is a tar archive: unpack it first (tar xf FILE)"),
    M(0, "\177ELF", OTHER("a compiled program or library (ELF)")),
    M(0, "%PDF-", OTHER("a PDF document")),
    M(0, "\x89PNG\r\n\x1a\n", OTHER("a PNG image")),
    M(0, "\xff\xd8\xff", OTHER("a JPEG image")),
    M(0, "GIF8", OTHER("a GIF image")),
    M(0, "SQLite format 3\0", OTHER("an SQLite database")),
    M(0, "PAR1", OTHER("a Parquet file")),
};

static const Magic *find_magic(Bytes head) {
    for (size_t i = 0; i < sizeof MAGICS / sizeof MAGICS[0]; i++) {
        const Magic *m = &MAGICS[i];
        if (head.size >= (size_t)m->offset + m->size && memcmp(head.data + m->offset, m->bytes, m->size) == 0)
            return m;
    }
    return NULL;
}

static bool explain_magic(const Sniff *s) {
    const Magic *magic = find_magic(s->head);
    return magic && say(s, "%s", magic->is);
}

/* ---- containers ---- */

static const char ZIP_MAGIC[] = "PK\3\4";

/* The name of a zip archive's first entry, empty when it is cut off. */
static Bytes zip_first_name(Bytes head) {
    if (head.size < 30) return (Bytes){head.data, 0};
    size_t size = (size_t)(unsigned char)head.data[26] | (size_t)(unsigned char)head.data[27] << 8;
    return size <= head.size - 30 ? (Bytes){head.data + 30, size} : (Bytes){head.data, 0};
}

static bool ends_with(Bytes bytes, const char *text) {
    size_t size = strlen(text);
    return bytes.size >= size && strncasecmp(bytes.data + bytes.size - size, text, size) == 0;
}

static bool explain_zip(const Sniff *s) {
    if (!starts_with(s->head, ZIP_MAGIC)) return false;
    Bytes first = zip_first_name(s->head);
    if (contains(s->head, "data.pkl") || contains(s->head, "constants.pkl") ||
        contains(s->head, ".format_version"))
        return say(s, "is a PyTorch file (zip): export the model to ONNX first (torch.onnx.export)");
    if (ends_with(first, ".npy")) return say(s, "is a NumPy archive (.npz), not a model");
    if (ends_with(first, ".onnx"))
        return say(s, "is a zip archive that holds %s: unzip it first", quote(first).text);
    if (contains(s->head, ".weights.h5"))
        return say(s, "is a Keras model (zip): convert it to ONNX first (tf2onnx)");
    if (contains(s->head, ".mlpackage") || contains(s->head, ".mlmodel"))
        return say(s, "is a zip archive with a Core ML model, not an ONNX model");
    if (contains(s->head, "MAR-INF")) return say(s, "is a model archive (.mar, zip): unzip it first");
    if (first.size)
        return say(s, "is a zip archive (its first entry is %s): unzip it first", quote(first).text);
    return say(s, "is a zip archive: unzip it first");
}

static bool is_safetensors(Bytes head, uint64_t size) {
    uint64_t length = 0;
    if (head.size < 10) return false;
    for (unsigned i = 0; i < 8; i++) length |= (uint64_t)(unsigned char)head.data[i] << (8 * i);
    if (length < 2 || length > 100000000 || length > size - 8) return false;
    return starts_with(skip(head, 8), "{\"") || starts_with(skip(head, 8), "{}");
}

static bool explain_safetensors(const Sniff *s) {
    return is_safetensors(s->head, s->source->size) && say(s, WEIGHTS("a safetensors file"));
}

/* Protocols 2 to 5; what follows is a frame, or the first opcode of a common value. */
static bool is_pickle(Bytes head) {
    return head.size >= 3 && head.data[0] == '\x80' && head.data[1] >= 2 && head.data[1] <= 5 &&
           memchr("\x95}]()cXC\x8a\x8c", head.data[2], 10) != NULL;
}

static bool explain_pickle(const Sniff *s) {
    return is_pickle(s->head) && say(s, "is a Python pickle (scikit-learn and PyTorch keep models so): "
                                        "convert the model to ONNX first");
}

/* ---- text ---- */

static bool explain_pointer(const Sniff *s, Bytes text) {
    if (!starts_with(text, "version https://git-lfs.github.com/spec/")) return false;
    const char *line = memmem(text.data, text.size, "\nsize ", 6);
    uint64_t size = 0;
    if (line)
        for (line += 6;
             line < text.data + text.size && *line >= '0' && *line <= '9' && size < UINT64_MAX / 16; line++)
            size = size * 10 + (uint64_t)(*line - '0');
    if (size == 0)
        return say(s, "is a Git LFS pointer, not the file itself: run 'git lfs pull' in its repository");
    return say(s,
               "is a Git LFS pointer, not the file itself (%" PRIu64
               " bytes): run 'git lfs pull' in its repository",
               size);
}

static bool explain_markup(const Sniff *s, Bytes text) {
    if (starts_with_word(text, "<!doctype html") || starts_with_word(text, "<html") ||
        starts_with_word(text, "<head") || starts_with_word(text, "<!--"))
        return say(s, "is a web page (HTML): the download got a page instead of the file. "
                      "Use the address of the raw file, and log in if it asks for that");
    bool is_xml = starts_with(text, "<?xml");
    if (is_xml && contains(text, "<Error>"))
        return say(s, "is an error message (XML) of the server it was downloaded from: download it again");
    if ((is_xml && contains(text, "<net ")) || starts_with(text, "<net "))
        return say(s, "is a model in OpenVINO's format (IR): open the .onnx file it was converted from");
    if (is_xml && contains(text, "<html"))
        return say(s, "is a web page (XHTML): the download got a page instead of the file");
    return is_xml && say(s, OTHER("an XML file"));
}

static bool explain_json(const Sniff *s, Bytes text) {
    if (text.size == 0 || (text.data[0] != '{' && text.data[0] != '[')) return false;
    Bytes next = skip_space(skip(text, 1));
    if (next.size == 0 || !strchr("\"{}[]-0123456789tfn", next.data[0])) return false;
    if (contains(text, "\"irVersion\"") || contains(text, "\"ir_version\""))
        return say(s, "is an ONNX model as JSON: turn it into the binary form (google.protobuf.json_format)");
    return say(s, OTHER("a JSON file"));
}

/* Whether a line of `text` starts with `word`. */
static bool has_line(Bytes text, const char *word) {
    while (text.size > 0) {
        text = skip_space(text);
        if (starts_with(text, word)) return true;
        const char *end = memchr(text.data, '\n', text.size);
        if (!end) return false;
        text = skip(text, (size_t)(end - text.data) + 1);
    }
    return false;
}

/* <ir_version: ..., opset_import: ...> name (inputs) => (outputs) {; the part in <> may be missing. */
static bool is_text_syntax(Bytes text) {
    if (starts_with(text, "<")) return contains(text, "ir_version") || contains(text, "opset_import");
    size_t size = 0;
    while (size < text.size && is_name_character(text.data[size])) size++;
    Bytes next = skip_space(skip(text, size));
    return size > 0 && (starts_with(next, "(") || starts_with(next, "<")) && contains(next, "=>") &&
           contains(next, "{");
}

static bool explain_text_model(const Sniff *s, Bytes text) {
    if (is_text_syntax(text))
        return say(s, "is a model in ONNX's text syntax: turn it into the binary form first "
                      "(onnx.parser.parse_model, onnx.save)");
    if (has_line(text, "ir_version:") || has_line(text, "opset_import {") || has_line(text, "graph {") ||
        has_line(text, "opset_import: {") || has_line(text, "graph: {"))
        return say(s, "is an ONNX model as protobuf text: turn it into the binary form first "
                      "(protoc --encode=onnx.ModelProto onnx.proto)");
    if (has_line(text, "node {") && has_line(text, "op:"))
        return say(s, "is a TensorFlow graph as protobuf text: convert the model to ONNX first (tf2onnx)");
    return has_line(text, "layer {") && say(s, OTHER("a Caffe model description"));
}

static bool explain_text(const Sniff *s, Bytes text) {
    if (text.size == 0) return false;
    if (explain_json(s, text) || explain_text_model(s, text)) return true;
    if (starts_with(text, "#!") || has_line(text, "import ") || has_line(text, "def ") ||
        (has_line(text, "from ") && contains(text, " import ")))
        return say(s, "is a program, not a model: run it to get the model it makes");
    if (s->source->size <= 64)
        return say(s, "is a text file, not an ONNX model; it says %s", quote(text).text);
    return say(s, OTHER("a text file"));
}

/* A mark and characters below U+0100: what a shell that redirects text makes of a binary file. */
static bool explain_utf16(const Sniff *s) {
    if (s->head.size < 16 || !starts_with(s->head, "\xff\xfe")) return false;
    for (size_t i = 3; i < 16; i += 2)
        if (s->head.data[i]) return false;
    return say(s, "is text in UTF-16, or a binary file that a shell redirected as such (PowerShell): "
                  "copy or download the model again");
}

/* Decoding bytes as UTF-8 text and writing them again puts U+FFFD where they were none. */
static bool explain_decoded(const Sniff *s) {
    unsigned count = 0;
    for (size_t i = 0; i + 3 <= s->head.size; i++) count += memcmp(s->head.data + i, "\xef\xbf\xbd", 3) == 0;
    return count >= 4 && !is_text(s->head) &&
           say(s, "was damaged by something that took it for text (bytes were replaced by U+FFFD): "
                  "copy or download it again as binary");
}

/* ---- other protobuf messages ---- */

/* The field is a string of at most `limit` bytes without control characters. */
static bool is_string_field(Reader *reader, const Message *m, uint64_t limit) {
    Bytes text;
    uint64_t size = m->length < 64 ? m->length : 64;
    return m->wire == WIRE_LENGTH && m->length <= limit &&
           reader_bytes(reader, m->offset, size, "text", &text) && is_text(text);
}

/* The tag of the first field inside a field; false when there is none. */
static bool inner_tag(Reader *reader, const Message *m, uint32_t *field, WireType *wire) {
    Message inner = message_at("message", m->offset, m->length);
    if (m->wire != WIRE_LENGTH || !message_next(reader, &inner)) return false;
    *field = inner.field;
    *wire = inner.wire;
    return true;
}

static bool is_tensor_field(const Message *m) {
    switch (m->field) {
    case TENSOR_DATA_TYPE: return m->wire == WIRE_VARINT && m->value > 0 && m->value < DTYPE_COUNT;
    case TENSOR_DATA_LOCATION: return m->wire == WIRE_VARINT && m->value <= 1;
    case TENSOR_DIMS:
    case TENSOR_INT32_DATA:
    case TENSOR_INT64_DATA:
    case TENSOR_UINT64_DATA: return m->wire == WIRE_VARINT || m->wire == WIRE_LENGTH;
    case TENSOR_FLOAT_DATA: return m->wire == WIRE_FIXED32 || m->wire == WIRE_LENGTH;
    case TENSOR_DOUBLE_DATA: return m->wire == WIRE_FIXED64 || m->wire == WIRE_LENGTH;
    case TENSOR_SEGMENT:
    case TENSOR_STRING_DATA:
    case TENSOR_NAME:
    case TENSOR_RAW_DATA:
    case TENSOR_DOC_STRING:
    case TENSOR_EXTERNAL_DATA:
    case TENSOR_METADATA_PROPS: return m->wire == WIRE_LENGTH;
    default: return false;
    }
}

/* A TensorProto, as test data comes (input_0.pb): an element type, and data or a name. */
static bool is_tensor(Reader *reader, uint64_t size) {
    Message m = message_at("TensorProto", 0, size);
    bool has_dtype = false, has_more = false;
    for (unsigned count = 0; count < 256 && message_next(reader, &m); count++) {
        if (!is_tensor_field(&m)) return false;
        has_dtype |= m.field == TENSOR_DATA_TYPE;
        has_more |= m.field >= TENSOR_FLOAT_DATA;
    }
    return !reader->failed && has_dtype && has_more;
}

/* NodeDef: name, op, inputs, ... */
static bool is_tensorflow_node(Reader *reader, const Message *node) {
    Message m = message_at("NodeDef", node->offset, node->length);
    if (!message_next(reader, &m) || m.field != 1 || m.length == 0 || !is_string_field(reader, &m, 4096))
        return false;
    return message_next(reader, &m) && m.field == 2 && m.length > 0 && is_string_field(reader, &m, 256);
}

/* GraphDef: nodes (1), library (2), version (3), versions (4). */
static bool is_tensorflow_graph(Reader *reader, uint64_t size) {
    Message m = message_at("GraphDef", 0, size);
    unsigned count = 0;
    for (; count < 4 && message_next(reader, &m); count++) {
        if (count > 0 && m.field > 1 && m.field <= 4) break;
        if (m.field != 1 || m.wire != WIRE_LENGTH || !is_tensorflow_node(reader, &m)) return false;
    }
    return !reader->failed && count > 0;
}

/* SavedModel: schema version 1, then a MetaGraphDef that starts with its description (1). */
static bool is_saved_model(Reader *reader, uint64_t size) {
    uint32_t field;
    WireType wire;
    Message m = message_at("SavedModel", 0, size);
    if (!message_next(reader, &m) || m.field != 1 || m.wire != WIRE_VARINT || m.value != 1) return false;
    return message_next(reader, &m) && m.field == 2 && m.wire == WIRE_LENGTH && m.length > 16 &&
           m.resume == size && inner_tag(reader, &m, &field, &wire) && field == 1 && wire == WIRE_LENGTH;
}

/* Core ML: version (1), description (2) that starts with a feature, then the kind of model (200 and up). */
static bool is_core_ml(Reader *reader, uint64_t size) {
    uint32_t field;
    WireType wire;
    Message m = message_at("Model", 0, size);
    if (!message_next(reader, &m) || m.field != 1 || m.wire != WIRE_VARINT || m.value > 100) return false;
    if (!message_next(reader, &m) || m.field != 2 || !inner_tag(reader, &m, &field, &wire) ||
        wire != WIRE_LENGTH)
        return false;
    return message_next(reader, &m) && m.wire == WIRE_LENGTH && m.field >= 200 && m.field <= 3000;
}

typedef bool MessageTest(Reader *reader, uint64_t size);

static const struct MessageKind {
    MessageTest *test;
    const char *is;
} MESSAGE_KINDS[] = {
    {is_tensor, "is one ONNX tensor (test data such as input_0.pb), not a model: open the model it is for"},
    {is_tensorflow_graph, "is a TensorFlow graph: convert the model to ONNX first (tf2onnx --graphdef)"},
    {is_saved_model, "is a TensorFlow SavedModel: convert the model to ONNX first (tf2onnx --saved-model)"},
    {is_core_ml, OTHER("a Core ML model")},
};

static bool explain_message(const Sniff *s) {
    for (size_t i = 0; i < sizeof MESSAGE_KINDS / sizeof MESSAGE_KINDS[0]; i++) {
        Error ignored;
        Reader reader;
        reader_init(&reader, s->source, &ignored);
        bool found = MESSAGE_KINDS[i].test(&reader, s->source->size);
        reader_free(&reader);
        if (found) return say(s, "%s", MESSAGE_KINDS[i].is);
    }
    return false;
}

/* ---- external data ---- */

/* Endings of files with external data. */
static const char *const DATA_ENDINGS[] = {"_data",   ".data", ".bin", ".weights",
                                           ".weight", ".pb",   ".raw", ".dat"};

/* The file name without an ending of external data ("_data_3" counts as "_data"); empty when it has none. */
static Bytes data_stem(Bytes name) {
    size_t size = name.size;
    while (size > 0 && name.data[size - 1] >= '0' && name.data[size - 1] <= '9') size--;
    if (size < name.size && size > 0 && name.data[size - 1] == '_') name.size = size - 1;
    for (size_t i = 0; i < sizeof DATA_ENDINGS / sizeof DATA_ENDINGS[0]; i++)
        if (ends_with(name, DATA_ENDINGS[i])) return (Bytes){name.data, name.size - strlen(DATA_ENDINGS[i])};
    return (Bytes){name.data, 0};
}

/* The path taken apart: directory ("" or with its slash) and file name. */
static Bytes split_path(const char *path, Bytes *directory) {
    const char *slash = strrchr(path, '/');
    size_t size = slash ? (size_t)(slash - path) + 1 : 0;
    *directory = (Bytes){path, size};
    return (Bytes){path + size, strlen(path) - size};
}

/* X.onnx for the stem X or X.onnx, where that file is there. */
static bool find_owner(Bytes directory, Bytes stem, char owner[PATH_MAX]) {
    const char *ending = ends_with(stem, ".onnx") ? "" : ".onnx";
    if (directory.size + stem.size + 6 > PATH_MAX) return false;
    snprintf(owner, PATH_MAX, "%.*s%.*s%s", (int)directory.size, directory.data, (int)stem.size, stem.data,
             ending);
    struct stat st;
    return stat(owner, &st) == 0 && S_ISREG(st.st_mode);
}

static bool explain_data_by_name(const Sniff *s) {
    if (!s->path) return false;
    char owner[PATH_MAX];
    Bytes directory, name = split_path(s->path, &directory), stem = data_stem(name);
    if (stem.size == 0) return false;
    if (find_owner(directory, stem, owner))
        return say(s, "looks like the external data (weights) of %s: open that file",
                   source_quote(owner).text);
    return ends_with(stem, ".onnx") &&
           say(s,
               "looks like the external data (weights) of a model %s, which is not beside it: open the model",
               quote(stem).text);
}

/* Only a guess from the company it keeps, so it comes last. */
static bool explain_data_by_company(const Sniff *s) {
    if (!s->path) return false;
    Bytes directory, name = split_path(s->path, &directory);
    if (data_stem(name).size == 0 || directory.size >= PATH_MAX) return false;
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%.*s", (int)directory.size, directory.data);
    SourceName model;
    uint32_t count = source_list_models(folder[0] ? folder : ".", &model, 1);
    if (count == 0) return false;
    Bytes found = {model.text, strlen(model.text)};
    if (count == 1)
        return say(s, "is not an ONNX model; it may be external data (weights) of %s beside it",
                   quote(found).text);
    return say(s,
               "is not an ONNX model; it may be external data (weights) of one of the %" PRIu32
               " .onnx files beside it",
               count);
}

/* ---- nothing ---- */

/* How many zero bytes the source starts with; stops after ZEROS_CHECKED. */
static uint64_t count_zeros(Source *source) {
    char block[HEAD_SIZE];
    Error ignored;
    uint64_t at = 0;
    while (at < source->size && at < ZEROS_CHECKED) {
        size_t size = source->size - at < sizeof block ? (size_t)(source->size - at) : sizeof block;
        if (!source_read(source, at, block, size, &ignored)) break;
        for (size_t i = 0; i < size; i++)
            if (block[i]) return at + i;
        at += size;
    }
    return at;
}

static bool explain_zeros(const Sniff *s) {
    if (s->head.size == 0 || s->head.data[0]) return false;
    uint64_t zeros = count_zeros(s->source);
    if (zeros == s->source->size)
        return say(s,
                   "holds %" PRIu64 " zero bytes and nothing else: a copy or download that was not finished",
                   zeros);
    return zeros >= HEAD_SIZE &&
           say(s,
               "starts with %" PRIu64
               "%s zero bytes: external data, or a copy or download that was not finished",
               zeros, zeros >= ZEROS_CHECKED ? " or more" : "");
}

bool sniff_explain(Source *source, const char *path, Error *err) {
    char head[HEAD_SIZE];
    Sniff s = {source, path, {"the data"}, {head, 0}, err};
    if (path) s.name = source_quote(path);
    if (path && strcmp(path, "-") == 0) s.path = NULL;
    if (source->size == 0) return say(&s, "is empty (0 bytes)");
    s.head.size = read_head(source, head);
    if (s.head.size == 0) return false;
    if (explain_decoded(&s)) return true;
    if (sniff_plausible_model(source)) return false;
    Bytes text = head_text(&s);
    return explain_pointer(&s, text) || explain_markup(&s, text) || explain_magic(&s) || explain_zip(&s) ||
           explain_safetensors(&s) || explain_data_by_name(&s) || explain_zeros(&s) || explain_pickle(&s) ||
           explain_utf16(&s) || explain_text(&s, text) || explain_message(&s) || explain_data_by_company(&s);
}

/* ---- models ---- */

static bool is_graph_tag(uint32_t field, WireType wire) {
    return wire == WIRE_LENGTH && (field == GRAPH_NODE || field == GRAPH_NAME || field == GRAPH_INITIALIZER ||
                                   (field >= GRAPH_DOC_STRING && field <= GRAPH_METADATA_PROPS));
}

static bool is_model_field(Reader *reader, const Message *m) {
    uint32_t field;
    WireType wire;
    switch (m->field) {
    case MODEL_IR_VERSION: return m->wire == WIRE_VARINT && m->value <= 10000;
    case MODEL_MODEL_VERSION: return m->wire == WIRE_VARINT;
    case MODEL_PRODUCER_NAME:
    case MODEL_PRODUCER_VERSION:
    case MODEL_DOMAIN: return is_string_field(reader, m, 65536);
    case MODEL_DOC_STRING: return is_string_field(reader, m, UINT64_MAX);
    case MODEL_GRAPH:
        if (m->wire != WIRE_LENGTH || m->length == 0) return m->wire == WIRE_LENGTH;
        return inner_tag(reader, m, &field, &wire) && is_graph_tag(field, wire);
    case MODEL_OPSET_IMPORT:
        if (m->wire != WIRE_LENGTH || m->length == 0) return m->wire == WIRE_LENGTH;
        return inner_tag(reader, m, &field, &wire) &&
               ((field == 1 && wire == WIRE_LENGTH) || (field == 2 && wire == WIRE_VARINT));
    case MODEL_METADATA_PROPS:
    case MODEL_TRAINING_INFO:
    case MODEL_FUNCTIONS:
    case MODEL_CONFIGURATION:
        if (m->wire != WIRE_LENGTH || m->length == 0) return m->wire == WIRE_LENGTH;
        return inner_tag(reader, m, &field, &wire) && field <= 64;
    default: return false;
    }
}

/* A model that was cut short is one too: its graph runs past the end after good fields, or was there. */
static bool walk_model(Reader *reader, uint64_t size) {
    Message m = message_at("ModelProto", 0, size);
    unsigned good = 0;
    bool has_graph = false;
    uint32_t seen = 0; /* a bit for each field up to MODEL_GRAPH: they do not repeat, a tensor's dims do */
    for (; good < 4 && message_next(reader, &m); good++) {
        if (!is_model_field(reader, &m) || (m.field <= MODEL_GRAPH && seen >> m.field & 1)) return false;
        if (m.field <= MODEL_GRAPH) seen |= (uint32_t)1 << m.field;
        has_graph |= m.field == MODEL_GRAPH;
    }
    if (!reader->failed) return good > 0;
    has_graph |= good > 0 && m.wire == WIRE_LENGTH && (m.field == MODEL_GRAPH || m.field == MODEL_FUNCTIONS);
    return has_graph && reader->err->code == ERROR_TRUNCATED;
}

bool sniff_plausible_model(Source *source) {
    char bytes[HEAD_SIZE];
    Bytes head = {bytes, read_head(source, bytes)};
    if (head.size == 0 || is_text(head) || find_magic(head) || starts_with(head, ZIP_MAGIC) ||
        is_pickle(head) || is_safetensors(head, source->size))
        return false;
    Error ignored;
    Reader reader;
    reader_init(&reader, source, &ignored);
    bool plausible = walk_model(&reader, source->size);
    reader_free(&reader);
    return plausible;
}
