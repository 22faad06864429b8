#include "match/find.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "match/hash.h"

/* Nodes of more inputs than this are matched in their order only. */
#define COMMUTE_LIMIT 64

/* ---- small things ---- */

static bool fail_memory(Finder *f) {
    if (!f->failed) error_memory(f->err, "looking for a pattern");
    f->failed = true;
    return false;
}

bool finder_step(Finder *f, uint64_t steps) {
    f->steps += steps;
    if (f->steps <= f->step_limit) return true;
    if (!f->failed)
        error_set(f->err, ERROR_LIMIT, ERROR_NO_OFFSET,
                  "the pattern needs more than %llu steps on this model", (unsigned long long)f->step_limit);
    f->failed = true;
    return false;
}

static const Term *term_at(const Finder *f, uint32_t term) {
    return &f->pattern->terms.items[term];
}

static Shapes *shapes_of(const Finder *f) {
    return f->view->costs->shapes;
}

static uint32_t frame_of(const Finder *f, Id value) {
    const Value *v = &f->model->values.items[value];
    return v->is_undefined ? FRAME_NONE : shapes_first_frame(shapes_of(f), v->graph);
}

Fact finder_fact(const Finder *f, Id value) {
    uint32_t frame = frame_of(f, value);
    return frame == FRAME_NONE ? (Fact){0} : *shapes_fact(shapes_of(f), frame, value);
}

static const Contents *contents_of(const Finder *f, Id value) {
    uint32_t frame = frame_of(f, value);
    return frame == FRAME_NONE ? NULL : shapes_contents(shapes_of(f), frame, value);
}

static bool follows_from_shapes(const Finder *f, Id value) {
    uint32_t frame = frame_of(f, value);
    return frame != FRAME_NONE && (costs_value_flags(f->view->costs, frame, value) & VALUE_IS_SHAPE);
}

/* Up to a bit more than `most`: constants can have as many users as there are nodes. */
static int64_t count_users(Finder *f, Id value, int64_t most) {
    IdSpan users = view_users(f->view, value);
    int64_t count = f->outputs[value];
    /* A node stands there once for each input, side by side. */
    for (uint32_t i = 0; i < users.count && count <= most && finder_step(f, 1); i++)
        count += i == 0 || users.ids[i] != users.ids[i - 1];
    return count;
}

int64_t finder_fanout(Finder *f, Id node, Id value, int64_t most) {
    if (node == ID_NONE) return count_users(f, value, most);
    IdSpan outputs = node_outputs(f->model, node);
    int64_t count = 0;
    for (uint32_t i = 0; i < outputs.count && count <= most; i++)
        if (outputs.ids[i] != ID_NONE) count += count_users(f, outputs.ids[i], most - count);
    return count;
}

/* ---- slots, goals, choices ---- */

static bool same_word(Finder *f, uint32_t slot, int64_t word) {
    if (f->slots[slot] == word) return true;
    if (slot >= f->pattern->captures.count || f->pattern->captures.items[slot].kind != CAPTURE_DIM)
        return false;
    return expr_equal(shapes_of(f)->algebra, f->slots[slot], word) == TRUTH_TRUE;
}

bool finder_bind(Finder *f, uint32_t slot, int64_t word) {
    if (slot == PATTERN_NONE) return true;
    if (f->slots[slot] != SLOT_EMPTY) return same_word(f, slot, word);
    if (!array_push(&f->trail, slot)) return fail_memory(f);
    f->slots[slot] = word;
    return true;
}

static uint32_t add_goal(Finder *f, Goal goal) {
    if (!array_push(&f->goals, goal)) fail_memory(f);
    return f->goals.count - 1;
}

static uint32_t add_value_goal(Finder *f, uint32_t term, Id value, uint32_t next) {
    return add_goal(f, (Goal){.kind = GOAL_VALUE, .term = term, .subject = value, .next = next});
}

/* Notes that a goal can be tried another way, from what is there now. */
static void add_choice(Finder *f, uint32_t goal, uint32_t way) {
    Choice choice = {goal, way, f->goals.count, f->trail.count, f->candidates.count};
    if (!array_push(&f->choices, choice)) fail_memory(f);
}

static void undo(Finder *f, const Choice *choice) {
    while (f->trail.count > choice->trail) f->slots[f->trail.items[--f->trail.count]] = SLOT_EMPTY;
    f->goals.count = choice->goals;
    f->candidates.count = choice->candidates;
}

/* ---- nodes ---- */

