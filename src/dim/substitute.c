/* Replacing symbols: by given values at once, or by what equations bound them to. */
#include "dim/algebra.h"

/* How deep chains of bound symbols are followed before all are brought up to date in order. */
#define CHAIN_DEPTH 16

/* What symbols are replaced by, and under which pair results are remembered. */
typedef struct Replacement {
    Algebra *algebra;
    const Expr *values; /* NULL: what symbols are bound to */
    uint32_t count;
    Operation operation;
    Expr stamp;
    int chain;
} Replacement;

static Expr replace(const Replacement *replacement, Expr e);
static Expr resolve_symbol(Algebra *algebra, SymbolId symbol, int chain);

static Expr replace_symbol(const Replacement *replacement, SymbolId symbol) {
    if (!replacement->values) return resolve_symbol(replacement->algebra, symbol, replacement->chain);
    bool given = symbol < replacement->count && expr_is_known(replacement->values[symbol]);
    return given ? replacement->values[symbol] : expr_symbol(replacement->algebra, symbol);
}

/* The atom with its operands replaced; EXPR_UNKNOWN (without a failure) stays what it is. */
static Expr replace_atom(const Replacement *replacement, uint32_t id, bool *changed) {
    Algebra *algebra = replacement->algebra;
    Atom atom = *algebra_atom(algebra, id);
    Expr result;
    if (atom.kind == ATOM_SYMBOL) {
        result = replace_symbol(replacement, (SymbolId)atom.a);
        *changed = result != expr_symbol(algebra, (SymbolId)atom.a);
        return result;
    }
    Expr a = replace(replacement, atom.a), b = replace(replacement, atom.b);
    *changed = a != atom.a || b != atom.b;
    return atom_rebuild(algebra, atom.kind, a, b);
}

/* A monomial as an Expr; *changed says whether it is another one. */
static Expr replace_monomial(const Replacement *replacement, uint32_t monomial, bool *changed) {
    Algebra *algebra = replacement->algebra;
    Power powers[ALGEBRA_FACTORS];
    Expr product = 1;
    *changed = false;
    for (uint32_t i = 0, count = monomial_copy(algebra, monomial, powers); i < count; i++) {
        bool other;
        Expr atom = replace_atom(replacement, powers[i].atom, &other);
        *changed = *changed || other;
        product = expr_multiply(algebra, product, expr_power(algebra, atom, powers[i].exponent));
    }
    return product;
}

static Expr replace_terms(const Replacement *replacement, Expr e) {
    Algebra *algebra = replacement->algebra;
    int64_t denominator = polynomial_denominator(algebra, e);
    Expr reals = 0;
    Sum sum = sum_begin(algebra);
    for (uint32_t i = 0, count = polynomial_count(algebra, e); i < count && !sum.failed; i++) {
        bool changed;
        Term term = polynomial_term(algebra, e, i);
        Expr product = replace_monomial(replacement, term.monomial, &changed);
        if (expr_is_real(algebra, product)) {
            product = expr_multiply(algebra, product, expr_from_wide(algebra, term.coefficient));
            product = expr_divide(algebra, product, expr_integer(algebra, denominator));
            reals = expr_add(algebra, reals, product);
        } else sum_add(&sum, product, term.coefficient, denominator, MONOMIAL_ONE);
    }
    return expr_add(algebra, sum_finish(&sum), reals);
}

static Expr replace(const Replacement *replacement, Expr e) {
    Algebra *algebra = replacement->algebra;
    Expr result;
    if (expr_is_constant(algebra, e) || !expr_is_known(e)) return e;
    if (memo_find(algebra, replacement->operation, e, replacement->stamp, &result)) return result;
    result = replace_terms(replacement, e);
    return memo_keep(algebra, replacement->operation, e, replacement->stamp, result);
}

