/* Predicates of patterns. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "match/find.h"
#include "ops/schema.h"

#define FLOAT_TOLERANCE 1e-6

/* ---- comparing ---- */

/* `order` is below, at or above 0, as the left side is below, equal to or above the right one. */
static bool compares(Comparison comparison, int order) {
    switch (comparison) {
    case COMPARE_EQUAL: return order == 0;
    case COMPARE_NOT_EQUAL: return order != 0;
    case COMPARE_LESS: return order < 0;
    case COMPARE_LESS_EQUAL: return order <= 0;
    case COMPARE_GREATER: return order > 0;
    default: return order >= 0;
    }
}

static int order_of(int64_t a, int64_t b) {
    return (a > b) - (a < b);
}

/* Floats that a text cannot spell exactly are equal within a tolerance. */
static int order_of_numbers(double a, double b) {
    if (fabs(a - b) <= FLOAT_TOLERANCE * fabs(b)) return 0;
    return a > b ? 1 : -1;
}

static bool holds(Comparison comparison, bool equal) {
    return equal == (comparison == COMPARE_EQUAL);
}

/* A pattern of bytes in which * stands for any. */
static bool glob(Bytes pattern, Bytes text) {
    size_t p = 0, t = 0, star = SIZE_MAX, mark = 0;
    while (t < text.size) {
        if (p < pattern.size && pattern.data[p] == '*') {
            star = p++;
            mark = t;
        } else if (p < pattern.size && pattern.data[p] == text.data[t]) {
            p++;
            t++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            t = ++mark;
        } else return false;
    }
    while (p < pattern.size && pattern.data[p] == '*') p++;
    return p == pattern.size;
}

/* A formula against a whole number: true only where it holds for all values of the symbols. */
static bool expr_compares(Finder *finder, Comparison comparison, Expr e, int64_t number) {
    Algebra *algebra = finder->view->costs->shapes->algebra;
    if (!expr_is_known(e)) return false;
    e = expr_resolve(algebra, e);
    if (!expr_is_small(e) && !finder_step(finder, 16 + expr_term_count(algebra, e))) return false;
    Expr n = expr_integer(algebra, number);
    switch (comparison) {
    case COMPARE_EQUAL: return expr_equal(algebra, e, n) == TRUTH_TRUE;
    case COMPARE_NOT_EQUAL: return expr_equal(algebra, e, n) == TRUTH_FALSE;
    case COMPARE_LESS: return expr_less(algebra, e, n) == TRUTH_TRUE;
    case COMPARE_LESS_EQUAL: return expr_less_equal(algebra, e, n) == TRUTH_TRUE;
    case COMPARE_GREATER: return expr_less(algebra, n, e) == TRUTH_TRUE;
    default: return expr_less_equal(algebra, n, e) == TRUTH_TRUE;
    }
}

/* ---- shapes ---- */

static bool get_shape(const Finder *finder, Id value, Shape *shape) {
    Fact fact = finder_fact(finder, value);
    shape->rank = -1;
    if (fact.kind == TYPE_KIND_TENSOR || fact.kind == TYPE_KIND_SPARSE_TENSOR)
        shapes_get(finder->view->costs->shapes, fact.shape, shape);
    return shape->rank >= 0;
}

/* A name in a shape is the model's symbol of that name. */
static Truth dim_is(Finder *finder, const Operand *operand, Expr dim) {
    Algebra *algebra = finder->view->costs->shapes->algebra;
    if (operand->kind == OPERAND_ANY) return TRUTH_TRUE;
    if (!expr_is_known(dim)) return TRUTH_UNKNOWN;
    if (!expr_is_small(dim) && !finder_step(finder, 16 + expr_term_count(algebra, dim))) return TRUTH_UNKNOWN;
    if (operand->kind == OPERAND_CAPTURE)
        return finder_bind(finder, operand->capture, dim) ? TRUTH_TRUE : TRUTH_FALSE;
    if (operand->kind == OPERAND_NUMBER)
        return operand->is_whole ? expr_equal(algebra, dim, expr_integer(algebra, operand->whole))
                                 : TRUTH_FALSE;
    SymbolId symbol = algebra_find_symbol(algebra, pattern_text(finder->pattern, operand->text));
    if (symbol == UINT32_MAX) return TRUTH_FALSE;
    return expr_equal(algebra, dim, expr_resolve(algebra, expr_symbol(algebra, symbol)));
}

