/* libFuzzer harness of inference: bytes are loaded as a model, its shapes are inferred, with and without bindings, and
 * everything found is looked at: facts of every frame, contents, symbols, formulas as text, costs and what is alive.
 */
#include <stdlib.h>
#include <string.h>

#include "cost/liveness.h"
#include "cost/parameters.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t sum; /* of all that is seen, so that looking is not left out */

static void expect(bool condition) {
    if (!condition) abort();
}

static void touch_expr(const Shapes *shapes, Expr e) {
    char text[64];
    int64_t least, most;
    size_t size = expr_print(shapes->algebra, e, text, sizeof text);
    expect(size == 0 || memchr(text, '\0', sizeof text));
    sum += size + (unsigned char)text[0];
    expr_bounds(shapes->algebra, e, &least, &most);
    expect(least <= most);
}

static void touch_shape(const Shapes *shapes, ShapeId id) {
    Shape shape;
    shapes_get(shapes, id, &shape);
    expect(shape.rank >= -1 && shape.rank <= SHAPE_RANK_LIMIT);
    for (int32_t i = 0; i < shape.rank; i++) {
        expect(expr_is_known(shape.dims[i]));
        touch_expr(shapes, shape.dims[i]);
    }
}

static void touch_value(Shapes *shapes, uint32_t frame, Id value) {
    const Fact *fact = shapes_fact(shapes, frame, value);
    if (fact->kind == TYPE_KIND_TENSOR || fact->kind == TYPE_KIND_SPARSE_TENSOR)
        touch_shape(shapes, fact->shape);
    const Contents *contents = shapes_contents(shapes, frame, value);
    expect(!contents || contents->count <= CONTENTS_LIMIT);
    for (uint32_t i = 0; contents && i < contents->count && i < 64; i++)
        touch_expr(shapes, contents->items[i]);
}

static void touch_shapes(Shapes *shapes) {
    for (uint32_t i = 0; i < shapes->frames.count && i < 256; i++) {
        const Graph *graph = &shapes->model->graphs.items[shapes->frames.items[i].graph];
        for (uint32_t v = 0; v < graph->value_count; v++) touch_value(shapes, i, graph->first_value + v);
    }
    for (uint32_t i = 0; i < algebra_symbol_count(shapes->algebra); i++)
        touch_expr(shapes, algebra_symbol_value(shapes->algebra, i));
    for (uint32_t i = 0; i < shapes->problems.count; i++)
        sum += shapes_text(shapes, shapes->problems.items[i].message).size;
}

/* Every symbol bound to a small number, as far as that does not contradict the model. */
static void infer_bound(Model *model, const Shapes *symbolic) {
    ShapeBinding bindings[8];
    uint32_t count = 0;
    for (uint32_t i = 0; i < symbolic->symbols.count && count < 8; i++) {
        if (symbolic->symbols.items[i].value == ID_NONE || symbolic->symbols.items[i].origin != SYMBOL_INPUT)
            continue;
        bindings[count++] = (ShapeBinding){algebra_symbol_name(symbolic->algebra, i), 1 + i % 3};
    }
    Error err = {0};
    Shapes *shapes =
        shapes_infer(model, &(ShapesOptions){.bindings = bindings, .binding_count = count}, &err);
    if (shapes) touch_shapes(shapes);
    else expect(err.code != ERROR_NONE);
    shapes_free(shapes);
}

/* Costs of all nodes and in sum, parameters, and the peak with every symbol at 1. */
static void touch_costs(Shapes *shapes) {
    Error err = {0};
    Costs *costs = costs_count(shapes, NULL, &err);
    expect(costs != NULL);
    CostSum total;
    expect(costs_sum(costs, NULL, 1, &total, &err));
    for (int m = 0; m < COST_METRIC_COUNT; m++)
        if (expr_is_known(total.metrics[m])) touch_expr(shapes, total.metrics[m]);
    uint8_t *uses = malloc(shapes->model->tensors.count + (size_t)1);
    Parameters parameters;
    expect(parameters_count(costs, &parameters, uses));
    free(uses);
    uint32_t count = algebra_symbol_count(shapes->algebra);
    int64_t *values = calloc(count + (size_t)1, sizeof *values);
    bool *bound = calloc(count + (size_t)1, sizeof *bound);
    for (uint32_t i = 0; i < count; i++) values[i] = bound[i] = 1;
    LivenessPeak peak;
    LivenessOptions options = {values, bound, count, true};
    if (!liveness_find(costs, &options, &peak, &err)) expect(err.code != ERROR_NONE);
    liveness_free(&peak);
    free(values);
    free(bound);
    costs_free(costs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Error err = {0};
    Source *source = source_from_memory(data, size, &err);
    Model *model = source ? model_load(source, &(ModelOptions){0}, &err) : NULL;
    if (!model) return 0;
    Shapes *shapes = shapes_infer(model, NULL, &err);
    if (shapes) {
        touch_shapes(shapes);
        touch_costs(shapes);
        infer_bound(model, shapes);
    }
    shapes_free(shapes);
    model_free(model);
    return 0;
}
