#include "weights/stats.h"

#include <math.h>

#include "base/little.h"

/* Values whose mean and squares are gathered together; they stay in the first-level cache. */
#define STATS_BLOCK 1024

/* Integers up to here are exact as double. */
#define STATS_EXACT ((uint64_t)1 << 53)

/* Outside this range of magnitudes the squares of doubles overflow or vanish. */
#define STATS_WIDE_FROM  0x1p400
#define STATS_WIDE_BELOW 0x1p-400

typedef struct Block {
    uint32_t count;
    double values[STATS_BLOCK];
} Block;

static bool element_less(Element a, Element b) {
    if (a.kind == ELEMENT_FLOAT) return a.real < b.real;
    if (a.kind == ELEMENT_UNSIGNED) return a.unsigned_ < b.unsigned_;
    return a.integer < b.integer;
}

static long double element_number(Element element) {
    if (element.kind == ELEMENT_FLOAT) return (long double)element.real;
    if (element.kind == ELEMENT_UNSIGNED) return (long double)element.unsigned_;
    return (long double)element.integer;
}

static void stats_range(Stats *stats, Element low, Element high) {
    if (stats->finite == 0 || element_less(low, stats->min)) stats->min = low;
    if (stats->finite == 0 || element_less(stats->max, high)) stats->max = high;
}

/* Adds `count` finite values with their mean and sum of squares around it. */
static void stats_merge(Stats *stats, uint64_t count, long double mean, long double squares) {
    long double before = (long double)stats->finite, added = (long double)count, total = before + added;
    long double delta = mean - stats->running_mean;
    if (stats->finite == 0) {
        stats->running_mean = mean;
        stats->squares = squares;
    } else {
        stats->running_mean += delta * (added / total);
        stats->squares += squares + delta * (before / total) * delta * added;
    }
    stats->finite += count;
}

/* Counts a NaN or an infinity; false for a finite value. */
static bool stats_tally(Stats *stats, double value) {
    if (isfinite(value)) return false;
    if (isnan(value)) stats->nan++;
    else stats->inf++;
    return true;
}

static void block_merge(Stats *stats, const Block *block) {
    double pivot = block->values[0], sums[4] = {0}, squares[4] = {0};
    uint32_t i, even = block->count & ~3u;
    for (i = 0; i < even; i += 4)
        for (uint32_t j = 0; j < 4; j++) sums[j] += block->values[i + j] - pivot;
    for (; i < block->count; i++) sums[0] += block->values[i] - pivot;
    double mean = pivot + ((sums[0] + sums[1]) + (sums[2] + sums[3])) / block->count;
    for (i = 0; i < even; i += 4)
        for (uint32_t j = 0; j < 4; j++)
            squares[j] += (block->values[i + j] - mean) * (block->values[i + j] - mean);
    for (; i < block->count; i++) squares[0] += (block->values[i] - mean) * (block->values[i] - mean);
    long double total = (long double)((squares[0] + squares[1]) + (squares[2] + squares[3]));
    stats_merge(stats, block->count, (long double)mean, total);
}

/* The same one by one in long double: for magnitudes a double cannot square. */
static void block_merge_wide(Stats *stats, const Block *block) {
    for (uint32_t i = 0; i < block->count; i++) stats_merge(stats, 1, (long double)block->values[i], 0);
}

/* `number` as an element of the kind that `like` has. */
static Element element_like(Element like, double number) {
    if (like.kind == ELEMENT_FLOAT) like.real = number;
    else if (like.kind == ELEMENT_UNSIGNED) like.unsigned_ = (uint64_t)number;
    else like.integer = (int64_t)number;
    return like;
}

static void block_add(Stats *stats, const Block *block, Element like) {
    if (block->count == 0) return;
    double low = block->values[0], high = low;
    uint32_t zeros = 0;
    for (uint32_t i = 0; i < block->count; i++) {
        double value = block->values[i];
        low = value < low ? value : low;
        high = value > high ? value : high;
        zeros += value == 0;
    }
    stats_range(stats, element_like(like, low), element_like(like, high));
    stats->zeros += zeros;
    double largest = high > -low ? high : -low;
    if (largest > STATS_WIDE_FROM || (largest > 0 && largest < STATS_WIDE_BELOW))
        block_merge_wide(stats, block);
    else block_merge(stats, block);
}

static inline void block_put(Block *block, Stats *stats, double value) {
    if (!stats_tally(stats, value)) block->values[block->count++] = value;
}

