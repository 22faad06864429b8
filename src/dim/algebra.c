#include "dim/algebra.h"

#include <stdio.h>
#include <stdlib.h>

#define MEMO_FIRST 1024
#define MEMO_LAST  (1u << 17)

static bool init_storage(Algebra *self) {
    if (!interner_init(&self->monomials) || !interner_init(&self->polynomials)) return false;
    if (!interner_init(&self->atoms) || !interner_init(&self->names)) return false;
    /* The empty key of each: the monomial 1, and ids that nothing has. */
    return array_push(&self->monomial_info, (Monomial){0, {0, 0}}) &&
           array_push(&self->polynomial_info, (Extent){0, 0}) && array_push(&self->atom_info, (Atom){0}) &&
           array_push(&self->symbol_of, UINT32_MAX);
}

Algebra *algebra_new(void) {
    Algebra *self = calloc(1, sizeof *self);
    if (self && !init_storage(self)) {
        algebra_free(self);
        return NULL;
    }
    return self;
}

void algebra_free(Algebra *self) {
    if (!self) return;
    interner_free(&self->monomials);
    interner_free(&self->polynomials);
    interner_free(&self->atoms);
    interner_free(&self->names);
    array_free(&self->monomial_info);
    array_free(&self->polynomial_info);
    array_free(&self->atom_info);
    array_free(&self->symbols);
    array_free(&self->symbol_of);
    array_free(&self->bound);
    array_free(&self->scratch);
    memory_free(self->memo, self->memo_count * sizeof *self->memo);
    free(self);
}

size_t algebra_nbytes(const Algebra *self) {
    return (size_t)self->monomials.pool.count + self->polynomials.pool.count + self->atoms.pool.count +
           self->names.pool.count + self->symbols.count * sizeof *self->symbols.items;
}

Expr algebra_fail(Algebra *self, AlgebraFailure failure) {
    self->failure = failure;
    return EXPR_UNKNOWN;
}

AlgebraFailure algebra_failure(Algebra *self) {
    AlgebraFailure failure = self->failure;
    self->failure = ALGEBRA_FINE;
    return failure;
}

/* ---- memo ---- */

static uint64_t memo_key(const Algebra *self, Operation operation) {
    return (uint64_t)self->generation << 8 | operation;
}

static Memo *memo_place(const Algebra *self, uint64_t key, Expr a, Expr b) {
    uint64_t hash = ((uint64_t)a ^ key) * 0x9e3779b97f4a7c15u;
    hash = ((hash ^ hash >> 29) + (uint64_t)b) * 0xbf58476d1ce4e5b9u;
    return &self->memo[(hash >> 32) & (self->memo_count - 1)];
}

bool memo_find(const Algebra *self, Operation operation, Expr a, Expr b, Expr *result) {
    if (!self->memo_count) return false;
    uint64_t key = memo_key(self, operation);
    const Memo *memo = memo_place(self, key, a, b);
    if (memo->key != key || memo->a != a || memo->b != b) return false;
    *result = memo->result;
    return true;
}

/* Starts over with a larger one; without memory it stays as it is. */
static void memo_grow(Algebra *self) {
    uint32_t count = self->memo_count ? self->memo_count * 4 : MEMO_FIRST;
    if (count > MEMO_LAST) count = MEMO_LAST;
    self->memo_used = 0;
    if (count == self->memo_count) return;
    Memo *memo = memory_resize(NULL, 0, count * sizeof *memo);
    if (!memo) return;
    memset(memo, 0, count * sizeof *memo);
    memory_free(self->memo, self->memo_count * sizeof *memo);
    self->memo = memo;
    self->memo_count = count;
}

Expr memo_keep(Algebra *self, Operation operation, Expr a, Expr b, Expr result) {
    if (result == EXPR_UNKNOWN) return result;
    if (self->memo_used++ >= self->memo_count) memo_grow(self);
    if (!self->memo_count) return result;
    uint64_t key = memo_key(self, operation);
    *memo_place(self, key, a, b) = (Memo){key, a, b, result};
    return result;
}

void memo_outdate(Algebra *self) {
    self->generation++;
}

/* ---- symbols ---- */

static SymbolId add_symbol(Algebra *self, Bytes name, int64_t least) {
    Symbol text = interner_add(&self->names, name);
    if (text == SYMBOL_NONE) return UINT32_MAX;
    while (self->symbol_of.count <= text)
        if (!array_push(&self->symbol_of, UINT32_MAX)) return UINT32_MAX;
    SymbolId id = self->symbols.count;
    SymbolEntry entry = {text, 0, 1, EXPR_UNKNOWN, EXPR_UNKNOWN, least, INT64_MAX};
    entry.self = atom_make(self, ATOM_SYMBOL, id, 0);
    if (entry.self == EXPR_UNKNOWN || !array_push(&self->symbols, entry)) return UINT32_MAX;
    self->symbol_of.items[text] = id;
    return id;
}