static Truth shape_is(Finder *finder, const Predicate *predicate, const Shape *shape) {
    const Operand *items = finder->pattern->operands.items + predicate->first_operand;
    uint32_t count = predicate->operand_count;
    bool is_open = count > 0 && items[count - 1].kind == OPERAND_REST;
    Truth all = TRUTH_TRUE;
    if (is_open) count--;
    if (is_open ? (uint32_t)shape->rank < count : (uint32_t)shape->rank != count) return TRUTH_FALSE;
    for (uint32_t i = 0; i < count; i++) {
        Truth one = dim_is(finder, &items[i], shape->dims[i]);
        if (one == TRUTH_FALSE) return one;
        if (one == TRUTH_UNKNOWN) all = one;
    }
    return all;
}

static bool shape_holds(Finder *finder, const Predicate *predicate, Id value) {
    Shape shape;
    if (!get_shape(finder, value, &shape)) return false;
    Truth truth = shape_is(finder, predicate, &shape);
    return truth != TRUTH_UNKNOWN && holds((Comparison)predicate->comparison, truth == TRUTH_TRUE);
}

/* ---- attributes ---- */

/* What an attribute is at a node: as written, else the default of its operator's schema as text. */
typedef struct Effective {
    bool is_unknown; /* a parameter of the function it is in, or a type that is not compared */
    const Attribute *attribute;
    bool has_default;
    Bytes default_text;
} Effective;

static Effective effective_attribute(const Finder *finder, const Predicate *predicate, Id node) {
    const Model *model = finder->model;
    Effective found = {0};
    Symbol symbol = finder->attributes[predicate - finder->pattern->predicates.items];
    if (symbol != SYMBOL_NONE) found.attribute = node_attribute(model, node, symbol);
    if (found.attribute) {
        found.is_unknown = found.attribute->reference != SYMBOL_NONE;
        return found;
    }
    const Operator *operation = &model->operators.items[model->nodes.items[node].op];
    Bytes name = pattern_text(finder->pattern, predicate->attribute);
    Schema schema;
    SchemaAttribute item;
    if (operation->function != ID_NONE ||
        !schema_find(model_name(model, operation->domain), model_name(model, operation->op_type),
                     node_opset(model, node), &schema))
        return found;
    while (schema_next_attribute(&schema.attributes, &item))
        if (bytes_equal(item.name, name) && item.has_default) {
            found.has_default = true;
            found.default_text = item.default_text;
        }
    return found;
}

/* The rank that a negative axis counts from: of the first input, of what OneHot makes. */
static int64_t axis_rank(const Finder *finder, Id node) {
    const Model *model = finder->model;
    const Operator *operation = &model->operators.items[model->nodes.items[node].op];
    bool is_new = bytes_equal(model_name(model, operation->op_type), BYTES_LITERAL("OneHot"));
    IdSpan values = is_new ? node_outputs(model, node) : node_inputs(model, node);
    Shape shape;
    return values.count && get_shape(finder, values.ids[0], &shape) ? shape.rank : 0;
}

static bool whole_holds(const Finder *finder, const Predicate *predicate, Id node, int64_t value) {
    const Operand *operand = &finder->pattern->operands.items[predicate->first_operand];
    int64_t wanted = operand->whole;
    if (operand->kind != OPERAND_NUMBER) return predicate->comparison == COMPARE_NOT_EQUAL;
    if (!operand->is_whole)
        return compares((Comparison)predicate->comparison, order_of_numbers((double)value, operand->number));
    if (bytes_equal(pattern_text(finder->pattern, predicate->attribute), BYTES_LITERAL("axis"))) {
        int64_t rank = axis_rank(finder, node);
        bool differ = (value < 0) != (wanted < 0);
        if (differ && rank == 0) return false; /* nobody knows what it counts from */
        if (value < 0) value += rank;
        if (wanted < 0) wanted += rank;
    }
    return compares((Comparison)predicate->comparison, order_of(value, wanted));
}

