#include "match/chains.h"

#include <stdlib.h>
#include <string.h>

#include "match/hash.h"

#define LEAST_NODES   3  /* that compute, in a unit */
#define LIVE_LIMIT    8  /* values between units */
#define CLASS_LIMIT   10 /* kinds of repetition that are looked at in one stretch */
#define CHAIN_LIMIT   64 /* of one search */
#define DIFFER_LIMIT  256
#define DIFFER_PERIOD 5 /* shorter units do not differ */
#define SHORT_PERIOD  5 /* chains of shorter units cover a quarter of the graph, or are not worth telling */
#define WIRED_PAIRS   64
#define SHARE         5 /* a class that covers less than a fifth of what the best one does is not looked at */

/* Repeats of one content; `coverage` is in the stretch at hand. */
typedef struct Class {
    uint32_t first, count; /* in ChainFinder.repeats */
    uint64_t coverage;
} Class;

struct ChainFinder {
    const Sequence *sequence;
    uint32_t start, end; /* places that are searched */
    RepeatArray repeats; /* by content, then start */
    Array(Class) classes;
    uint64_t *sizes;     /* of the first i nodes: how many nodes that compute they stand for */
    uint32_t *live;      /* by place: values alive between the node before it and it */
    int64_t *reach;      /* of alignments */
    UnitArray stretches; /* still to be searched */
};

/* What one class comes to. */
typedef struct Candidate {
    Chains chains;
    uint64_t score; /* nodes covered, less those that differ */
    uint32_t period;
} Candidate;

/* ---- making ---- */

static int compare_by_content(const void *a, const void *b) {
    const Repeat *x = a, *y = b;
    if (x->content != y->content) return x->content < y->content ? -1 : 1;
    if (x->period != y->period) return x->period < y->period ? -1 : 1;
    if (x->start != y->start) return x->start < y->start ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

static bool list_classes(ChainFinder *self) {
    uint32_t count = self->repeats.count;
    const Repeat *repeats = self->repeats.items;
    if (count) qsort(self->repeats.items, count, sizeof *repeats, compare_by_content);
    for (uint32_t i = 0, next; i < count; i = next) {
        for (next = i + 1; next < count && repeats[next].content == repeats[i].content;) next++;
        if (!array_push(&self->classes, (Class){i, next - i, 0})) return false;
    }
    return true;
}

static bool find_repeats(ChainFinder *self) {
    const Sequence *sequence = self->sequence;
    const uint64_t *kinds = sequence->kinds + self->start;
    uint32_t count = self->end - self->start;
    bool is_of_calls = false; /* then a single node may be a unit */
    self->sizes[0] = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t size = view_operator(sequence->view, sequence->nodes[self->start + i])->size;
        is_of_calls = is_of_calls || size > 1;
        self->sizes[i + 1] = self->sizes[i] + size;
    }
    uint32_t least = is_of_calls ? 1 : LEAST_NODES;
    if (!repeats_find(kinds, count, least, &self->repeats)) return false;
    if (!repeats_find_apart(kinds, count, least, &self->repeats)) return false;
    for (uint32_t i = 0; i < self->repeats.count; i++) {
        self->repeats.items[i].start += self->start;
        self->repeats.items[i].end += self->start;
    }
    return list_classes(self);
}

ChainFinder *chain_finder_make(const Sequence *sequence, uint32_t start, uint32_t end) {
    ChainFinder *self = calloc(1, sizeof *self);
    if (!self) return NULL;
    size_t room = end - start + (size_t)2;
    self->sequence = sequence;
    self->start = start;
    self->end = end;
    self->sizes = malloc(room * sizeof *self->sizes);
    self->live = malloc(room * sizeof *self->live);
    self->reach = malloc((2 * DIFFER_LIMIT + 3) * sizeof *self->reach);
    if (self->sizes && self->live && self->reach && find_repeats(self)) return self;
    chain_finder_free(self);
    return NULL;
}

static uint32_t live_at(const ChainFinder *self, uint32_t place) {
    return self->live[place - self->start];
}

static uint64_t size_between(const ChainFinder *self, uint32_t start, uint32_t end) {
    return self->sizes[end - self->start] - self->sizes[start - self->start];
}

void chain_finder_free(ChainFinder *self) {
    if (!self) return;
    array_free(&self->repeats);
    array_free(&self->classes);
    array_free(&self->stretches);
    free(self->sizes);
    free(self->live);
    free(self->reach);
    free(self);
}