static bool is_operator(const BoundOperator *wanted, const Operator *operation) {
    return (wanted->any_name || wanted->name == operation->op_type) &&
           (wanted->any_domain || wanted->domain == operation->domain);
}

static bool has_operator(const Finder *f, const Term *term, Id node) {
    const Operator *operation = &f->model->operators.items[f->model->nodes.items[node].op];
    for (uint32_t i = 0; i < term->operator_count; i++)
        if (is_operator(&f->operators[term->first_operator + i], operation)) return true;
    return false;
}

/* Whether a node can be part of a match: of this graph, allowed, and one that computes. */
static bool is_open_to_match(const Finder *f, Id node) {
    if (f->model->nodes.items[node].graph != f->graph) return false;
    if (f->allowed && !f->allowed[node]) return false;
    return f->view->is_raw || f->view->classes[node] == NODE_CLASS_COMPUTE;
}

static bool commutes(Finder *f, Id node) {
    uint8_t *known = &f->commutes[f->model->nodes.items[node].op];
    if (!*known) *known = view_is_commutative(f->view, node) ? 2 : 1;
    return *known == 2 && node_inputs(f->model, node).count <= COMMUTE_LIMIT;
}

static Id first_output(const Finder *f, Id node) {
    IdSpan outputs = node_outputs(f->model, node);
    return outputs.count ? outputs.ids[0] : ID_NONE;
}

/* Constants of whole numbers and shape arithmetic behind the operands that are written. */
static bool need_not_be_written(const Finder *f, Id value) {
    if (value == ID_NONE) return true;
    if (f->view->is_raw) return false;
    if (follows_from_shapes(f, value)) return true;
    uint32_t dtype = finder_fact(f, value).dtype;
    const Value *v = &f->model->values.items[value];
    if (!dtype && v->tensor != ID_NONE) dtype = f->model->tensors.items[v->tensor].dtype;
    bool is_whole = dtype != DTYPE_BOOL && dtype != DTYPE_STRING && dtype_bits(dtype) > 0 &&
                    !dtype_is_float(dtype) && dtype != DTYPE_COMPLEX64 && dtype != DTYPE_COMPLEX128;
    return is_whole && view_is_constant(f->view, value);
}

static bool operands_cover(const Finder *f, const Term *term, IdSpan inputs, bool in_any_order) {
    if (term->is_open) return !in_any_order || term->arg_count <= inputs.count;
    if (in_any_order) return term->arg_count == inputs.count;
    for (uint32_t i = term->arg_count; i < inputs.count; i++)
        if (!need_not_be_written(f, inputs.ids[i])) return false;
    return true;
}

/* The goals of a node's operands in front of `next`; PATTERN_NONE - 1 when there can be no match. */
#define NO_GOAL (PATTERN_NONE - 1)
static uint32_t operand_goals(Finder *f, uint32_t term, Id node, uint32_t next) {
    const Term *self = term_at(f, term);
    IdSpan inputs = node_inputs(f->model, node);
    if (!self->has_args) return next;
    bool in_any_order = commutes(f, node);
    if (!finder_step(f, inputs.count) || !operands_cover(f, self, inputs, in_any_order)) return NO_GOAL;
    if (in_any_order)
        return add_goal(f, (Goal){.kind = GOAL_OPERANDS, .term = term, .subject = node, .next = next});
    for (uint32_t i = self->arg_count; i-- > 0;) {
        uint32_t arg = f->pattern->args.items[self->first_arg + i];
        bool is_none = term_at(f, arg)->value_kind == VALUE_KIND_NONE;
        if (i >= inputs.count && !is_none) return NO_GOAL;
        next = add_value_goal(f, arg, i < inputs.count ? inputs.ids[i] : ID_NONE, next);
    }
    return next;
}

static bool predicates_hold(Finder *f, const Term *term, Id node, Id value) {
    const Predicate *items = f->pattern->predicates.items + term->first_predicate;
    for (uint32_t i = 0; i < term->predicate_count; i++)
        if (!finder_step(f, 1) || !predicate_holds(f, &items[i], node, value)) return false;
    return true;
}