static bool number_holds(const Finder *finder, const Predicate *predicate, double value) {
    const Operand *operand = &finder->pattern->operands.items[predicate->first_operand];
    if (operand->kind != OPERAND_NUMBER) return predicate->comparison == COMPARE_NOT_EQUAL;
    if (isnan(value)) return predicate->comparison == COMPARE_NOT_EQUAL;
    return compares((Comparison)predicate->comparison, order_of_numbers(value, operand->number));
}

static bool text_holds(const Finder *finder, const Predicate *predicate, Bytes value) {
    const Operand *operand = &finder->pattern->operands.items[predicate->first_operand];
    bool equal =
        operand->kind == OPERAND_TEXT && bytes_equal(pattern_text(finder->pattern, operand->text), value);
    return predicate->comparison <= COMPARE_NOT_EQUAL && holds((Comparison)predicate->comparison, equal);
}

static bool item_equals(const Finder *finder, const Attribute *attribute, uint32_t i,
                        const Operand *operand) {
    const Model *model = finder->model;
    uint32_t at = attribute->first + i;
    bool is_number = operand->kind == OPERAND_NUMBER;
    switch (attribute->type) {
    case ATTRIBUTE_INT_LIST:
        return is_number && operand->is_whole && model->integers.items[at] == operand->whole;
    case ATTRIBUTE_FLOAT_LIST:
        return is_number && order_of_numbers((double)model->floats.items[at], operand->number) == 0;
    case ATTRIBUTE_STRING_LIST:
        return operand->kind == OPERAND_TEXT && bytes_equal(pattern_text(finder->pattern, operand->text),
                                                            model_text(model, model->strings.items[at]));
    default: return false;
    }
}

static bool list_equals(Finder *finder, const Predicate *predicate, const Attribute *attribute) {
    bool is_list = attribute->type == ATTRIBUTE_INT_LIST || attribute->type == ATTRIBUTE_FLOAT_LIST ||
                   attribute->type == ATTRIBUTE_STRING_LIST;
    if (!is_list || attribute->count != predicate->operand_count) return false;
    if (attribute->count == 0) return true;
    if (!attribute->stored || !finder_step(finder, attribute->count)) return false;
    const Operand *items = finder->pattern->operands.items + predicate->first_operand;
    for (uint32_t i = 0; i < attribute->count; i++)
        if (!item_equals(finder, attribute, i, &items[i])) return false;
    return true;
}

static bool written_holds(Finder *finder, const Predicate *predicate, Id node, const Attribute *attribute) {
    Comparison comparison = (Comparison)predicate->comparison;
    if (predicate->is_list) return holds(comparison, list_equals(finder, predicate, attribute));
    switch (attribute->type) {
    case ATTRIBUTE_INT: return whole_holds(finder, predicate, node, attribute->i);
    case ATTRIBUTE_FLOAT: return number_holds(finder, predicate, (double)attribute->f);
    case ATTRIBUTE_STRING:
        if (!attribute->stored) return comparison == COMPARE_NOT_EQUAL;
        return text_holds(finder, predicate, model_text(finder->model, attribute->s));
    default: return comparison == COMPARE_NOT_EQUAL;
    }
}

/* A number of the schema's table. */
static double table_number(Bytes text) {
    char copy[64] = {0};
    memcpy(copy, text.data, text.size < sizeof copy - 1 ? text.size : sizeof copy - 1);
    return strtod(copy, NULL);
}

static bool table_item_equals(const Finder *finder, Bytes item, const Operand *operand) {
    if (item.size && item.data[0] == '"')
        return operand->kind == OPERAND_TEXT && bytes_equal((Bytes){item.data + 1, item.size - 2},
                                                            pattern_text(finder->pattern, operand->text));
    return operand->kind == OPERAND_NUMBER && order_of_numbers(table_number(item), operand->number) == 0;
}

