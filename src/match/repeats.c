#include "match/repeats.h"

#include <stdlib.h>
#include <string.h>

#include "match/hash.h"

/* ---- how far two places read alike ---- */

#define KNOWN_SLOTS 1024 /* a power of two */
/* So many labels are compared one by one before hashes are. */
#define DIRECT_LIMIT 12

/* What was found last for a distance: from `place` on so many labels are equal to those `distance` behind. */
typedef struct Known {
    uint32_t distance, place, length;
} Known;

typedef struct Comparer {
    const uint64_t *labels;
    uint32_t count;
    uint64_t *prefixes; /* hashes of the first i labels: polynomials modulo 2^61 - 1 */
    uint64_t *powers;
    uint64_t *sums; /* of mixed labels */
    Known *known;
} Comparer;

#define MODULUS ((UINT64_C(1) << 61) - 1)
#define BASE    UINT64_C(0x1b873593cc9e2d51) /* below the modulus, otherwise arbitrary */

static uint64_t multiply(uint64_t a, uint64_t b) {
    unsigned __int128 product = (unsigned __int128)a * b;
    uint64_t sum = (uint64_t)(product & MODULUS) + (uint64_t)(product >> 61);
    return sum >= MODULUS ? sum - MODULUS : sum;
}

static bool comparer_make(Comparer *self) {
    size_t room = self->count + (size_t)1;
    self->prefixes = malloc(room * sizeof *self->prefixes);
    self->powers = malloc(room * sizeof *self->powers);
    self->sums = malloc(room * sizeof *self->sums);
    self->known = calloc(KNOWN_SLOTS, sizeof *self->known);
    if (!self->prefixes || !self->powers || !self->sums || !self->known) return false;
    self->prefixes[0] = self->sums[0] = 0;
    self->powers[0] = 1;
    for (uint32_t i = 0; i < self->count; i++) {
        uint64_t next = multiply(self->prefixes[i], BASE) + (self->labels[i] >> 4) + 1;
        self->prefixes[i + 1] = next >= MODULUS ? next - MODULUS : next;
        self->powers[i + 1] = multiply(self->powers[i], BASE);
        self->sums[i + 1] = self->sums[i] + hash_mix(self->labels[i]);
    }
    return true;
}

static void comparer_free(Comparer *self) {
    free(self->prefixes);
    free(self->powers);
    free(self->sums);
    free(self->known);
}

static uint64_t stretch_hash(const Comparer *self, uint32_t start, uint32_t length) {
    uint64_t front = multiply(self->prefixes[start], self->powers[length]);
    uint64_t whole = self->prefixes[start + length];
    return whole >= front ? whole - front : whole + MODULUS - front;
}

static bool same_stretch(const Comparer *self, uint32_t a, uint32_t b, uint32_t length) {
    return stretch_hash(self, a, length) == stretch_hash(self, b, length);
}

static uint64_t content_of(const Comparer *self, uint32_t start, uint32_t length) {
    return hash_join(length, self->sums[start + length] - self->sums[start]);
}

/* The most labels, up to `limit`, for which same(k) holds; `from` are known to be. */
static uint32_t search_length(const Comparer *self, uint32_t a, uint32_t b, uint32_t from, uint32_t limit,
                              bool is_backward) {
#define SAME(k) (is_backward ? same_stretch(self, a - (k), b - (k), k) : same_stretch(self, a, b, k))
    uint32_t low = from, step = DIRECT_LIMIT;
    while (low < limit) {
        uint32_t next = limit - low < step ? limit : low + step;
        if (!SAME(next)) {
            limit = next - 1;
            break;
        }
        low = next;
        step = step > UINT32_MAX / 2 ? step : step * 2;
    }
    while (low < limit) {
        uint32_t middle = low + (limit - low + 1) / 2;
        if (SAME(middle)) low = middle;
        else limit = middle - 1;
    }
#undef SAME
    return low;
}