/* The term stands for the node: what there is to do next, or NO_GOAL. */
static uint32_t match_node(Finder *f, uint32_t term, Id node, uint32_t next) {
    const Term *self = term_at(f, term);
    if (!is_open_to_match(f, node) || !has_operator(f, self, node)) return NO_GOAL;
    if (!finder_bind(f, self->capture, node)) return NO_GOAL;
    if (!finder_bind(f, f->pattern->captures.count + term, node)) return NO_GOAL;
    if (!predicates_hold(f, self, node, first_output(f, node))) return NO_GOAL;
    if (self->before != PATTERN_NONE)
        next = add_goal(f, (Goal){.kind = GOAL_BEHIND,
                                  .term = self->before,
                                  .subject = node,
                                  .least = self->least,
                                  .most = self->most,
                                  .next = next});
    return operand_goals(f, term, node, next);
}

/* ---- values ---- */

static bool is_of_kind(const Finder *f, ValueKind kind, Id value) {
    const Value *v = &f->model->values.items[value];
    switch (kind) {
    case VALUE_KIND_INIT: return v->tensor != ID_NONE;
    case VALUE_KIND_INPUT: return v->is_input && v->tensor == ID_NONE;
    case VALUE_KIND_CONST: return view_is_constant(f->view, value);
    case VALUE_KIND_OUTPUT: return f->outputs[value];
    case VALUE_KIND_ACTIVATION:
        return v->producer != ID_NONE && !view_is_constant(f->view, value) && !follows_from_shapes(f, value);
    case VALUE_KIND_SHAPE: return follows_from_shapes(f, value);
    case VALUE_KIND_NONE: return false;
    default: return true;
    }
}

static bool match_plain_value(Finder *f, const Term *term, Id value) {
    bool asks_nothing = term->capture == PATTERN_NONE && !term->predicate_count;
    if (value == ID_NONE)
        return asks_nothing && (term->value_kind == VALUE_KIND_NONE || term->value_kind == VALUE_KIND_ANY);
    return is_of_kind(f, (ValueKind)term->value_kind, value) && finder_bind(f, term->capture, value) &&
           predicates_hold(f, term, ID_NONE, value);
}

static bool match_number(Finder *f, const Term *term, Id value) {
    if (value == ID_NONE || !view_is_constant(f->view, value)) return false;
    const Contents *contents = contents_of(f, value);
    if (!contents || contents->count == 0 || !finder_step(f, contents->count)) return false;
    double allowed = term->tolerance * fabs(term->number), number = 0;
    for (uint32_t i = 0; i < contents->count; i++) {
        if (i > 0 && contents->items[i] == contents->items[i - 1]) continue;
        if (!expr_to_double(shapes_of(f)->algebra, contents->items[i], &number)) return false;
        if (!(fabs(number - term->number) <= allowed)) return false;
    }
    return true;
}

/* A node that is left out: what its arrow leads from, else its first operand, stands in its place. */
static uint32_t match_without(Finder *f, const Term *term, Id value, uint32_t next) {
    if (term->before != PATTERN_NONE)
        return add_goal(f, (Goal){.kind = GOAL_BEHIND,
                                  .is_from_value = true,
                                  .term = term->before,
                                  .subject = value,
                                  .least = term->least - 1,
                                  .most = term->most - 1,
                                  .next = next});
    if (term->arg_count) return add_value_goal(f, f->pattern->args.items[term->first_arg], value, next);
    return next;
}

static uint32_t match_value(Finder *f, uint32_t goal_index, uint32_t way) {
    const Goal goal = f->goals.items[goal_index];
    const Term *term = term_at(f, goal.term);
    Id value = view_source(f->view, goal.subject);
    if (term->kind == TERM_VALUE) return match_plain_value(f, term, value) ? goal.next : NO_GOAL;
    if (term->kind == TERM_NUMBER) return match_number(f, term, value) ? goal.next : NO_GOAL;
    if (way == 1) return match_without(f, term, value, goal.next);
    if (term->is_optional) add_choice(f, goal_index, 1);
    Id node = value == ID_NONE ? ID_NONE : f->model->values.items[value].producer;
    return node == ID_NONE ? NO_GOAL : match_node(f, goal.term, node, goal.next);
}

/* ---- operands in any order ---- */

/* The first input from `from` on that is free; of inputs that stand for one value only the first. */
static uint32_t free_input(const Finder *f, IdSpan inputs, uint64_t taken, uint32_t from) {
    for (uint32_t i = from; i < inputs.count; i++) {
        if (taken >> i & 1) continue;
        bool is_again = false;
        for (uint32_t j = 0; j < i && !is_again; j++)
            is_again = !(taken >> j & 1) &&
                       view_source(f->view, inputs.ids[j]) == view_source(f->view, inputs.ids[i]);
        if (!is_again) return i;
    }
    return inputs.count;
}