void chains_free(Chains *chains) {
    array_free(&chains->units);
    array_free(&chains->chains);
}

/* ---- what is alive between nodes ---- */

/* The last place that reads a value within reach; the one that makes it when none does. */
static uint32_t last_reader_within(const Sequence *sequence, const Span *span, uint64_t reach) {
    const Model *model = sequence->view->costs->shapes->model;
    Id first_node = model->graphs.items[sequence->graph].first_node;
    IdSpan users = view_users(sequence->view, span->value);
    uint32_t last = span->from;
    for (uint32_t i = 0; i < users.count; i++) {
        if (model->nodes.items[users.ids[i]].graph != sequence->graph) continue;
        uint32_t place = sequence->places[users.ids[i] - first_node];
        if (place != PLACE_NONE && place > last && place - span->from <= reach) last = place;
    }
    return last;
}

/* Up to where a value counts as alive: what reads it much later, as over a skip connection, does not count. */
static uint32_t alive_to(const Sequence *sequence, const Span *span, uint32_t period) {
    uint64_t reach = (uint64_t)period * 3 / 2;
    if (span->is_global) return span->to - span->from <= period ? span->to : span->from;
    return span->to - span->from <= reach ? span->to : last_reader_within(sequence, span, reach);
}

/* live[start .. end]: with values that live for about a period at most. */
static void count_live(ChainFinder *self, uint32_t start, uint32_t end, uint32_t period) {
    const Sequence *sequence = self->sequence;
    uint64_t before = (uint64_t)period * 3 / 2 + 1;
    uint32_t from = start > before ? start - (uint32_t)before : 0;
    uint32_t *live = self->live + (start - self->start), length = end - start;
    memset(live, 0, (length + (size_t)1) * sizeof *live);
    for (uint32_t i = sequence_first_span(sequence, from); i < sequence->spans.count; i++) {
        const Span *span = &sequence->spans.items[i];
        if (span->from >= end) break;
        uint32_t to = span->to < start ? span->from : alive_to(sequence, span, period);
        if (to < start || to == span->from) continue;
        live[span->from < start ? 0 : span->from + 1 - start]++;
        if (to < end) live[to + 1 - start]--; /* wraps around below zero and back in the sum */
    }
    for (uint32_t i = 1; i <= length; i++) live[i] += live[i - 1];
}

/* ---- one repeat ---- */

typedef struct Cut {
    uint32_t offset; /* of the first unit, from the repeat's start */
    uint32_t count;  /* units */
    uint32_t live;
} Cut;

/* Where units begin: the fewest values alive, the most units, as late as that allows (what comes before the first layer often
 * ends as layers do). Looked at in the middle of the repeat. */
static Cut choose_cut(const ChainFinder *self, uint32_t start, uint32_t end, uint32_t period) {
    Cut best = {0, 0, UINT32_MAX};
    uint32_t length = end - start;
    uint32_t middle = length / period / 2 * period;
    if (middle == 0) middle = period;
    for (uint32_t offset = 0; offset < period && offset + period <= length; offset++) {
        uint32_t at = start + offset + (offset + middle <= length ? middle : period);
        Cut cut = {offset, (length - offset) / period, live_at(self, at)};
        if (cut.live > best.live) continue;
        if (cut.live < best.live || cut.count >= best.count) best = cut;
    }
    return best;
}

/* ---- units that differ ---- */

/* The unit and the text beside it, read forwards or backwards. */
typedef struct Alignment {
    const uint64_t *labels;
    uint32_t unit, unit_length;
    uint32_t text, text_length; /* backwards: what ends at `text` */
    bool is_backward;
} Alignment;

static bool same_at(const Alignment *a, int64_t x, int64_t y) {
    if (!a->is_backward) return a->labels[a->unit + x] == a->labels[a->text + y];
    return a->labels[a->unit + a->unit_length - 1 - x] == a->labels[a->text - 1 - y];
}

/* Myers' greedy differences: for each number of differences how far each diagonal reaches. `used` is how much of the text the
 * whole unit comes to, with the fewest differences, ending where no more than `live` values are alive. */