/* How many labels from a on are equal to those from b on; a < b. */
static uint32_t common_forward(Comparer *self, uint32_t a, uint32_t b) {
    uint32_t limit = self->count - b, length = 0;
    Known *known = &self->known[(b - a) & (KNOWN_SLOTS - 1)];
    bool is_known = known->distance == b - a && known->place >= a;
    while (length < limit && length < DIRECT_LIMIT) {
        if (is_known && known->place == a + length) {
            length += known->length;
            *known = (Known){b - a, a, length};
            return length;
        }
        if (self->labels[a + length] != self->labels[b + length]) return length;
        length++;
    }
    if (length < limit) length = search_length(self, a, b, length, limit, false);
    *known = (Known){b - a, a, length};
    return length;
}

/* How many labels before a are equal to those before b; a < b. */
static uint32_t common_backward(const Comparer *self, uint32_t a, uint32_t b, uint32_t limit) {
    uint32_t length = 0;
    if (limit > a) limit = a;
    while (length < limit && length < DIRECT_LIMIT) {
        if (self->labels[a - length - 1] != self->labels[b - length - 1]) return length;
        length++;
    }
    return length < limit ? search_length(self, a, b, length, limit, true) : length;
}

/* ---- exact repeats ---- */

/* Whether what begins at a comes before what begins at b, in the order of labels or (is_inverse) the other way round; an end
 * comes before every label in the first order and after every one in the second. */
static bool comes_before(Comparer *self, uint32_t a, uint32_t b, bool is_inverse) {
    uint32_t length = common_forward(self, a, b);
    if (b + length == self->count) return is_inverse;
    return (self->labels[a + length] < self->labels[b + length]) != is_inverse;
}

/* A repeat that the Lyndon word [a, b) is the first full one of. */
static bool add_repeat(Comparer *self, uint32_t a, uint32_t b, uint32_t least, RepeatArray *repeats) {
    uint32_t period = b - a;
    if (period < least || b >= self->count) return true;
    uint32_t forward = common_forward(self, a, b);
    uint32_t backward = common_backward(self, a, b, period);
    if (backward >= period || forward + backward < period) return true;
    Repeat repeat = {a - backward, b + forward, period, true, content_of(self, a, period)};
    return array_push(repeats, repeat);
}

/* ends[i]: behind the longest Lyndon word that begins at i. */
static bool add_repeats(Comparer *self, uint32_t *ends, bool is_inverse, uint32_t least,
                        RepeatArray *repeats) {
    for (uint32_t i = self->count; i-- > 0;) {
        ends[i] = i + 1;
        while (ends[i] < self->count && comes_before(self, i, ends[i], is_inverse)) ends[i] = ends[ends[i]];
        if (!add_repeat(self, i, ends[i], least, repeats)) return false;
    }
    return true;
}

