#include "ops/ensemble.h"

#include <stdlib.h>
#include <string.h>

#include "onnx/fields.h"
#include "onnx/wire.h"
#include "ops/infer.h"

typedef Array(int64_t) Numbers;

/* Nodes at positions of the lists, with two children each. */
#define LINK_NONE UINT32_MAX       /* the node is a leaf */
#define LINK_LEAF (UINT32_MAX - 1) /* the child is */

typedef struct Forest {
    uint32_t count;
    Array(uint32_t) links;  /* two for each node */
    Array(uint8_t) parents; /* for each node, 2 is too many */
    Array(uint32_t) roots;
    Array(uint32_t) waiting; /* of the tree that is walked */
    const char *gap;
} Forest;

static const char no_memory[] = "out of memory";

/* ---- lists ---- */

static bool is_leaf_mode(Bytes mode) {
    return bytes_equal(mode, BYTES_LITERAL("LEAF"));
}

/* Strings become 1 where they are "LEAF", else 0. */
static bool take_stored(const Op *op, const Attribute *list, Numbers *numbers) {
    const Model *model = op->model;
    bool is_text = list->type == ATTRIBUTE_STRING_LIST, done = true;
    for (uint32_t i = 0; i < list->count && done; i++) {
        uint32_t at = list->first + i;
        if (is_text) done = array_push(numbers, is_leaf_mode(model_text(model, model->strings.items[at])));
        else done = array_push(numbers, model->integers.items[at]);
    }
    return done;
}

static bool take_field(Reader *reader, const Message *m, bool is_text, Numbers *numbers) {
    uint64_t at = 0, value;
    Bytes text;
    if (is_text) return message_bytes(reader, m, "strings", &text) && array_push(numbers, is_leaf_mode(text));
    while (message_scalar(reader, m, WIRE_VARINT, "ints", &at, &value))
        if (!array_push(numbers, (int64_t)value)) return false;
    return !reader->failed;
}

static bool take_from_file(const Op *op, const Attribute *list, Numbers *numbers) {
    Error err;
    Reader reader;
    bool is_text = list->type == ATTRIBUTE_STRING_LIST, done = true;
    uint32_t field = is_text ? ATTRIBUTE_STRINGS : ATTRIBUTE_INTS;
    reader_init(&reader, op->model->source, &err);
    Message m = message_at("AttributeProto", list->offset, list->length);
    while (done && message_next(&reader, &m))
        if (m.field == field) done = take_field(&reader, &m, is_text, numbers);
    done = done && !reader.failed;
    reader_free(&reader);
    return done;
}

/* A list of as many items as the forest has nodes; the first one says how many those are. */
static bool read_list(Op *op, Forest *forest, const char *name, AttributeType type, Numbers *numbers) {
    const Attribute *list = op_attribute(op, name);
    if (forest->gap) return false;
    if (!list || list->type != type) forest->gap = "a list of its nodes is not given";
    else if (list->count > ENSEMBLE_NODE_LIMIT) forest->gap = "its trees have more than 4,194,304 nodes";
    else if (forest->count != UINT32_MAX && list->count != forest->count)
        forest->gap = "the lists of its nodes are not of one length";
    else if (!(list->stored ? take_stored(op, list, numbers) : take_from_file(op, list, numbers)) ||
             numbers->count != list->count)
        forest->gap = "a list of its nodes cannot be read";
    forest->count = numbers->count;
    return !forest->gap;
}

/* ---- links ---- */

/* Room for links and parents of all nodes. */
static bool make_room(Forest *forest) {
    uint32_t n = forest->count;
    if (!array_reserve(&forest->links, 2 * n) || !array_reserve(&forest->parents, n)) {
        forest->gap = no_memory;
        return false;
    }
    if (n == 0) return true;
    memset(forest->links.items, 0xff, 2 * (size_t)n * sizeof *forest->links.items);
    memset(forest->parents.items, 0, n);
    forest->links.count = 2 * n;
    forest->parents.count = n;
    return true;
}

/* A parent, or being a root. */
static bool add_parent(Forest *forest, uint32_t node) {
    if (forest->parents.items[node]++ == 0) return true;
    forest->parents.items[node] = 2;
    forest->gap = "a node of its trees has two parents";
    return false;
}

static bool push_root(Forest *forest, uint32_t node) {
    if (array_push(&forest->roots, node)) return true;
    forest->gap = no_memory;
    return false;
}

/* ---- classifiers and regressors: nodes by the ids of tree and node ---- */

typedef struct NodePlace {
    int64_t tree, node;
    uint32_t index;
} NodePlace;