static bool align(const ChainFinder *self, const Alignment *a, uint32_t live, uint32_t limit, uint32_t *used,
                  uint32_t *differences) {
    int64_t *reach = self->reach + limit + 1; /* reach[k]: the most of the unit, k labels behind the text */
    for (int64_t d = 0; d <= (int64_t)limit; d++) {
        for (int64_t k = -d; k <= d; k += 2) {
            int64_t x = 0;
            if (d > 0) {
                bool inserts = k == -d || (k != d && reach[k - 1] + 1 < reach[k + 1]);
                x = inserts ? reach[k + 1] : reach[k - 1] + 1;
            }
            int64_t y = x - k;
            while (x < a->unit_length && y >= 0 && y < a->text_length && same_at(a, x, y)) x++, y++;
            if (x > a->unit_length) y = (x = a->unit_length) - k;
            reach[k] = x;
            if (x < a->unit_length || y <= 0 || y > a->text_length || 2 * y < a->unit_length) continue;
            uint32_t place = a->is_backward ? a->text - (uint32_t)y : a->text + (uint32_t)y;
            if (live_at(self, place) > live) continue;
            *used = (uint32_t)y;
            *differences = (uint32_t)d;
            return true;
        }
    }
    return false;
}

/* A third of short units, a quarter of long ones: two layers of an encoder are not one of its decoder. */
static uint32_t differ_limit(uint32_t period) {
    if (period < DIFFER_PERIOD) return 0;
    uint32_t limit = period < 16 ? period / 3 : period / 4 > 5 ? period / 4 : 5;
    return limit < DIFFER_LIMIT ? limit : DIFFER_LIMIT;
}

/* A chain while it grows: units in `units` from `first` on, those before them in `before`, the nearest first. */
typedef struct Growth {
    uint32_t start, end; /* how far it may grow */
    Unit model;          /* what units are compared with */
    uint32_t live;
    uint64_t differences;
} Growth;

static bool grow_forward(ChainFinder *self, Growth *growth, UnitArray *units) {
    uint32_t period = growth->model.end - growth->model.start, limit = differ_limit(period);
    for (;;) {
        uint32_t at = units->items[units->count - 1].end, used, differences;
        uint64_t room = growth->end - at, most = (uint64_t)period + limit;
        Alignment a = {self->sequence->kinds,
                       growth->model.start,
                       period,
                       at,
                       (uint32_t)(room < most ? room : most),
                       false};
        if (!align(self, &a, growth->live, limit, &used, &differences)) return true;
        growth->differences += differences;
        if (!array_push(units, (Unit){at, at + used})) return false;
    }
}

static bool grow_backward(ChainFinder *self, Growth *growth, UnitArray *before) {
    uint32_t period = growth->model.end - growth->model.start, limit = differ_limit(period);
    uint32_t at = growth->model.start;
    for (;;) {
        uint32_t used, differences;
        uint64_t room = at - growth->start, most = (uint64_t)period + limit;
        Alignment a = {self->sequence->kinds,
                       growth->model.start,
                       period,
                       at,
                       (uint32_t)(room < most ? room : most),
                       true};
        if (!align(self, &a, growth->live, limit, &used, &differences)) return true;
        growth->differences += differences;
        if (!array_push(before, (Unit){at - used, at})) return false;
        at -= used;
    }
}

/* ---- one class in one stretch ---- */

static bool reads_from(const Sequence *sequence, Unit unit, Unit before) {
    for (uint32_t i = sequence->first_input[unit.start]; i < sequence->first_input[unit.end]; i++)
        if (sequence->inputs[i] >= before.start && sequence->inputs[i] < before.end) return true;
    return false;
}

/* Edges of a unit that come from elsewhere than the same edges of the one before it: neither from a unit as far back nor from
 * the very same node. */
static uint32_t count_strays(const Sequence *sequence, Unit unit, Unit before) {
    const uint32_t *edges = sequence->inputs + sequence->first_input[unit.start];
    const uint32_t *others = sequence->inputs + sequence->first_input[before.start];
    uint32_t count = sequence->first_input[unit.end] - sequence->first_input[unit.start], strays = 0;
    if (sequence->first_input[before.end] - sequence->first_input[before.start] != count) return 0;
    for (uint32_t i = 0; i < count; i++)
        strays += edges[i] != others[i] && edges[i] - unit.start != others[i] - before.start;
    return strays;
}

/* Equal operators in a row are no repetition when they are connected at random: at most a quarter of the edges may be, of
 * the pairs of units that are looked at. */
