/* The value of an Expr for whole values of its symbols, in 128 bits. */
#include <math.h>
#include <stdio.h>

#include "dim/algebra.h"

typedef struct Evaluator {
    Algebra *algebra;
    const int64_t *values;
    const bool *bound;
    uint32_t count;
    Error *err;
} Evaluator;

static bool evaluate(const Evaluator *self, Expr e, Wide *value);

static bool too_large(const Evaluator *self) {
    return error_set(self->err, ERROR_LIMIT, ERROR_NO_OFFSET, "a value is past 2^127");
}

static bool evaluate_symbol(const Evaluator *self, SymbolId symbol, Wide *value) {
    if (symbol < self->count && self->bound[symbol]) {
        *value = self->values[symbol];
        return true;
    }
    Expr resolved = algebra_symbol_value(self->algebra, symbol);
    if (resolved != expr_symbol(self->algebra, symbol)) return evaluate(self, resolved, value);
    return error_set(self->err, ERROR_DATA, ERROR_NO_OFFSET, "symbol %s has no value",
                     quote(algebra_symbol_name(self->algebra, symbol)).text);
}

static bool divide(const Evaluator *self, AtomKind kind, Wide a, Wide b, Wide *value) {
    if (b == 0) {
        const char *what = kind == ATOM_FLOOR ? "floor" : "mod";
        return error_set(self->err, ERROR_DATA, ERROR_NO_OFFSET, "%s: division by zero", what);
    }
    if (b < 0) a = -a;
    Wide magnitude = b < 0 ? -b : b;
    if (kind == ATOM_FLOOR) *value = wide_floor_divide(a, magnitude);
    else *value = b < 0 ? -wide_modulo(a, magnitude) : wide_modulo(a, magnitude);
    return true;
}

static bool evaluate_atom(const Evaluator *self, uint32_t id, Wide *value) {
    Atom atom = *algebra_atom(self->algebra, id);
    Wide a, b;
    if (atom.kind == ATOM_SYMBOL) return evaluate_symbol(self, (SymbolId)atom.a, value);
    if (!evaluate(self, atom.a, &a) || !evaluate(self, atom.b, &b)) return false;
    switch (atom.kind) {
    case ATOM_FLOOR:
    case ATOM_MODULO: return divide(self, atom.kind, a, b, value);
    case ATOM_MAX: *value = a > b ? a : b; break;
    case ATOM_MIN: *value = a < b ? a : b; break;
    case ATOM_CEIL_LOG2: *value = wide_ceil_log2(a); break;
    case ATOM_CEIL:
    case ATOM_SYMBOL: return false;
    }
    return true;
}

static bool evaluate_term(const Evaluator *self, Term term, Wide *value) {
    Power powers[ALGEBRA_FACTORS];
    *value = term.coefficient;
    for (uint32_t i = 0, count = monomial_copy(self->algebra, term.monomial, powers); i < count; i++) {
        Wide atom = 0;
        if (!evaluate_atom(self, powers[i].atom, &atom)) return false;
        if (!wide_power(atom, powers[i].exponent, &atom) || !wide_multiply(*value, atom, value))
            return too_large(self);
    }
    return true;
}

static bool evaluate(const Evaluator *self, Expr e, Wide *value) {
    *value = 0;
    for (uint32_t i = 0, count = polynomial_count(self->algebra, e); i < count; i++) {
        Wide term;
        if (!evaluate_term(self, polynomial_term(self->algebra, e, i), &term)) return false;
        if (!wide_add(*value, term, value)) return too_large(self);
    }
    int64_t denominator = polynomial_denominator(self->algebra, e);
    if (denominator > 1) *value = wide_ceil_divide(*value, denominator);
    return true;
}

static bool evaluate_real(const Evaluator *self, Expr e, Wide *value) {
    double real;
    expr_to_double(self->algebra, e, &real);
    real = ceil(real);
    if (fabs(real) >= 0x1p126) return too_large(self);
    *value = (Wide)real;
    return true;
}

bool expr_evaluate(Algebra *algebra, Expr e, const int64_t *values, const bool *bound, uint32_t count,
                   Evaluation *result, Error *err) {
    Evaluator evaluator = {algebra, values, bound, count, err};
    Wide value;
    if (!expr_is_known(e)) return error_set(err, ERROR_DATA, ERROR_NO_OFFSET, "the value is not known");
    bool done =
        expr_is_real(algebra, e) ? evaluate_real(&evaluator, e, &value) : evaluate(&evaluator, e, &value);
    if (!done) return false;
    result->fits = wide_fits(value);
    result->value = result->fits ? (int64_t)value : 0;
    result->approximate = (double)value;
    wide_print(value, result->text);
    return true;
}
