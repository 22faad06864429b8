/* libFuzzer harness of patterns: bytes up to the first NUL are a pattern, the others a model in which it is looked for, in both
 * views. What is found is looked at, and counted again: both times must give the same.
 */
#include <stdlib.h>
#include <string.h>

#include "match/find.h"
#include "match/paths.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool condition) {
    if (!condition) abort();
}

static void touch_match(const Finder *finder) {
    const Pattern *pattern = finder->pattern;
    expect(finder->root < finder->model->node_count);
    for (uint32_t i = 0; i < pattern->captures.count; i++) {
        int64_t word = finder->slots[i];
        CaptureKind kind = pattern->captures.items[i].kind;
        if (word == SLOT_EMPTY || kind == CAPTURE_DIM) continue;
        expect(word >= 0 &&
               word < (kind == CAPTURE_NODE ? finder->model->node_count : finder->model->value_count));
    }
    for (uint32_t i = 1; i < finder->nodes.count; i++)
        expect(view_rank(finder->view, finder->nodes.items[i - 1]) <
               view_rank(finder->view, finder->nodes.items[i]));
}

static uint32_t find_all(const Pattern *pattern, View *view, bool all) {
    Error err = {0};
    Finder *finder = finder_new(pattern, view, &(FindOptions){.all = all, .graph = ID_NONE}, &err);
    uint32_t count = 0;
    expect(finder != NULL);
    finder->step_limit = 100000;
    FindResult result;
    while ((result = finder_next(finder, &err)) == FIND_MATCH && ++count < 10000) touch_match(finder);
    expect(result != FIND_FAILED || err.code == ERROR_LIMIT);
    finder_free(finder);
    return count;
}

static void find_paths(const View *view) {
    Error err = {0};
    Paths paths;
    uint32_t nodes = view->costs->shapes->model->node_count;
    if (nodes == 0) return;
    expect(paths_find(view, &(PathsQuery){0, ID_NONE, nodes - 1, ID_NONE, 16}, &paths, &err));
    expect(paths.ends.count <= 16);
    paths_free(&paths);
}

static void find_in(const Pattern *pattern, Model *model) {
    Error err = {0};
    Shapes *shapes = shapes_infer(model, NULL, &err);
    Costs *costs = shapes ? costs_count(shapes, NULL, &err) : NULL;
    for (int raw = 0; costs && raw < 2; raw++) {
        View *view = view_make(costs, raw, &err);
        expect(view != NULL);
        uint32_t once = find_all(pattern, view, false), again = find_all(pattern, view, false);
        expect(once == again);
        find_all(pattern, view, true);
        find_paths(view);
        view_free(view);
    }
    costs_free(costs);
    shapes_free(shapes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Error err = {0};
    const uint8_t *end = memchr(data, '\0', size);
    size_t text = end ? (size_t)(end - data) : size;
    Pattern *pattern = pattern_compile((Bytes){(const char *)data, text}, &err);
    if (!pattern) {
        expect(err.message[0] && err.offset <= text);
        return 0;
    }
    Source *source = end ? source_from_memory(end + 1, size - text - 1, &err) : NULL;
    Model *model = source ? model_load(source, &(ModelOptions){0}, &err) : NULL;
    if (model) find_in(pattern, model);
    model_free(model);
    pattern_free(pattern);
    return 0;
}