static int compare_repeats(const void *a, const void *b) {
    const Repeat *x = a, *y = b;
    if (x->start != y->start) return x->start < y->start ? -1 : 1;
    if (x->period != y->period) return x->period < y->period ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

static void drop_doubles(RepeatArray *repeats, uint32_t first) {
    uint32_t kept = first;
    for (uint32_t i = first; i < repeats->count; i++) {
        const Repeat *repeat = &repeats->items[i];
        if (kept > first && compare_repeats(repeat, &repeats->items[kept - 1]) == 0) continue;
        repeats->items[kept++] = *repeat;
    }
    repeats->count = kept;
}

bool repeats_find(const uint64_t *labels, uint32_t count, uint32_t least, RepeatArray *repeats) {
    Comparer comparer = {.labels = labels, .count = count};
    uint32_t first = repeats->count;
    uint32_t *ends = malloc((count + (size_t)1) * sizeof *ends);
    bool done = ends && comparer_make(&comparer);
    done = done && add_repeats(&comparer, ends, false, least, repeats);
    if (done) memset(comparer.known, 0, KNOWN_SLOTS * sizeof *comparer.known);
    done = done && add_repeats(&comparer, ends, true, least, repeats);
    if (done && repeats->count > first) {
        qsort(repeats->items + first, repeats->count - first, sizeof *repeats->items, compare_repeats);
        drop_doubles(repeats, first);
    }
    free(ends);
    comparer_free(&comparer);
    return done;
}

/* ---- repeats apart ---- */

/* Labels of a stretch that is looked for again. */
#define STRETCH 4
/* Distances that are looked at. */
#define DISTANCES 12

typedef struct Vote {
    uint32_t distance, count;
} Vote;

typedef struct Voter {
    uint32_t *last; /* by hash of a stretch: 1 + the place where it was last */
    Vote *votes;    /* by hash of a distance */
    uint32_t mask;
} Voter;

/* The distances with the most votes, the most first. */
static void choose_votes(const Voter *voter, Vote *best) {
    memset(best, 0, DISTANCES * sizeof *best);
    for (uint32_t i = 0; i <= voter->mask; i++) {
        Vote next = voter->votes[i];
        for (int at = 0; at < DISTANCES && next.count > 0; at++) {
            bool is_more = next.count > best[at].count;
            if (!is_more && (next.count < best[at].count || next.distance > best[at].distance)) continue;
            Vote less = best[at];
            best[at] = next;
            next = less;
        }
    }
}

/* The last stretch of a hash is taken for an equal one: what is wrong with that comes out when distances are looked at. A slot
 * of another distance loses a vote and, without any, its place. */
static void vote(Comparer *comparer, Voter *voter, uint32_t least) {
    for (uint32_t i = 0; i + STRETCH <= comparer->count; i++) {
        uint32_t *last = &voter->last[hash_mix(stretch_hash(comparer, i, STRETCH)) & voter->mask];
        uint32_t distance = *last ? i - (*last - 1) : 0;
        *last = i + 1;
        if (distance < least) continue;
        Vote *slot = &voter->votes[hash_mix(distance) & voter->mask];
        if (slot->distance == distance) slot->count++;
        else if (slot->count > 0) slot->count--;
        else *slot = (Vote){distance, 1};
    }
}

/* All stretches at one distance; touching ones are exact repeats, which are known. */
static bool add_apart(Comparer *self, uint32_t distance, RepeatArray *repeats) {
    for (uint32_t i = 0; i + distance < self->count;) {
        uint32_t length = 0;
        while (i + distance + length < self->count &&
               self->labels[i + length] == self->labels[i + distance + length])
            length++;
        if (length >= STRETCH && length >= distance / 4 && length < distance) {
            Repeat repeat = {i, i + distance + length, distance, false, content_of(self, i, distance)};
            if (!array_push(repeats, repeat)) return false;
        }
        i += length + 1;
    }
    return true;
}

bool repeats_find_apart(const uint64_t *labels, uint32_t count, uint32_t least, RepeatArray *repeats) {
    Comparer comparer = {.labels = labels, .count = count};
    Voter voter = {.mask = 1023};
    while (voter.mask < count && voter.mask < UINT32_MAX / 2) voter.mask = voter.mask * 2 + 1;
    voter.last = calloc(voter.mask + (size_t)1, sizeof *voter.last);
    voter.votes = calloc(voter.mask + (size_t)1, sizeof *voter.votes);
    bool done = voter.last && voter.votes && comparer_make(&comparer);
    Vote best[DISTANCES] = {{0}};
    if (done) {
        vote(&comparer, &voter, least > STRETCH ? least : STRETCH);
        choose_votes(&voter, best);
    }
    for (uint32_t i = 0; done && i < DISTANCES && best[i].count > 0; i++)
        done = add_apart(&comparer, best[i].distance, repeats);
    free(voter.last);
    free(voter.votes);
    comparer_free(&comparer);
    return done;
}