/* Fills the block with the finite ones of `count` elements. */
static void block_fill(Block *block, Stats *stats, uint32_t dtype, const uint8_t *raw, uint32_t count) {
    block->count = 0;
    switch (dtype) {
    case DTYPE_FLOAT32:
        for (uint32_t i = 0; i < count; i++)
            block_put(block, stats, (double)float32_from_bits(little_load_32(raw + 4 * i)));
        return;
    case DTYPE_FLOAT16:
        for (uint32_t i = 0; i < count; i++)
            block_put(block, stats, (double)float16_decode(little_load_16(raw + 2 * i)));
        return;
    case DTYPE_BFLOAT16:
        for (uint32_t i = 0; i < count; i++)
            block_put(block, stats, (double)float32_from_bits((uint32_t)little_load_16(raw + 2 * i) << 16));
        return;
    default:
        for (uint32_t i = 0; i < count; i++)
            block_put(block, stats, (double)element_number(element_decode(dtype, raw, i)));
    }
}

static void stats_add_weighted(Stats *stats, Element element, uint64_t weight) {
    double value = (double)element_number(element);
    if (isnan(value)) {
        stats->nan += weight;
    } else if (isinf(value)) {
        stats->inf += weight;
    } else {
        if (value == 0) stats->zeros += weight;
        stats_range(stats, element, element);
        stats_merge(stats, weight, element_number(element), 0);
    }
}

/* Types of up to 8 bits: every byte is counted, and each of the 256 bytes decoded once. */
static void stats_update_bytes(Stats *stats, uint32_t dtype, const uint8_t *raw, uint64_t count) {
    uint32_t per_byte = 8 / dtype_bits(dtype);
    uint64_t counts[256] = {0}, whole = count / per_byte;
    for (uint64_t i = 0; i < whole; i++) counts[raw[i]]++;
    for (unsigned code = 0; code < 256; code++) {
        uint8_t byte = (uint8_t)code;
        for (uint32_t i = 0; counts[code] && i < per_byte; i++)
            stats_add_weighted(stats, element_decode(dtype, &byte, i), counts[code]);
    }
    for (uint64_t i = whole * per_byte; i < count; i++)
        stats_add_weighted(stats, element_decode(dtype, raw, i), 1);
}

/* True when all of the int64 or uint64 elements are exact as double. */
static bool integers_are_small(uint32_t dtype, const uint8_t *raw, uint32_t count) {
    uint64_t shift = dtype == DTYPE_INT64 ? STATS_EXACT : 0, limit = STATS_EXACT + shift;
    for (uint32_t i = 0; i < count; i++)
        if (little_load_64(raw + 8 * i) + shift > limit) return false;
    return true;
}

static void stats_update_block(Stats *stats, uint32_t dtype, const uint8_t *raw, uint32_t count) {
    Block block;
    bool is_integer = dtype == DTYPE_INT64 || dtype == DTYPE_UINT64;
    if (is_integer && !integers_are_small(dtype, raw, count)) {
        for (uint32_t i = 0; i < count; i++) stats_add_weighted(stats, element_decode(dtype, raw, i), 1);
        return;
    }
    block_fill(&block, stats, dtype, raw, count);
    block_add(stats, &block, element_decode(dtype, raw, 0));
}

bool stats_supports(uint32_t dtype) {
    return dtype_is_known(dtype) && dtype != DTYPE_STRING && dtype != DTYPE_COMPLEX64 &&
           dtype != DTYPE_COMPLEX128;
}

bool stats_update(Stats *stats, uint32_t dtype, const void *raw, uint64_t count) {
    if (!stats_supports(dtype)) return false;
    stats->count += count;
    const uint8_t *bytes = raw;
    uint32_t bits = dtype_bits(dtype);
    if (bits <= 8) {
        stats_update_bytes(stats, dtype, bytes, count);
        return true;
    }
    while (count) {
        uint32_t step = count < STATS_BLOCK ? (uint32_t)count : STATS_BLOCK;
        stats_update_block(stats, dtype, bytes, step);
        bytes += (size_t)step * (bits / 8);
        count -= step;
    }
    return true;
}

void stats_finish(Stats *stats) {
    stats->mean = stats->finite ? (double)stats->running_mean : NAN;
    stats->std = stats->finite ? (double)sqrtl(stats->squares / (long double)stats->finite) : NAN;
}