static bool are_wired_alike(const Sequence *sequence, const Unit *units, uint32_t count) {
    uint64_t strays = 0, edges = 0;
    uint32_t step = 1 + count / WIRED_PAIRS;
    for (uint32_t i = 1; i < count; i += step) {
        if (units[i].end - units[i].start != units[i - 1].end - units[i - 1].start) continue;
        strays += count_strays(sequence, units[i], units[i - 1]);
        edges += sequence->first_input[units[i].end] - sequence->first_input[units[i].start];
    }
    return 4 * strays <= edges;
}

static bool is_worth_telling(const ChainFinder *self, const Unit *units, const Chain *chain) {
    uint64_t all = size_between(self, self->start, self->end);
    uint64_t size = size_between(self, units->start, units[chain->count - 1].end);
    if (size < (uint64_t)SHORT_PERIOD * chain->count && 4 * size < all) return false;
    return are_wired_alike(self->sequence, units, chain->count);
}

/* Units from `first` on as chains: cut where one does not read from the one before it, unless none does. */
static bool add_chains(const ChainFinder *self, Candidate *candidate, uint32_t first, uint32_t period,
                       bool with_parallel) {
    UnitArray *units = &candidate->chains.units;
    uint32_t kept = first, start = first, total = units->count, links = 0;
    for (uint32_t i = first + 1; i < total; i++)
        links += reads_from(self->sequence, units->items[i], units->items[i - 1]);
    bool is_parallel = links == 0;
    for (uint32_t i = first + 1; i <= total; i++) {
        bool is_linked =
            i < total && (is_parallel || reads_from(self->sequence, units->items[i], units->items[i - 1]));
        if (is_linked) continue;
        Chain chain = {kept, i - start, period, is_parallel};
        if (chain.count > 1 && (!is_parallel || with_parallel) &&
            is_worth_telling(self, units->items + start, &chain)) {
            memmove(units->items + kept, units->items + start, chain.count * sizeof *units->items);
            kept += chain.count;
            if (!array_push(&candidate->chains.chains, chain)) return false;
        }
        start = i;
    }
    units->count = kept;
    return true;
}

/* The chain that grows from a repeat clipped to [start, end), within [start, limit); `next` is where it ends. */
static bool grow_chain(ChainFinder *self, Growth *growth, const Cut *cut, uint32_t first_place,
                       uint32_t period, Candidate *candidate) {
    UnitArray *units = &candidate->chains.units, before = {0};
    growth->model = (Unit){first_place, first_place + period};
    growth->live = cut->live;
    bool done = grow_backward(self, growth, &before);
    for (uint32_t i = before.count; done && i-- > 0;) done = array_push(units, before.items[i]);
    array_free(&before);
    for (uint32_t i = 0; done && i < cut->count; i++)
        done = array_push(units, (Unit){first_place + i * period, first_place + (i + 1) * period});
    return done && grow_forward(self, growth, units);
}

static bool try_repeat(ChainFinder *self, const Repeat *repeat, uint32_t start, uint32_t end,
                       bool with_parallel, Candidate *candidate, uint32_t *next) {
    uint32_t from = repeat->start < start ? start : repeat->start, to = repeat->end > end ? end : repeat->end;
    uint32_t period = repeat->period, first = candidate->chains.units.count;
    if (from >= to || to - from < (repeat->is_exact ? 2 * period : period + 1)) return true;
    Cut cut = choose_cut(self, from, to, period);
    uint32_t place = from + cut.offset;
    if (cut.count == 0 || cut.live > LIVE_LIMIT || size_between(self, place, place + period) < LEAST_NODES)
        return true;
    Growth growth = {.start = start, .end = end};
    if (!grow_chain(self, &growth, &cut, place, period, candidate)) return false;
    UnitArray *units = &candidate->chains.units;
    *next = units->items[units->count - 1].end;
    if (!add_chains(self, candidate, first, period, with_parallel)) return false;
    uint64_t covered =
        units->count > first ? units->items[units->count - 1].end - units->items[first].start : 0;
    candidate->score += covered > 2 * growth.differences ? covered - 2 * growth.differences : 0;
    return true;
}