static uint32_t match_operands(Finder *f, uint32_t goal_index, uint32_t way) {
    const Goal goal = f->goals.items[goal_index];
    const Term *term = term_at(f, goal.term);
    IdSpan inputs = node_inputs(f->model, goal.subject);
    if (goal.index == term->arg_count) return goal.next;
    uint32_t input = free_input(f, inputs, goal.mask, way);
    if (!finder_step(f, inputs.count) || input == inputs.count) return NO_GOAL;
    if (free_input(f, inputs, goal.mask, input + 1) < inputs.count) add_choice(f, goal_index, input + 1);
    Goal rest = goal;
    rest.index++;
    rest.mask |= (uint64_t)1 << input;
    uint32_t next = add_goal(f, rest);
    return add_value_goal(f, f->pattern->args.items[term->first_arg + goal.index], inputs.ids[input], next);
}

/* ---- along edges ---- */

static bool need_marks(Finder *f, uint32_t **marks, uint32_t count) {
    if (*marks) return true;
    *marks = calloc(count + (size_t)1, sizeof **marks);
    return *marks || fail_memory(f);
}

/* A value on the way back, once in each search. */
static bool add_behind(Finder *f, Id value, uint32_t search) {
    Id source = view_source(f->view, value);
    if (source == ID_NONE || f->seen_values[source] == search) return true;
    f->seen_values[source] = search;
    return array_push(&f->candidates, source) || fail_memory(f);
}

static void add_inputs(Finder *f, Id node, uint32_t search) {
    IdSpan inputs = node_inputs(f->model, node);
    if (finder_step(f, inputs.count))
        for (uint32_t i = 0; i < inputs.count; i++) add_behind(f, inputs.ids[i], search);
}

/* Values up to `most` edges back, level by level. From `least` on each is met once; before, once a level, since the way that
 * is too short may not be the only one. What is nearer than `least` is cut off at the end. */
static void list_behind(Finder *f, uint32_t goal_index) {
    const Goal goal = f->goals.items[goal_index];
    uint32_t base = f->candidates.count, level_start = base, found = UINT32_MAX;
    uint32_t level = goal.is_from_value ? 0 : 1, search = ++f->search;
    if (!need_marks(f, &f->seen_values, f->model->value_count)) return;
    if (goal.is_from_value) add_behind(f, goal.subject, search);
    else add_inputs(f, goal.subject, search);
    for (;; level++) {
        uint32_t level_end = f->candidates.count;
        if (level >= goal.least && found == UINT32_MAX) found = level_start;
        if (level == goal.most || level_start == level_end || f->failed) break;
        if (level < goal.least) search = ++f->search;
        for (uint32_t i = level_start; i < level_end && !f->failed; i++) {
            Id node = view_producer(f->view, f->candidates.items[i]);
            if (node != ID_NONE && is_open_to_match(f, node)) add_inputs(f, node, search);
        }
        level_start = level_end;
    }
    if (found == UINT32_MAX) found = f->candidates.count;
    f->goals.items[goal_index].first = found;
    f->goals.items[goal_index].count = f->candidates.count - found;
}

static uint32_t match_behind(Finder *f, uint32_t goal_index, uint32_t way) {
    if (way == 0) list_behind(f, goal_index);
    const Goal goal = f->goals.items[goal_index];
    if (f->failed || way >= goal.count) return NO_GOAL;
    if (way + 1 < goal.count) add_choice(f, goal_index, way + 1);
    return add_value_goal(f, goal.term, f->candidates.items[goal.first + way], goal.next);
}

/* ---- further lines ---- */

static uint32_t match_name(Finder *f, const Goal *goal) {
    const PatternLine *line = &f->pattern->lines.items[goal->term];
    if (line->capture == PATTERN_NONE) return goal->next;
    Id output = view_source(f->view, first_output(f, goal->subject));
    return output != ID_NONE && finder_bind(f, line->capture, output) ? goal->next : NO_GOAL;
}

/* How a line can be found from what is bound: its root is known, or a value that is up to `most` edges behind its root, or
 * nothing is. */
typedef enum StartKind { START_ANYWHERE, START_NODE, START_VALUE } StartKind;

typedef struct Start {
    StartKind kind;
    uint32_t line;
    Id node; /* ID_NONE: no node makes the value that the line is to give */
    Id value;
    uint32_t most;
} Start;

/* The most edges that a term's value is behind the root of its line. Where a node on the way may be missing, and would take the
 * term with it, the line can match without the value: false. */
