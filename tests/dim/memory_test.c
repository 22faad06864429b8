/* Exprs when memory runs out: this program brings its own memory_resize, which fails when told to. Operations give
 * EXPR_UNKNOWN then, or a weaker answer; nothing is leaked (ASan) and the Algebra goes on afterwards. */
#include <stdlib.h>

#include "../check.h"
#include "base/memory.h"
#include "dim/expr.h"

#define EXPRS 64

static long allocations_left;

/* A new block is zero, as large ones are: the interner relies on that. */
void *memory_resize(void *block, size_t old_size, size_t new_size) {
    (void)old_size;
    if (allocations_left-- <= 0) return NULL;
    return block ? realloc(block, new_size) : calloc(1, new_size);
}

void memory_free(void *block, size_t size) {
    (void)size;
    free(block);
}

static uint64_t state = 1;

static unsigned random_below(unsigned limit) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state >> 33) % limit;
}

static Expr operate(Algebra *algebra, Expr a, Expr b) {
    Expr (*const operations[])(Algebra *, Expr, Expr) = {expr_add,          expr_subtract, expr_multiply,
                                                         expr_divide,       expr_modulo,   expr_max,
                                                         expr_floor_divide, expr_min,      expr_remainder};
    return operations[random_below(9)](algebra, a, b);
}

static void ask(Algebra *algebra, Expr e) {
    int64_t least, most;
    char text[100];
    const Expr values[2] = {3, EXPR_UNKNOWN};
    expr_bounds(algebra, e, &least, &most);
    expr_print(algebra, e, text, sizeof text);
    expr_substitute(algebra, e, values, 2);
    expr_resolve(algebra, e);
}

static unsigned unknown, known;

static void make_exprs(Algebra *algebra) {
    Expr exprs[EXPRS];
    for (unsigned i = 0; i < 4; i++)
        exprs[i] = expr_symbol(algebra, algebra_fresh_symbol(algebra, BYTES_LITERAL("s"), i % 2));
    for (unsigned i = 4; i < EXPRS; i++) {
        allocations_left = random_below(12) == 0 ? random_below(10) : 1000;
        Expr a = exprs[random_below(i)],
             b = random_below(3) ? exprs[random_below(i)] : (Expr)random_below(20);
        exprs[i] = operate(algebra, a, b);
        if (expr_is_known(exprs[i])) known++;
        else unknown++;
        ask(algebra, exprs[i]);
        if (random_below(8) == 0) expr_assume_equal(algebra, a, b);
        if (!expr_is_known(exprs[i])) exprs[i] = random_below(9);
    }
    allocations_left = 1000;
    CHECK(expr_is_known(expr_symbol(algebra, algebra_symbol(algebra, BYTES_LITERAL("after"), 0))));
}

int main(void) {
    for (int i = 0; i < 2000; i++) {
        allocations_left = i % 40;
        Algebra *algebra = algebra_new();
        if (!algebra) continue;
        make_exprs(algebra);
        algebra_free(algebra);
    }
    printf("  %u results, %u unknown\n", known, unknown);
    CHECK(known > 1000 && unknown > 1000);
    return check_report();
}
