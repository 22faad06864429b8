/* Stats: what the elements of a tensor look like, gathered over chunks in one pass.
 *
 * A zero-initialised Stats is empty. stats_update takes packed elements as raw_data would hold them (what
 * payload_pull hands out), any number of times with one dtype; stats_finish then fills mean and std. Complex
 * numbers and strings are refused: they have no order, so no minimum.
 *
 * Mean and squares are gathered per block of values around the block's own mean and merged (Chan, Golub and
 * LeVeque 1979: M = Ma + Mb + d^2 na nb / n), so 1e8 values of 1e6 + noise lose nothing, and a constant
 * tensor has std 0.
 */
#ifndef ONNXDOC_STATS_H
#define ONNXDOC_STATS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/element.h"

typedef struct Stats {
    uint64_t count;  /* elements seen = finite + nan + inf */
    uint64_t finite; /* the ones that min, max, mean and std are about */
    uint64_t zeros;  /* -0 counts; of bool: false */
    uint64_t nan;
    uint64_t inf; /* of either sign */
    Element min;  /* exact, of the kind element_decode gives; meaningless while finite is 0 */
    Element max;
    double mean;              /* set by stats_finish; NaN when finite is 0. bool: the share of true */
    double std;               /* likewise; of the population (divided by finite, not finite - 1) */
    long double running_mean; /* private */
    long double squares;      /* private: sum of (x - mean)^2 */
} Stats;

/* False for complex64, complex128, string, undefined and unknown numbers. */
bool stats_supports(uint32_t dtype);

/* Adds `count` elements. Sub-byte types: only the last chunk may end inside a byte. False, with nothing
 * done, when the dtype is not supported. */
bool stats_update(Stats *stats, uint32_t dtype, const void *raw, uint64_t count);

/* Fills mean and std; more updates may follow, and another stats_finish. */
void stats_finish(Stats *stats);

#endif