static bool distance(Finder *f, uint32_t term, uint32_t *most) {
    *most = 0;
    for (uint32_t parent; (parent = term_at(f, term)->parent) != PATTERN_NONE; term = parent) {
        if (!finder_step(f, 1)) return false;
        const Term *p = term_at(f, parent);
        bool is_arrow = p->before == term;
        bool stays = is_arrow || (p->before == PATTERN_NONE && f->pattern->args.items[p->first_arg] == term);
        if (p->is_optional && !stays) return false;
        *most += is_arrow ? p->most : 1;
    }
    return true;
}

static bool is_bound_value(const Finder *f, uint32_t slot) {
    return slot != PATTERN_NONE && f->slots[slot] != SLOT_EMPTY &&
           f->pattern->captures.items[slot].kind == CAPTURE_VALUE;
}

/* The nearest value of a line that is bound, if that is nearer than what was found before. */
static void start_from_values(Finder *f, uint32_t line, Start *best) {
    const PatternLine *l = &f->pattern->lines.items[line];
    if (!finder_step(f, l->past_term - l->first_term)) return;
    for (uint32_t term = l->first_term; term < l->past_term; term++) {
        uint32_t slot = term_at(f, term)->capture, most;
        if (!is_bound_value(f, slot) || !distance(f, term, &most)) continue;
        if (best->kind == START_VALUE && most >= best->most) continue;
        *best = (Start){START_VALUE, line, ID_NONE, (Id)f->slots[slot], most};
    }
}

/* The next line: one whose root is known, else one that uses a bound value, else the first that is left. */
static Start next_line(Finder *f, uint64_t done) {
    Start best = {.line = PATTERN_NONE};
    for (uint32_t i = 0; i < f->pattern->lines.count; i++) {
        const PatternLine *line = &f->pattern->lines.items[i];
        uint32_t slot = term_at(f, line->root)->capture;
        if (done >> i & 1) continue;
        if (slot != PATTERN_NONE && f->slots[slot] != SLOT_EMPTY)
            return (Start){.kind = START_NODE, .line = i, .node = (Id)f->slots[slot]};
        if (is_bound_value(f, line->capture)) {
            Id producer = f->model->values.items[f->slots[line->capture]].producer;
            return (Start){.kind = START_NODE, .line = i, .node = producer};
        }
        if (best.line == PATTERN_NONE) best.line = i;
        start_from_values(f, i, &best);
    }
    return best;
}

static void add_root(Finder *f, uint32_t line, Id node) {
    const Term *root = term_at(f, f->pattern->lines.items[line].root);
    if (node == ID_NONE || !is_open_to_match(f, node) || !has_operator(f, root, node)) return;
    if (!array_push(&f->candidates, node)) fail_memory(f);
}

static bool add_user(Finder *f, Id node) {
    if (f->seen_nodes[node] == f->search || !is_open_to_match(f, node)) return true;
    f->seen_nodes[node] = f->search;
    return array_push(&f->candidates, node) || fail_memory(f);
}

static void add_users(Finder *f, Id value) {
    IdSpan users = view_users(f->view, value);
    for (uint32_t i = 0; i < users.count && finder_step(f, 1); i++) add_user(f, users.ids[i]);
}

/* Nodes that are up to `most` edges in front of the value, each once; those that can be the line's root stay. */
static void list_in_front(Finder *f, const Start *start) {
    uint32_t base = f->candidates.count, level_start = base, kept = base;
    if (!need_marks(f, &f->seen_nodes, f->model->node_count)) return;
    f->search++;
    add_users(f, view_source(f->view, start->value));
    for (uint32_t level = 1; level < start->most && !f->failed; level++) {
        uint32_t level_end = f->candidates.count;
        for (uint32_t i = level_start; i < level_end && !f->failed; i++) {
            IdSpan outputs = node_outputs(f->model, f->candidates.items[i]);
            for (uint32_t o = 0; o < outputs.count; o++)
                if (outputs.ids[o] != ID_NONE) add_users(f, view_source(f->view, outputs.ids[o]));
        }
        if (level_end == f->candidates.count) break;
        level_start = level_end;
    }
    const Term *root = term_at(f, f->pattern->lines.items[start->line].root);
    for (uint32_t i = base; i < f->candidates.count; i++)
        if (has_operator(f, root, f->candidates.items[i]))
            f->candidates.items[kept++] = f->candidates.items[i];
    f->candidates.count = kept;
}