SymbolId algebra_find_symbol(const Algebra *self, Bytes name) {
    Symbol text = interner_find(&self->names, name);
    return text < self->symbol_of.count ? self->symbol_of.items[text] : UINT32_MAX;
}

SymbolId algebra_symbol(Algebra *self, Bytes name, int64_t least) {
    SymbolId id = algebra_find_symbol(self, name);
    if (id == UINT32_MAX) return add_symbol(self, name, least);
    algebra_bound_symbol(self, id, least, INT64_MAX);
    return id;
}

SymbolId algebra_fresh_symbol(Algebra *self, Bytes name, int64_t least) {
    SymbolId taken = algebra_find_symbol(self, name);
    if (taken == UINT32_MAX) return add_symbol(self, name, least);
    size_t room = name.size + 16;
    char *text = malloc(room);
    if (!text) return UINT32_MAX;
    memcpy(text, name.data, name.size);
    SymbolId id = UINT32_MAX;
    while (++self->symbols.items[taken].numbered < UINT32_MAX) {
        uint32_t number = self->symbols.items[taken].numbered;
        Bytes numbered = {text, name.size + (size_t)snprintf(text + name.size, 16, "'%u", number)};
        if (algebra_find_symbol(self, numbered) != UINT32_MAX) continue;
        id = add_symbol(self, numbered, least);
        break;
    }
    free(text);
    return id;
}

uint32_t algebra_symbol_count(const Algebra *self) {
    return self->symbols.count;
}

Bytes algebra_symbol_name(const Algebra *self, SymbolId symbol) {
    return interner_name(&self->names, self->symbols.items[symbol].name);
}

/* A bound that leaves nothing is no news but a mistake, and is not taken: from an empty range everything follows. */
void algebra_bound_symbol(Algebra *self, SymbolId symbol, int64_t least, int64_t most) {
    SymbolEntry *entry = &self->symbols.items[symbol];
    bool raises = least > entry->least && least <= entry->most;
    bool lowers = most < entry->most && most >= (raises ? least : entry->least);
    if (raises) entry->least = least;
    if (lowers) entry->most = most;
    if (raises || lowers) memo_outdate(self);
}

Expr expr_symbol(Algebra *self, SymbolId symbol) {
    return symbol < self->symbols.count ? self->symbols.items[symbol].self : EXPR_UNKNOWN;
}

SymbolId expr_as_symbol(const Algebra *self, Expr e) {
    if (expr_is_small(e) || !expr_is_known(e) || expr_is_real(self, e)) return UINT32_MAX;
    Term own;
    Polynomial polynomial = polynomial_of(self, e, &own);
    if (polynomial.count != 1 || polynomial.denominator != 1 || polynomial.terms->coefficient != 1)
        return UINT32_MAX;
    uint32_t atom = monomial_as_atom(self, polynomial.terms->monomial);
    if (!atom || algebra_atom(self, atom)->kind != ATOM_SYMBOL) return UINT32_MAX;
    return (SymbolId)algebra_atom(self, atom)->a;
}

/* ---- atoms ---- */

static Extent atom_extent(const Algebra *self, AtomKind kind, Expr a, Expr b) {
    if (kind == ATOM_SYMBOL) return (Extent){0, 1};
    Extent x = expr_extent(self, a), y = expr_extent(self, b);
    return (Extent){(x.depth > y.depth ? x.depth : y.depth) + 1, x.weight + y.weight + 1};
}

Expr atom_make(Algebra *self, AtomKind kind, Expr a, Expr b) {
    if (!expr_is_known(a) || !expr_is_known(b)) return EXPR_UNKNOWN;
    Extent extent = atom_extent(self, kind, a, b);
    if (extent.depth > ALGEBRA_DEPTH || extent.weight > ALGEBRA_WEIGHT)
        return algebra_fail(self, ALGEBRA_TOO_LARGE);
    int64_t key[3] = {a, b, (int64_t)kind | (int64_t)((uint64_t)(a ^ b) << 56)};
    if (!array_reserve(&self->atom_info, 1)) return algebra_fail(self, ALGEBRA_MEMORY);
    Symbol atom = interner_add(&self->atoms, (Bytes){(const char *)key, sizeof key});
    if (atom == SYMBOL_NONE) return algebra_fail(self, ALGEBRA_MEMORY);
    if (atom == self->atom_info.count) (void)array_push(&self->atom_info, (Atom){kind, 0, a, b, extent});
    return expr_from_atom(self, atom);
}

Expr atom_rebuild(Algebra *self, AtomKind kind, Expr a, Expr b) {
    switch (kind) {
    case ATOM_SYMBOL: return expr_symbol(self, (SymbolId)a);
    case ATOM_FLOOR: return expr_floor_divide(self, a, b);
    case ATOM_MODULO: return expr_modulo(self, a, b);
    case ATOM_MAX: return expr_max(self, a, b);
    case ATOM_MIN: return expr_min(self, a, b);
    case ATOM_CEIL_LOG2: return expr_ceil_log2(self, a);
    case ATOM_CEIL: return expr_ceil_divide(self, a, b);
    }
    return EXPR_UNKNOWN;
}