Expr expr_substitute(Algebra *algebra, Expr e, const Expr *values, uint32_t count) {
    Replacement replacement = {algebra, values, count, OPERATION_SUBSTITUTE, algebra->call++, 0};
    return values ? replace(&replacement, e) : e;
}

/* ---- what symbols are bound to ---- */

static Expr resolve(Algebra *algebra, Expr e, int chain) {
    Replacement replacement = {algebra, NULL, 0, OPERATION_RESOLVE, algebra->epoch, chain};
    return replace(&replacement, e);
}

/* A symbol is bound to what was not bound then: from the last one bound backwards, every value mentions only symbols
 * that are up to date. */
static void resolve_all(Algebra *algebra) {
    for (uint32_t i = algebra->bound.count; i-- > 0;) resolve_symbol(algebra, algebra->bound.items[i], 0);
}

static Expr resolve_symbol(Algebra *algebra, SymbolId symbol, int chain) {
    const SymbolEntry *entry = &algebra->symbols.items[symbol];
    if (!expr_is_known(entry->value)) return entry->self;
    if (entry->resolved == algebra->epoch) return entry->value;
    if (chain == CHAIN_DEPTH) {
        resolve_all(algebra);
        return algebra->symbols.items[symbol].value;
    }
    Expr value = resolve(algebra, entry->value, chain + 1);
    if (!expr_is_known(value)) return entry->self;
    SymbolEntry *changed = &algebra->symbols.items[symbol];
    changed->value = value;
    changed->resolved = algebra->epoch;
    return value;
}

Expr algebra_symbol_value(Algebra *algebra, SymbolId symbol) {
    return symbol < algebra->symbols.count ? resolve_symbol(algebra, symbol, 0) : EXPR_UNKNOWN;
}

Expr expr_resolve(Algebra *algebra, Expr e) {
    return algebra->bound.count ? resolve(algebra, e, 0) : e;
}

uint32_t algebra_epoch(const Algebra *algebra) {
    return algebra->epoch;
}

/* ---- walking ---- */

/* Calls visit for the symbols of e in the order of its terms, repeated ones too, until it gives false. */
static bool walk(const Algebra *algebra, Expr e, bool (*visit)(void *, SymbolId), void *context) {
    if (expr_is_small(e) || !expr_is_known(e)) return true;
    Term own;
    Polynomial polynomial = polynomial_of(algebra, e, &own);
    for (uint32_t i = 0; i < polynomial.count; i++) {
        uint32_t count;
        const Power *powers = monomial_powers(algebra, polynomial.terms[i].monomial, &count);
        for (uint32_t k = 0; k < count; k++) {
            const Atom *atom = algebra_atom(algebra, powers[k].atom);
            bool on = atom->kind == ATOM_SYMBOL
                          ? visit(context, (SymbolId)atom->a)
                          : walk(algebra, atom->a, visit, context) && walk(algebra, atom->b, visit, context);
            if (!on) return false;
        }
    }
    return true;
}

typedef struct Visited {
    Array(SymbolId) seen;
    bool (*visit)(void *context, SymbolId symbol);
    void *context;
} Visited;

static bool visit_new(void *context, SymbolId symbol) {
    Visited *visited = context;
    for (uint32_t i = 0; i < visited->seen.count; i++)
        if (visited->seen.items[i] == symbol) return true;
    return array_push(&visited->seen, symbol) && visited->visit(visited->context, symbol);
}

void expr_visit_symbols(const Algebra *algebra, Expr e, bool (*visit)(void *context, SymbolId symbol),
                        void *context) {
    Visited visited = {.visit = visit, .context = context};
    walk(algebra, e, visit_new, &visited);
    array_free(&visited.seen);
}

static bool is_other(void *context, SymbolId symbol) {
    return symbol != *(const SymbolId *)context;
}

bool expr_mentions(const Algebra *algebra, Expr e, SymbolId symbol) {
    return !walk(algebra, e, is_other, &symbol);
}