/* All nodes of the graph that can be the line's root. */
static void list_everywhere(Finder *f, uint32_t line) {
    const Graph *graph = &f->model->graphs.items[f->graph];
    for (uint32_t i = 0; i < graph->node_count && finder_step(f, 1); i++)
        add_root(f, line, graph->first_node + i);
}

static void list_line(Finder *f, uint32_t goal_index) {
    Start start = next_line(f, f->goals.items[goal_index].mask);
    uint32_t first = f->candidates.count;
    if (f->failed) return;
    if (start.kind == START_NODE) add_root(f, start.line, start.node);
    else if (start.kind == START_VALUE) list_in_front(f, &start);
    else list_everywhere(f, start.line);
    Goal *goal = &f->goals.items[goal_index];
    goal->term = start.line;
    goal->first = first;
    goal->count = f->candidates.count - first;
}

static uint32_t line_goals(Finder *f, uint32_t line, Id node, uint64_t done) {
    uint32_t next =
        add_goal(f, (Goal){.kind = GOAL_LINES, .mask = done | (uint64_t)1 << line, .next = PATTERN_NONE});
    next = add_goal(f, (Goal){.kind = GOAL_NAME, .term = line, .subject = node, .next = next});
    return add_goal(
        f,
        (Goal){.kind = GOAL_NODE, .term = f->pattern->lines.items[line].root, .subject = node, .next = next});
}

static uint32_t match_lines(Finder *f, uint32_t goal_index, uint32_t way) {
    uint32_t count = f->pattern->lines.count;
    uint64_t all = count == 64 ? UINT64_MAX : ((uint64_t)1 << count) - 1;
    if (f->goals.items[goal_index].mask == all) return PATTERN_NONE;
    if (way == 0) list_line(f, goal_index);
    const Goal goal = f->goals.items[goal_index];
    if (f->failed || way >= goal.count) return NO_GOAL;
    if (way + 1 < goal.count) add_choice(f, goal_index, way + 1);
    return line_goals(f, goal.term, f->candidates.items[goal.first + way], goal.mask);
}

/* ---- running ---- */

static uint32_t run_goal(Finder *f, uint32_t goal_index, uint32_t way) {
    const Goal goal = f->goals.items[goal_index];
    switch ((GoalKind)goal.kind) {
    case GOAL_NODE: return match_node(f, goal.term, goal.subject, goal.next);
    case GOAL_VALUE: return match_value(f, goal_index, way);
    case GOAL_OPERANDS: return match_operands(f, goal_index, way);
    case GOAL_BEHIND: return match_behind(f, goal_index, way);
    case GOAL_NAME: return match_name(f, &goal);
    default: return match_lines(f, goal_index, way);
    }
}

/* Runs goals until none is left (a match) or no way is. `goal` is NO_GOAL to go on with the last choice. */
static bool run(Finder *f, uint32_t goal) {
    uint32_t way = 0;
    while (goal != PATTERN_NONE) {
        if (goal == NO_GOAL) {
            if (f->choices.count == 0) return false;
            Choice choice = f->choices.items[--f->choices.count];
            undo(f, &choice);
            goal = choice.goal;
            way = choice.way;
        }
        if (!finder_step(f, 1)) return false;
        goal = run_goal(f, goal, way);
        way = 0;
        if (f->failed) return false;
    }
    return true;
}

/* ---- matches ---- */

static bool is_new_node(const Finder *f, Id node, uint32_t *at) {
    uint32_t rank = view_rank(f->view, node), low = 0, high = f->nodes.count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (view_rank(f->view, f->nodes.items[middle]) < rank) low = middle + 1;
        else high = middle;
    }
    *at = low;
    return low == f->nodes.count || f->nodes.items[low] != node;
}

static bool list_nodes(Finder *f) {
    const int64_t *nodes = f->slots + f->pattern->captures.count;
    f->nodes.count = 0;
    for (uint32_t i = 0; i < f->pattern->terms.count; i++) {
        uint32_t at;
        if (nodes[i] == SLOT_EMPTY || !is_new_node(f, (Id)nodes[i], &at)) continue;
        if (!array_push(&f->nodes, ID_NONE)) return fail_memory(f);
        memmove(&f->nodes.items[at + 1], &f->nodes.items[at], (f->nodes.count - 1 - at) * sizeof(Id));
        f->nodes.items[at] = (Id)nodes[i];
    }
    return true;
}