static int compare_places(const void *a, const void *b) {
    const NodePlace *x = a, *y = b;
    if (x->tree != y->tree) return x->tree < y->tree ? -1 : 1;
    return (x->node > y->node) - (x->node < y->node);
}

/* All places in order, which they mostly are. NULL, with a gap, when one is there twice or memory runs
 * out. */
static NodePlace *sort_places(Forest *forest, const int64_t *trees, const int64_t *nodes) {
    NodePlace *places = malloc((forest->count + (size_t)1) * sizeof *places);
    bool is_sorted = true;
    if (!places) forest->gap = no_memory;
    if (!places) return NULL;
    for (uint32_t i = 0; i < forest->count; i++) {
        places[i] = (NodePlace){trees[i], nodes[i], i};
        is_sorted = is_sorted && (i == 0 || compare_places(&places[i - 1], &places[i]) < 0);
    }
    if (is_sorted) return places;
    qsort(places, forest->count, sizeof *places, compare_places);
    for (uint32_t i = 1; i < forest->count && !forest->gap; i++)
        if (compare_places(&places[i - 1], &places[i]) == 0) forest->gap = "two of its nodes have one id";
    if (!forest->gap) return places;
    free(places);
    return NULL;
}

/* The node of a place, or LINK_NONE. Ids mostly count from 0 on, so that a node is as far from another as
 * their ids. */
static uint32_t find_node(const Forest *forest, const NodePlace *places, uint32_t from, int64_t node) {
    NodePlace wanted = {places[from].tree, node, 0};
    int64_t guess;
    bool fits = !__builtin_sub_overflow(node, places[from].node, &guess) &&
                !__builtin_add_overflow(guess, from, &guess) && guess >= 0 && guess < forest->count;
    if (fits && compare_places(&places[guess], &wanted) == 0) return places[guess].index;
    const NodePlace *found = bsearch(&wanted, places, forest->count, sizeof *places, compare_places);
    return found ? found->index : LINK_NONE;
}

static void link_places(Forest *forest, const NodePlace *places, const int64_t *const children[2],
                        const int64_t *is_leaf) {
    for (uint32_t at = 0; at < forest->count; at++) {
        uint32_t i = places[at].index;
        for (uint32_t side = 0; side < 2 && !is_leaf[i]; side++) {
            uint32_t child = find_node(forest, places, at, children[side][i]);
            if (child == LINK_NONE) forest->gap = "a node that its trees name is not there";
            if (child == LINK_NONE || !add_parent(forest, child)) return;
            forest->links.items[2 * i + side] = child;
        }
    }
    for (uint32_t i = 0; i < forest->count; i++)
        if (forest->parents.items[i] == 0 && !push_root(forest, i)) return;
}

static void read_by_ids(Op *op, Forest *forest) {
    static const char *const names[] = {"nodes_treeids", "nodes_nodeids", "nodes_truenodeids",
                                        "nodes_falsenodeids", "nodes_modes"};
    Numbers lists[5] = {{0}};
    bool done = true;
    for (uint32_t i = 0; i < 5 && done; i++)
        done = read_list(op, forest, names[i], i < 4 ? ATTRIBUTE_INT_LIST : ATTRIBUTE_STRING_LIST, &lists[i]);
    if (done && make_room(forest)) {
        NodePlace *places = sort_places(forest, lists[0].items, lists[1].items);
        const int64_t *const children[] = {lists[2].items, lists[3].items};
        if (places) link_places(forest, places, children, lists[4].items);
        free(places);
    }
    for (uint32_t i = 0; i < 5; i++) array_free(&lists[i]);
}

/* ---- TreeEnsemble: nodes by their positions ---- */

static void link_positions(Forest *forest, const Numbers *children, const Numbers *is_leaf) {
    for (uint32_t i = 0; i < forest->count; i++) {
        for (uint32_t side = 0; side < 2; side++) {
            int64_t child = children[side].items[i];
            uint32_t *link = &forest->links.items[2 * i + side];
            *link = LINK_LEAF;
            if (is_leaf[side].items[i]) continue;
            if (child < 0 || child >= forest->count) forest->gap = "a node that its trees name is not there";
            if (forest->gap || !add_parent(forest, (uint32_t)child)) return;
            *link = (uint32_t)child;
        }
    }
}

