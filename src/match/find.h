/* Finder: looks for a pattern in a view, match by match.
 *
 * A root is a node that the last line's root can be at; roots are tried in execution order, graph by graph. What remains to be
 * matched at one is a list of goals; where a goal can be reached in several ways (operands that commute, nodes left out,
 * several ways back along an arrow, several nodes for a further line) the finder notes a choice and comes back to the next
 * way when the first one fails. Nothing recurses; goals, choices and what is bound lie in arrays that are cut back with the
 * choice they belong to.
 *
 *     slots      captures, then the nodes that terms stand for; SLOT_EMPTY where there is none (yet). Values are those they
 *                stand for in the view, so that what comes twice compares as one; dimensions are Exprs.
 *     steps      every goal, every node looked at on the way, every element compared is one. FIND_STEPS bounds them, so that
 *                no pattern takes exponential time.
 *
 * A match lies within one graph, but reads values of the graphs around it. The canonical view holds only nodes that compute.
 *
 * A Finder owns its arrays and borrows Pattern and View; the view is given its index by operator, nothing else in it changes.
 */
#ifndef ONNXDOC_FIND_H
#define ONNXDOC_FIND_H

#include "match/pattern.h"
#include "match/view.h"

#define FIND_STEPS(model) (100 * (uint64_t)(model)->node_count + 10000000)
/* Words of distinct assignments kept for one root, to tell new ones. */
#define FIND_ASSIGNMENT_LIMIT (1u << 22)
#define SLOT_EMPTY            INT64_MAX

typedef enum GoalKind {
    GOAL_NODE,     /* the term stands for the node */
    GOAL_VALUE,    /* the value is what the term says */
    GOAL_OPERANDS, /* operands from `index` on, in any order; `mask`: inputs that are taken */
    GOAL_BEHIND,   /* the term is found between `least` and `most` edges behind the node (or value) */
    GOAL_NAME,     /* the name of line `term` is the node's first output */
    GOAL_LINES,    /* further lines; `mask`: those that are done */
} GoalKind;

typedef struct Goal {
    uint8_t kind;
    bool is_from_value; /* BEHIND */
    uint32_t term;
    Id subject;
    uint32_t index;
    uint32_t least, most;
    uint32_t first, count; /* BEHIND, LINES: in Finder.candidates, listed when the first way is tried */
    uint64_t mask;
    uint32_t next; /* in Finder.goals; PATTERN_NONE: none */
} Goal;

/* Where to go on when a way fails: what was there, and the way to try next. */
typedef struct Choice {
    uint32_t goal, way;
    uint32_t goals, trail, candidates;
} Choice;

typedef struct BoundOperator {
    Symbol domain, name; /* SYMBOL_NONE: the model has no such name */
    bool any_domain, any_name;
} BoundOperator;

typedef struct FindOptions {
    bool all;        /* every distinct assignment of a root, not only the first */
    Id graph;        /* only there; ID_NONE: everywhere */
    const Id *nodes; /* NULL: all nodes; else only these may be part of a match */
    uint32_t node_count;
} FindOptions;

typedef struct Finder {
    const Pattern *pattern;
    View *view;
    const Model *model;
    bool all;
    Id graph_only;
    uint8_t *allowed;         /* by node; NULL: all */
    uint8_t *commutes;        /* by operator: 0 not asked yet, 1 no, 2 yes */
    uint8_t *outputs;         /* by value: an output of a graph; NULL where no one asks */
    BoundOperator *operators; /* by Pattern.operators */
    Symbol *attributes;       /* by Pattern.predicates */

    IdArray roots; /* where they are listed; else all nodes, which are in execution order */
    bool has_roots;
    uint32_t next_root;
    Id root;      /* at hand */
    bool goes_on; /* there may be more of it */
    Id graph;     /* root's */

    int64_t *slots;
    Array(uint32_t) trail; /* slots that were filled, in that order */
    Array(Goal) goals;
    Array(Choice) choices;
    IdArray candidates;
    uint32_t *seen_values, *seen_nodes; /* the number of the search that met it last; made on first use */
    uint32_t search;
    Interner assignments; /* of the root at hand */
    bool has_assignments;
    IdArray nodes; /* of the match, in execution order */

    uint64_t steps, step_limit;
    bool failed;
    Error *err; /* of the call at hand */
} Finder;

typedef enum FindResult { FIND_MATCH, FIND_END, FIND_FAILED } FindResult;

/* NULL and *err when memory runs out. */
Finder *finder_new(const Pattern *pattern, View *view, const FindOptions *options, Error *err);
void finder_free(Finder *finder);

/* The next match: finder->root, finder->slots and finder->nodes until the next call. Of one root it gives further
 * assignments, each once, until finder_skip_root. FAILED with ERROR_LIMIT when the steps are used up. */
FindResult finder_next(Finder *finder, Error *err);
void finder_skip_root(Finder *finder);

/* ---- inside src/match ---- */

/* True when the slot was empty or holds the same. */
bool finder_bind(Finder *finder, uint32_t slot, int64_t word);
/* Counts steps; false when there are too many. */
bool finder_step(Finder *finder, uint64_t steps);
/* The fact of a value, as in the first frame of its graph; kind NONE where there is none. */
Fact finder_fact(const Finder *finder, Id value);
/* How many nodes read a value, or each output of a node, added up; an output of a graph counts as one more. Past `most` it
 * stops. */
int64_t finder_fanout(Finder *finder, Id node, Id value, int64_t most);

/* Whether a predicate holds of a node (whose first output `value` is) or, with node ID_NONE, of a value. What is not known
 * holds neither way. */
bool predicate_holds(Finder *finder, const Predicate *predicate, Id node, Id value);

#endif
