/* Repeats: tandem repetitions in a sequence of labels, on plain numbers.
 *
 * A repeat says that labels[i] == labels[i + period] for all i of [start, end - period), and that this holds for no more on
 * either side. In an exact one the period fits twice or more; the shortest period is given. All of them are found, in
 * O(n log n) (Bannai, I, Inenaga, Nakashima, Takeda, Tsuruta: The "runs" theorem, 2017: each begins with a longest Lyndon word,
 * in the one or the other order of labels). The others are pairs of equal stretches too far apart to touch, as of two layers
 * of which one has a node more.
 *
 * `content` is the same for repeats of the same labels, whichever of them their periods begin with. Labels are compared by hash
 * where many are alike: that two stretches of different labels pass for equal is as likely as a collision of 61 bits.
 */
#ifndef ONNXDOC_REPEATS_H
#define ONNXDOC_REPEATS_H

#include "base/array.h"

typedef struct Repeat {
    uint32_t start, end, period;
    bool is_exact;
    uint64_t content;
} Repeat;
typedef Array(Repeat) RepeatArray;

/* Appends the exact repeats whose period is at least `least`, by start. False when memory runs out. */
bool repeats_find(const uint64_t *labels, uint32_t count, uint32_t least, RepeatArray *repeats);

/* Appends those at the distances that are most frequent between a short stretch and its next occurrence, where equal stretches
 * are at least a quarter of the distance. False when memory runs out. */
bool repeats_find_apart(const uint64_t *labels, uint32_t count, uint32_t least, RepeatArray *repeats);

#endif