static void read_roots(Op *op, Forest *forest) {
    Numbers roots = {0};
    Forest list = {.count = UINT32_MAX};
    if (!read_list(op, &list, "tree_roots", ATTRIBUTE_INT_LIST, &roots)) forest->gap = list.gap;
    for (uint32_t i = 0; i < roots.count && !forest->gap; i++) {
        int64_t root = roots.items[i];
        if (root < 0 || root >= forest->count) forest->gap = "a root of its trees is not there";
        else if (add_parent(forest, (uint32_t)root)) push_root(forest, (uint32_t)root);
    }
    array_free(&roots);
}

static void read_by_positions(Op *op, Forest *forest) {
    static const char *const names[] = {"nodes_truenodeids", "nodes_falsenodeids", "nodes_trueleafs",
                                        "nodes_falseleafs"};
    Numbers lists[4] = {{0}};
    bool done = true;
    for (uint32_t i = 0; i < 4 && done; i++)
        done = read_list(op, forest, names[i], ATTRIBUTE_INT_LIST, &lists[i]);
    if (done && make_room(forest)) link_positions(forest, lists, lists + 2);
    if (!forest->gap) read_roots(op, forest);
    for (uint32_t i = 0; i < 4; i++) array_free(&lists[i]);
}

/* ---- walking ---- */

typedef struct Leaves {
    uint64_t count, steps; /* leaves, and the sum of their depths */
    uint64_t deepest;
} Leaves;

static void add_leaf(Leaves *leaves, uint64_t depth) {
    leaves->count++;
    leaves->steps += depth;
    if (depth > leaves->deepest) leaves->deepest = depth;
}

/* Level by level. It ends: every node has one parent, so that it is met once. */
static bool walk(Forest *forest, uint32_t root, Leaves *leaves) {
    *leaves = (Leaves){0};
    forest->waiting.count = 0;
    if (!array_push(&forest->waiting, root)) return false;
    uint64_t depth = 0;
    for (uint32_t start = 0; start < forest->waiting.count; depth++) {
        uint32_t end = forest->waiting.count;
        for (; start < end; start++) {
            const uint32_t *links = &forest->links.items[2 * (size_t)forest->waiting.items[start]];
            if (links[0] == LINK_NONE) add_leaf(leaves, depth);
            for (uint32_t side = 0; side < 2 && links[0] != LINK_NONE; side++) {
                if (links[side] == LINK_LEAF) add_leaf(leaves, depth + 1);
                else if (!array_push(&forest->waiting, links[side])) return false;
            }
        }
    }
    return true;
}

static EnsembleDepths measure(Op *op) {
    Forest forest = {.count = UINT32_MAX};
    Leaves leaves;
    if (strcmp(op->rule->name, "TreeEnsemble") == 0) read_by_positions(op, &forest);
    else read_by_ids(op, &forest);
    EnsembleDepths depths = {.trees = forest.roots.count};
    uint64_t met = 0;
    for (uint32_t i = 0; i < forest.roots.count && !forest.gap; i++) {
        if (!walk(&forest, forest.roots.items[i], &leaves)) forest.gap = no_memory;
        else if (leaves.count) depths.mean += (double)leaves.steps / (double)leaves.count;
        depths.deepest += leaves.deepest;
        met += forest.waiting.count;
    }
    /* TreeEnsemble may have nodes that no root leads to; else those are cycles. */
    if (!forest.gap && strcmp(op->rule->name, "TreeEnsemble") != 0 && met != forest.count)
        forest.gap = "its trees have a cycle";
    depths.gap = forest.gap;
    array_free(&forest.links);
    array_free(&forest.parents);
    array_free(&forest.roots);
    array_free(&forest.waiting);
    return depths;
}

/* Lists are the same where they stand at the same place in the file. */
EnsembleDepths ensemble_depths(Op *op) {
    static const char *const names[] = {"nodes_treeids",      "nodes_nodeids",   "nodes_truenodeids",
                                        "nodes_falsenodeids", "nodes_modes",     "tree_roots",
                                        "nodes_trueleafs",    "nodes_falseleafs"};
    Infer *infer = op->infer;
    uint64_t key[9] = {strcmp(op->rule->name, "TreeEnsemble") == 0};
    for (uint32_t i = 0; i < 8; i++) {
        const Attribute *list = op_attribute(op, names[i]);
        key[i + 1] = list ? list->offset : UINT64_MAX;
    }
    Symbol symbol = interner_add(&infer->ensemble_table, (Bytes){(const char *)key, sizeof key});
    if (symbol != SYMBOL_NONE && symbol - 1 < infer->ensembles.count)
        return infer->ensembles.items[symbol - 1];
    EnsembleDepths depths = measure(op);
    if (symbol == SYMBOL_NONE || !array_push(&infer->ensembles, depths)) infer->out_of_memory = true;
    return depths;
}
