#include <string.h>

#include "ops/rules.h"

/* Sorted as op_rule_find searches: by domain, name and version (a spec checks it). */
static const OpRule rules[] = {
#define X(domain, name, since, infer, contents, needs, cost)                                                 \
    {domain, name, since, infer, contents, needs, cost},
#include "ops/ops.def"
#undef X
};
#define RULE_COUNT ((uint32_t)(sizeof rules / sizeof *rules))

void contents_none(Op *op) {
    (void)op;
}

static int compare_text(Bytes a, const char *b) {
    size_t size = strlen(b), shorter = a.size < size ? a.size : size;
    int order = shorter ? memcmp(a.data, b, shorter) : 0;
    return order ? order : (a.size > size) - (a.size < size);
}

/* The first line that is not before (domain, name). */
static uint32_t first_line(Bytes domain, Bytes name) {
    uint32_t low = 0, high = RULE_COUNT;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = compare_text(domain, rules[middle].domain);
        if (order == 0) order = compare_text(name, rules[middle].name);
        if (order > 0) low = middle + 1;
        else high = middle;
    }
    return low;
}

const OpRule *op_rule_find(Bytes domain, Bytes name, int64_t version) {
    const OpRule *found = NULL;
    for (uint32_t i = first_line(domain, name); i < RULE_COUNT; i++) {
        if (compare_text(domain, rules[i].domain) != 0 || compare_text(name, rules[i].name) != 0) break;
        if (version == 0 || rules[i].since <= version || !found) found = &rules[i];
    }
    return found;
}

const OpRule *op_rules(uint32_t *count) {
    *count = RULE_COUNT;
    return rules;
}