/* Whether these captures and nodes are new at this root. */
static bool is_new(Finder *f) {
    if (!f->all) return true;
    if (!finder_step(f, f->pattern->terms.count / 16))
        return false; /* all of them are gone through, but fast */
    uint32_t captures = f->pattern->captures.count,
             known = f->has_assignments ? f->assignments.names.count : 0;
    size_t size = captures * sizeof(int64_t) + f->nodes.count * sizeof(Id);
    if (!f->has_assignments && !interner_init(&f->assignments)) return fail_memory(f);
    if (!f->has_assignments) known = f->assignments.names.count;
    f->has_assignments = true;
    char *bytes = malloc(size + 1);
    if (!bytes) return fail_memory(f);
    memcpy(bytes, f->slots, captures * sizeof(int64_t));
    memcpy(bytes + captures * sizeof(int64_t), f->nodes.items, f->nodes.count * sizeof(Id));
    Symbol symbol = interner_add(&f->assignments, (Bytes){bytes, size});
    free(bytes);
    if (symbol == SYMBOL_NONE) return fail_memory(f);
    if (f->assignments.pool.count / sizeof(int64_t) > FIND_ASSIGNMENT_LIMIT) finder_step(f, f->step_limit);
    return symbol >= known;
}

/* ---- roots ---- */

static void forget_assignments(Finder *f) {
    if (f->has_assignments) interner_free(&f->assignments);
    f->has_assignments = false;
}

void finder_skip_root(Finder *f) {
    f->goes_on = false;
}

static bool next_root(Finder *f, Id *root) {
    const Term *term = term_at(f, f->pattern->lines.items[f->pattern->lines.count - 1].root);
    uint32_t count = f->has_roots ? f->roots.count : f->model->node_count;
    while (f->next_root < count) {
        Id node = f->has_roots ? f->roots.items[f->next_root] : f->next_root;
        f->next_root++;
        f->graph = f->model->nodes.items[node].graph;
        if (f->graph_only != ID_NONE && f->graph != f->graph_only) continue;
        if (!is_open_to_match(f, node) || !has_operator(f, term, node)) continue;
        *root = node;
        return true;
    }
    return false;
}

static uint32_t start_root(Finder *f, Id root) {
    Choice start = {0};
    f->root = root;
    f->choices.count = 0;
    undo(f, &start);
    forget_assignments(f);
    return line_goals(f, f->pattern->lines.count - 1, root, 0);
}

FindResult finder_next(Finder *f, Error *err) {
    f->err = err;
    if (f->failed) { /* and nothing of it can be trusted */
        error_set(err, ERROR_LIMIT, ERROR_NO_OFFSET, "the search ended with an error before");
        return FIND_FAILED;
    }
    for (;;) {
        Id root;
        uint32_t goal = NO_GOAL;
        if (!f->goes_on) {
            if (!next_root(f, &root)) return FIND_END;
            goal = start_root(f, root);
        }
        while (!f->failed && run(f, goal)) {
            f->goes_on = f->all;
            if (list_nodes(f) && is_new(f) && !f->failed) return FIND_MATCH;
            goal = NO_GOAL;
        }
        if (f->failed) return FIND_FAILED;
        f->goes_on = false;
    }
}

/* ---- making ---- */

static int compare_roots(const void *a, const void *b, void *context) {
    const View *view = context;
    uint32_t x = view_rank(view, *(const Id *)a), y = view_rank(view, *(const Id *)b);
    return (x > y) - (x < y);
}

static bool add_roots(Finder *f, const Id *nodes, uint32_t count) {
    if (!array_reserve(&f->roots, count)) return false;
    if (count) memcpy(f->roots.items + f->roots.count, nodes, count * sizeof *nodes);
    f->roots.count += count;
    return true;
}

/* Past so many roots it is faster to go through all nodes than to sort. */
#define SORTED_ROOTS 4096

/* The nodes of the last line's operators in execution order: from the index, or, where these are many, by looking. */
static bool list_roots(Finder *f) {
    const Term *term = term_at(f, f->pattern->lines.items[f->pattern->lines.count - 1].root);
    uint32_t operators = 0;
    for (Id op = 0; op < f->model->operators.count; op++) {
        bool is_wanted = false;
        for (uint32_t i = 0; i < term->operator_count && !is_wanted; i++)
            is_wanted = is_operator(&f->operators[term->first_operator + i], &f->model->operators.items[op]);
        IdSpan nodes = is_wanted ? view_nodes_of(f->view, op) : (IdSpan){0};
        bool is_many = nodes.count && nodes.count + (uint64_t)f->roots.count > SORTED_ROOTS;
        if (operators > 0 && is_many && !f->view->ranks) {
            f->roots.count = 0;
            f->has_roots = false;
            return true;
        }
        if (!add_roots(f, nodes.ids, nodes.count)) return false;
        operators += nodes.count > 0;
    }
    if (operators > 1) qsort_r(f->roots.items, f->roots.count, sizeof(Id), compare_roots, f->view);
    return true;
}