static bool try_repeats(ChainFinder *self, const Class *class, uint32_t start, uint32_t end,
                        bool with_parallel, Candidate *candidate) {
    for (uint32_t i = 0, at = start; i < class->count; i++)
        if (!try_repeat(self, &self->repeats.items[class->first + i], at, end, with_parallel, candidate, &at))
            return false;
    return true;
}

/* The longest repeat within a stretch. */
static const Repeat *longest_repeat(const ChainFinder *self, const Class *class, uint32_t start,
                                    uint32_t end) {
    const Repeat *longest = NULL;
    uint32_t most = 0;
    for (uint32_t i = class->first; i < class->first + class->count; i++) {
        const Repeat *repeat = &self->repeats.items[i];
        uint32_t from = repeat->start < start ? start : repeat->start,
                 to = repeat->end > end ? end : repeat->end;
        if (from >= to || to - from <= most) continue;
        most = to - from;
        longest = repeat;
    }
    return longest;
}

/* The longest repeat says best where units begin: it comes first, then what is left on both sides of its chain. */
static bool try_class(ChainFinder *self, const Class *class, uint32_t start, uint32_t end, bool with_parallel,
                      Candidate *candidate) {
    Candidate first = {0};
    uint32_t from = start, to = start;
    candidate->chains.units.count = candidate->chains.chains.count = 0;
    candidate->score = 0;
    candidate->period = self->repeats.items[class->first].period;
    count_live(self, start, end, candidate->period);
    const Repeat *longest = longest_repeat(self, class, start, end);
    bool done = !longest || try_repeat(self, longest, start, end, with_parallel, &first, &to);
    if (done && first.chains.units.count) {
        from = first.chains.units.items[0].start;
        to = first.chains.units.items[first.chains.units.count - 1].end;
        done = try_repeats(self, class, start, from, with_parallel, candidate);
        uint32_t offset = candidate->chains.units.count;
        for (uint32_t i = 0; done && i < first.chains.units.count; i++)
            done = array_push(&candidate->chains.units, first.chains.units.items[i]);
        for (uint32_t i = 0; done && i < first.chains.chains.count; i++) {
            Chain chain = first.chains.chains.items[i];
            chain.first_unit += offset;
            done = array_push(&candidate->chains.chains, chain);
        }
        candidate->score += first.score;
        done = done && try_repeats(self, class, to, end, with_parallel, candidate);
    } else if (done) done = try_repeats(self, class, start, end, with_parallel, candidate);
    chains_free(&first.chains);
    return done;
}

/* Values alive between the units, a hundred times, on average. */
static uint64_t average_live(const ChainFinder *self, const Candidate *candidate) {
    uint64_t sum = 0, count = 0;
    for (uint32_t i = 0; i < candidate->chains.chains.count; i++) {
        const Chain *chain = &candidate->chains.chains.items[i];
        for (uint32_t u = 1; u < chain->count; u++)
            sum += live_at(self, candidate->chains.units.items[chain->first_unit + u].start), count++;
    }
    return count ? 100 * sum / count : 0;
}

/* Of two that cover about as much, fewer values between units are better, then clearly shorter units, then more cover.
 * Both are counted alike, so that a shortcut around several short units counts between these. */
static bool is_better(ChainFinder *self, const Candidate *a, const Candidate *b, uint32_t start,
                      uint32_t end) {
    if (a->score * 10 < b->score * 8) return false;
    if (b->score * 10 < a->score * 8) return true;
    count_live(self, start, end, a->period > b->period ? a->period : b->period);
    uint64_t live_a = average_live(self, a), live_b = average_live(self, b);
    if (live_a * 10 < live_b * 8) return true;
    if (live_b * 10 < live_a * 8) return false;
    bool is_shorter = 10 * (uint64_t)a->period < 7 * (uint64_t)b->period;
    bool is_longer = 10 * (uint64_t)b->period < 7 * (uint64_t)a->period;
    if (is_shorter || is_longer) return is_shorter;
    return a->score != b->score ? a->score > b->score : a->period < b->period;
}

/* ---- one stretch ---- */

static uint64_t class_coverage(const ChainFinder *self, const Class *class, uint32_t start, uint32_t end) {
    uint64_t coverage = 0;
    for (uint32_t i = class->first; i < class->first + class->count; i++) {
        const Repeat *repeat = &self->repeats.items[i];
        uint32_t from = repeat->start < start ? start : repeat->start,
                 to = repeat->end > end ? end : repeat->end;
        if (from < to && to - from > repeat->period) coverage += to - from;
    }
    return coverage;
}

