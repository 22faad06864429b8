/* Chains: stretches of a sequence that follow one another and do the same, as layers do.
 *
 * What repeats exactly (repeats.h) says where to look and how long a unit is. Where units begin follows from what is alive:
 * between layers few values are (a residual stream is one), within them more. What reads a value more than a unit later (a
 * mask that all layers read, a skip connection past several of them) does not count. Where nothing at all is alive between
 * units, they stand side by side. Units that differ in some nodes (a projection on the
 * shortcut, one more activation) join at the ends as long as most of their nodes are the same.
 *
 * Of all that could be called a repetition of some stretch, the one that covers most of it is taken; of those that cover about
 * as much, the one with the fewest values between units, then the shortest. Then what is left is searched.
 *
 *     units     places [start, end), ascending; those of a chain touch
 *     chains    ascending, apart from each other
 *
 * Whoever asks for Chains owns them: chains_free, in any case.
 */
#ifndef ONNXDOC_CHAINS_H
#define ONNXDOC_CHAINS_H

#include "match/repeats.h"
#include "match/sequence.h"

typedef struct Unit {
    uint32_t start, end;
} Unit;
typedef Array(Unit) UnitArray;

typedef struct Chain {
    uint32_t first_unit, count;
    uint32_t period;  /* places of a typical unit */
    bool is_parallel; /* no unit reads what the one before it makes */
} Chain;

typedef struct Chains {
    UnitArray units;
    Array(Chain) chains;
} Chains;

typedef struct ChainFinder ChainFinder;

/* Searches places [start, end) of a sequence, which it borrows. NULL when memory runs out. */
ChainFinder *chain_finder_make(const Sequence *sequence, uint32_t start, uint32_t end);
void chain_finder_free(ChainFinder *self);

/* Appends the chains; parallel ones only when they are asked for. False when memory runs out. */
bool chains_find(ChainFinder *self, bool with_parallel, Chains *chains);
void chains_free(Chains *chains);

#endif