static bool take_nodes(Finder *f, const FindOptions *options) {
    f->has_roots = true;
    if (!options->nodes) return list_roots(f);
    f->allowed = calloc(f->model->node_count + (size_t)1, 1);
    if (!f->allowed) return false;
    for (uint32_t i = 0; i < options->node_count; i++) {
        if (f->allowed[options->nodes[i]]) continue;
        f->allowed[options->nodes[i]] = 1;
        if (!array_push(&f->roots, options->nodes[i])) return false;
    }
    if (f->roots.count) qsort_r(f->roots.items, f->roots.count, sizeof(Id), compare_roots, f->view);
    return true;
}

static bool bind_names(Finder *f) {
    const Pattern *pattern = f->pattern;
    f->operators = calloc(pattern->operators.count + (size_t)1, sizeof *f->operators);
    f->attributes = calloc(pattern->predicates.count + (size_t)1, sizeof *f->attributes);
    if (!f->operators || !f->attributes) return false;
    for (uint32_t i = 0; i < pattern->operators.count; i++) {
        const OperatorName *name = &pattern->operators.items[i];
        f->operators[i] = (BoundOperator){interner_find(&f->model->text, pattern_text(pattern, name->domain)),
                                          interner_find(&f->model->text, pattern_text(pattern, name->name)),
                                          name->any_domain, name->any_name};
    }
    for (uint32_t i = 0; i < pattern->predicates.count; i++)
        f->attributes[i] =
            interner_find(&f->model->text, pattern_text(pattern, pattern->predicates.items[i].attribute));
    return true;
}

static bool asks_for_outputs(const Pattern *pattern) {
    for (uint32_t i = 0; i < pattern->terms.count; i++)
        if (pattern->terms.items[i].value_kind == VALUE_KIND_OUTPUT) return true;
    for (uint32_t i = 0; i < pattern->predicates.count; i++)
        if (pattern->predicates.items[i].subject == SUBJECT_FANOUT) return true;
    return false;
}

static bool mark_outputs(Finder *f) {
    if (!asks_for_outputs(f->pattern)) return true;
    f->outputs = calloc(f->model->value_count + (size_t)1, 1);
    if (!f->outputs) return false;
    for (Id graph = 0; graph < f->model->graphs.count; graph++) {
        IdSpan outputs = model_list(f->model, f->model->graphs.items[graph].outputs);
        for (uint32_t i = 0; i < outputs.count; i++)
            if (outputs.ids[i] != ID_NONE) f->outputs[view_source(f->view, outputs.ids[i])] = 1;
    }
    return true;
}

static bool make_slots(Finder *f) {
    uint32_t count = f->pattern->captures.count + f->pattern->terms.count;
    f->slots = malloc((count + (size_t)1) * sizeof *f->slots);
    for (uint32_t i = 0; f->slots && i < count; i++) f->slots[i] = SLOT_EMPTY;
    return f->slots;
}

void finder_free(Finder *f) {
    if (!f) return;
    forget_assignments(f);
    free(f->allowed);
    free(f->commutes);
    free(f->outputs);
    free(f->operators);
    free(f->attributes);
    free(f->slots);
    free(f->seen_values);
    free(f->seen_nodes);
    array_free(&f->roots);
    array_free(&f->trail);
    array_free(&f->goals);
    array_free(&f->choices);
    array_free(&f->candidates);
    array_free(&f->nodes);
    free(f);
}

Finder *finder_new(const Pattern *pattern, View *view, const FindOptions *options, Error *err) {
    if (!view_index_operators(view, err)) return NULL;
    Finder *f = calloc(1, sizeof *f);
    if (f) {
        f->pattern = pattern;
        f->view = view;
        f->model = view->costs->shapes->model;
        f->graph_only = options->graph;
        f->all = options->all;
        f->root = f->graph = ID_NONE;
        f->step_limit = FIND_STEPS(f->model);
        f->commutes = calloc(f->model->operators.count + (size_t)1, 1);
    }
    if (f && f->commutes && bind_names(f) && make_slots(f) && mark_outputs(f) && take_nodes(f, options))
        return f;
    finder_free(f);
    error_memory(err, "looking for a pattern");
    return NULL;
}