/* The classes that cover most, the most first; gives how many. */
static uint32_t choose_classes(const ChainFinder *self, uint32_t start, uint32_t end, Class *best) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < self->classes.count; i++) {
        Class class = self->classes.items[i];
        class.coverage = class_coverage(self, &class, start, end);
        if (class.coverage * 100 < self->end - self->start || class.coverage == 0) continue;
        uint32_t at = count < CLASS_LIMIT ? count++ : CLASS_LIMIT;
        for (; at > 0 && best[at - 1].coverage < class.coverage; at--)
            if (at < CLASS_LIMIT) best[at] = best[at - 1];
        if (at < CLASS_LIMIT) best[at] = class;
    }
    while (count > 0 && best[count - 1].coverage * SHARE < best[0].coverage) count--;
    return count;
}

static bool search_stretch(ChainFinder *self, uint32_t start, uint32_t end, bool with_parallel,
                           Candidate *best) {
    Class classes[CLASS_LIMIT];
    Candidate other = {0};
    bool done = true;
    uint32_t count = choose_classes(self, start, end, classes);
    for (uint32_t i = 0; done && i < count; i++) {
        done = try_class(self, &classes[i], start, end, with_parallel, &other);
        if (!done || other.score == 0 || (best->score > 0 && !is_better(self, &other, best, start, end)))
            continue;
        Candidate better = other;
        other = *best;
        *best = better;
    }
    chains_free(&other.chains);
    return done;
}

/* ---- the search ---- */

/* Less than a hundredth of the whole is not searched, which bounds how many stretches there are. */
static bool add_stretch(ChainFinder *self, uint32_t start, uint32_t end) {
    if (end < start + 2 || 100 * (uint64_t)(end - start) < self->end - self->start) return true;
    return array_push(&self->stretches, (Unit){start, end});
}

/* Keeps the chains; what is between them is still to be searched. */
static bool keep_chains(ChainFinder *self, const Chains *found, uint32_t start, uint32_t end,
                        Chains *chains) {
    uint32_t at = start;
    for (uint32_t i = 0; i < found->chains.count; i++) {
        Chain chain = found->chains.items[i];
        const Unit *units = found->units.items + chain.first_unit;
        chain.first_unit = chains->units.count;
        for (uint32_t u = 0; u < chain.count; u++)
            if (!array_push(&chains->units, units[u])) return false;
        if (!array_push(&chains->chains, chain) || !add_stretch(self, at, units->start)) return false;
        at = units[chain.count - 1].end;
    }
    return at == start || add_stretch(self, at, end);
}

static int compare_units(const void *a, const void *b) {
    const Unit *x = a, *y = b;
    return (x->start > y->start) - (x->start < y->start);
}

static int compare_chains(const void *a, const void *b) {
    const Chain *x = a, *y = b;
    return (x->first_unit > y->first_unit) - (x->first_unit < y->first_unit);
}

/* Ascending: units are apart from each other, so that sorting them and chains by where they start keeps both together. */
static void sort_chains(Chains *chains) {
    Unit *units = chains->units.items;
    Chain *items = chains->chains.items;
    uint32_t count = chains->chains.count;
    if (count == 0) return;
    for (uint32_t i = 0; i < count; i++)
        items[i].first_unit = units[items[i].first_unit].start; /* until units have their order */
    qsort(items, count, sizeof *items, compare_chains);
    qsort(units, chains->units.count, sizeof *units, compare_units);
    for (uint32_t i = 0, unit = 0; i < count; unit += items[i++].count) items[i].first_unit = unit;
}

bool chains_find(ChainFinder *self, bool with_parallel, Chains *chains) {
    Candidate best = {0};
    self->stretches.count = 0;
    bool done = add_stretch(self, self->start, self->end);
    while (done && self->stretches.count && chains->chains.count < CHAIN_LIMIT) {
        Unit stretch = self->stretches.items[--self->stretches.count];
        best.score = 0;
        best.chains.units.count = best.chains.chains.count = 0;
        done = search_stretch(self, stretch.start, stretch.end, with_parallel, &best);
        if (best.score > 0)
            done = done && keep_chains(self, &best.chains, stretch.start, stretch.end, chains);
    }
    chains_free(&best.chains);
    if (done) sort_chains(chains);
    return done;
}