static bool table_list_equals(const Finder *finder, const Predicate *predicate, Bytes text) {
    const Operand *items = finder->pattern->operands.items + predicate->first_operand;
    if (text.size < 2 || text.data[0] != '[') return false;
    Bytes list = {text.data + 1, text.size - 2}, item;
    uint32_t count = 0;
    for (; schema_next_item(&list, &item); count++)
        if (count >= predicate->operand_count || !table_item_equals(finder, item, &items[count]))
            return false;
    return count == predicate->operand_count;
}

static bool default_holds(const Finder *finder, const Predicate *predicate, Id node, Bytes text) {
    Comparison comparison = (Comparison)predicate->comparison;
    if (predicate->is_list) return holds(comparison, table_list_equals(finder, predicate, text));
    if (text.size && text.data[0] == '[') return comparison == COMPARE_NOT_EQUAL;
    if (text.size >= 2 && text.data[0] == '"')
        return text_holds(finder, predicate, (Bytes){text.data + 1, text.size - 2});
    bool is_float = memchr(text.data, '.', text.size) || memchr(text.data, 'e', text.size);
    double number = table_number(text);
    return is_float ? number_holds(finder, predicate, number)
                    : whole_holds(finder, predicate, node, (int64_t)number);
}

static bool attribute_holds(Finder *finder, const Predicate *predicate, Id node) {
    Effective found = effective_attribute(finder, predicate, node);
    if (found.is_unknown) return false;
    if (found.attribute) return written_holds(finder, predicate, node, found.attribute);
    if (found.has_default) return default_holds(finder, predicate, node, found.default_text);
    return predicate->comparison == COMPARE_NOT_EQUAL;
}

/* ---- all of them ---- */

static Bytes name_of(const Finder *finder, Id node, Id value) {
    const Model *model = finder->model;
    if (node != ID_NONE) return model_text(model, model->nodes.items[node].name);
    return model_name(model, model->values.items[value].name);
}

static uint32_t present(IdSpan values) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < values.count; i++) count += values.ids[i] != ID_NONE;
    return count;
}

static bool rank_holds(const Finder *finder, const Predicate *predicate, Id value, int64_t wanted) {
    Shape shape;
    return get_shape(finder, value, &shape) &&
           compares((Comparison)predicate->comparison, order_of(shape.rank, wanted));
}

bool predicate_holds(Finder *finder, const Predicate *predicate, Id node, Id value) {
    Infer *infer = finder->view->costs->shapes->infer;
    const Operand *operand = &finder->pattern->operands.items[predicate->first_operand];
    Comparison comparison = (Comparison)predicate->comparison;
    if (predicate->subject == SUBJECT_ATTRIBUTE) return attribute_holds(finder, predicate, node);
    if (predicate->subject == SUBJECT_INPUTS)
        return compares(comparison, order_of(present(node_inputs(finder->model, node)), operand->whole));
    if (predicate->subject == SUBJECT_OUTPUTS)
        return compares(comparison, order_of(present(node_outputs(finder->model, node)), operand->whole));
    if (predicate->subject == SUBJECT_FANOUT)
        return compares(comparison,
                        order_of(finder_fanout(finder, node, value, operand->whole), operand->whole));
    if (predicate->subject == SUBJECT_NAME) {
        Bytes name = name_of(finder, node, value), wanted = pattern_text(finder->pattern, operand->text);
        return finder_step(finder, (uint64_t)name.size * wanted.size / 16) &&
               holds(comparison, glob(wanted, name));
    }
    if (value == ID_NONE) return false;
    Fact fact = finder_fact(finder, value);
    switch ((Subject)predicate->subject) {
    case SUBJECT_DTYPE:
        return fact.kind == TYPE_KIND_TENSOR && fact.dtype &&
               holds(comparison, fact.dtype == predicate->dtype);
    case SUBJECT_RANK: return rank_holds(finder, predicate, value, operand->whole);
    case SUBJECT_SHAPE: return shape_holds(finder, predicate, value);
    case SUBJECT_ELEMENTS:
        return expr_compares(finder, comparison, infer_fact_elements(infer, fact), operand->whole);
    default: return expr_compares(finder, comparison, infer_fact_nbytes(infer, fact), operand->whole);
    }
}
