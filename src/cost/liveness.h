/* Memory: what activations take while a model runs, in the order in which it is executed (cost/schedule.h says what is alive
 * when). Initializers and constants are not counted, except those that are graph outputs. While an If, a Loop or a call runs,
 * the largest peak of its bodies is alive besides.
 *
 * The peak is found for values of all symbols. Its formula, the sum of the sizes alive at that node, is what the peak is
 * for all values of the symbols when no other node can have more (`is_for_all`): proven by comparing formulas, term by term.
 */
#ifndef ONNXDOC_LIVENESS_H
#define ONNXDOC_LIVENESS_H

#include "cost/costs.h"
#include "cost/schedule.h"

typedef struct LivenessPeak {
    uint64_t bytes; /* at the values given; saturates */
    Id node;        /* of the main graph; ID_NONE when it has none */
    Expr formula;   /* what is alive there; EXPR_UNKNOWN: too many terms, or a body's peak has no formula */
    bool is_for_all;
    IdArray alive;      /* values of the main graph, besides a body's */
    uint64_t inner;     /* bytes of the body that runs there */
    uint64_t unknown;   /* values without a size, counted as 0 */
    uint64_t held;      /* peak when graph inputs stay to the end: they are memory of the program that runs the model */
    uint64_t reused;    /* peak when views share memory and outputs take the place of inputs */
    uint64_t least;     /* no order of nodes takes less */
    uint64_t scheduled; /* peak of an order found to save memory */
    Array(uint64_t) timeline; /* bytes alive by position in the order */
} LivenessPeak;

/* What is asked for besides the peak itself: the figures of other orders take longer. */
typedef struct LivenessOptions {
    const int64_t *values; /* by symbol */
    const bool *bound;
    uint32_t count;
    bool with_orders; /* held, reused, least, scheduled */
} LivenessOptions;

/* False with *err when memory runs out or a symbol has no value (named). liveness_free also after a failure. */
bool liveness_find(Costs *costs, const LivenessOptions *options, LivenessPeak *peak, Error *err);
void liveness_free(LivenessPeak *peak);

#endif
