/* Exprs as people write them. The form is chosen by length: sums as they are, or with what all terms share in front of
 * brackets; rationals over one denominator, or term by term. Lengths of atoms are counted once and kept.
 */
#include <stdio.h>
#include <stdlib.h>

#include "dim/algebra.h"

typedef struct Writer {
    char *buffer;
    size_t size, length; /* room with the end mark; what was wanted so far */
} Writer;

static void write_bytes(Writer *writer, const char *bytes, size_t count) {
    if (writer->length + 1 < writer->size) {
        size_t room = writer->size - writer->length - 1;
        memcpy(writer->buffer + writer->length, bytes, count < room ? count : room);
    }
    writer->length += count;
}

static void write_text(Writer *writer, const char *text) {
    write_bytes(writer, text, strlen(text));
}

static void write_wide(Writer *writer, Wide value) {
    char text[48];
    write_bytes(writer, text, wide_print(value, text));
}

/* ---- names ---- */

static bool is_plain(Bytes name) {
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        bool later = (c >= '0' && c <= '9') || c == '.' || c == ':' || c == '/';
        if (!letter && !(later && i > 0)) return false;
    }
    return name.size > 0;
}

static void write_name(Writer *writer, Bytes name) {
    if (is_plain(name)) {
        write_bytes(writer, name.data, name.size);
        return;
    }
    write_text(writer, "\"");
    for (size_t i = 0; i < name.size;) {
        char shown[16];
        i += escape_character(name.data + i, name.size - i, shown);
        write_text(writer, shown[0] == '"' ? "\\\"" : shown);
    }
    write_text(writer, "\"");
}

/* ---- atoms ---- */

static void write_expr(Writer *writer, const Algebra *algebra, Expr e);
static void write_atom(Writer *writer, const Algebra *algebra, uint32_t id);

static bool is_sum(const Algebra *algebra, Expr e) {
    return polynomial_count(algebra, e) > 1;
}

static void write_bracketed(Writer *writer, const Algebra *algebra, Expr e, bool brackets) {
    if (brackets) write_text(writer, "(");
    write_expr(writer, algebra, e);
    if (brackets) write_text(writer, ")");
}

/* A product stands in brackets behind a division line. */
static bool is_product(const Algebra *algebra, Expr e) {
    Term own;
    Polynomial polynomial = polynomial_of(algebra, e, &own);
    if (polynomial.count != 1) return polynomial.count > 1;
    return polynomial.terms->monomial != MONOMIAL_ONE &&
           (polynomial.terms->coefficient != 1 || !monomial_as_atom(algebra, polynomial.terms->monomial));
}

static void write_fraction(Writer *writer, const Algebra *algebra, const char *function, Expr a, Expr b) {
    write_text(writer, function);
    write_text(writer, "(");
    write_bracketed(writer, algebra, a, is_sum(algebra, a));
    write_text(writer, "/");
    write_bracketed(writer, algebra, b, is_product(algebra, b));
    write_text(writer, ")");
}

/* Whether floor((a + b - 1)/b): a number b, and a constant that is one less. */
static bool is_ceil(const Algebra *algebra, const Atom *atom) {
    Wide divisor;
    return expr_to_wide(algebra, atom->b, &divisor) && polynomial_constant(algebra, atom->a) == divisor - 1;
}

/* e + change, a new Expr that the Algebra keeps: it looks the same to callers, since it only grows. */
static Expr with_constant(const Algebra *algebra, Expr e, Wide change) {
    Algebra *owner = (Algebra *)algebra;
    AlgebraFailure before = owner->failure;
    Expr changed = expr_add(owner, e, expr_from_wide(owner, change));
    owner->failure = before;
    return expr_is_known(changed) ? changed : e;
}

static void write_floor(Writer *writer, const Algebra *algebra, const Atom *atom) {
    Expr a = atom->a, b = atom->b;
    if (is_ceil(algebra, atom))
        write_fraction(writer, algebra, "ceil", with_constant(algebra, a, -polynomial_constant(algebra, a)),
                       b);
    else write_fraction(writer, algebra, "floor", a, b);
}

/* max and min of more than two are one list. */
static void write_arguments(Writer *writer, const Algebra *algebra, AtomKind kind, Expr e) {
    Term own;
    Polynomial polynomial = polynomial_of(algebra, e, &own);
    uint32_t atom = 0;
    if (polynomial.count == 1 && polynomial.terms->coefficient == 1 && polynomial.denominator == 1)
        atom = monomial_as_atom(algebra, polynomial.terms->monomial);
    if (!atom || algebra_atom(algebra, atom)->kind != kind) {
        write_expr(writer, algebra, e);
        return;
    }
    Atom inner = *algebra_atom(algebra, atom);
    write_arguments(writer, algebra, kind, inner.a);
    write_text(writer, ", ");
    write_arguments(writer, algebra, kind, inner.b);
}

static void write_list(Writer *writer, const Algebra *algebra, const char *function, const Atom *atom) {
    write_text(writer, function);
    write_arguments(writer, algebra, atom->kind, atom->a);
    write_text(writer, ", ");
    write_arguments(writer, algebra, atom->kind, atom->b);
    write_text(writer, ")");
}

static void write_call(Writer *writer, const Algebra *algebra, const char *function, const Atom *atom) {
    write_text(writer, function);
    write_expr(writer, algebra, atom->a);
    if (atom->kind != ATOM_CEIL_LOG2) {
        write_text(writer, ", ");
        write_expr(writer, algebra, atom->b);
    }
    write_text(writer, ")");
}

static void write_atom(Writer *writer, const Algebra *algebra, uint32_t id) {
    Atom atom = *algebra_atom(algebra, id);
    switch (atom.kind) {
    case ATOM_SYMBOL: write_name(writer, algebra_symbol_name(algebra, (SymbolId)atom.a)); break;
    case ATOM_FLOOR: write_floor(writer, algebra, &atom); break;
    case ATOM_CEIL: write_fraction(writer, algebra, "ceil", atom.a, atom.b); break;
    case ATOM_MODULO: write_call(writer, algebra, "mod(", &atom); break;
    case ATOM_MAX: write_list(writer, algebra, "max(", &atom); break;
    case ATOM_MIN: write_list(writer, algebra, "min(", &atom); break;
    case ATOM_CEIL_LOG2: write_call(writer, algebra, "ceil_log2(", &atom); break;
    }
}

/* Only counts when there is no buffer. */
static void write_counted_atom(Writer *writer, const Algebra *algebra, uint32_t id) {
    if (writer->size) {
        write_atom(writer, algebra, id);
        return;
    }
    Atom *atom = &((Algebra *)algebra)->atom_info.items[id];
    uint32_t shown = atom->shown;
    if (!shown) {
        Writer counter = {0};
        write_atom(&counter, algebra, id);
        shown = counter.length < UINT32_MAX ? (uint32_t)counter.length : UINT32_MAX;
        ((Algebra *)algebra)->atom_info.items[id].shown = shown;
    }
    writer->length += shown;
}

/* ---- terms ---- */

/* The powers of a monomial divided by `without`, which divides it. Gives whether anything was written. */
static bool write_monomial(Writer *writer, const Algebra *algebra, uint32_t monomial, uint32_t without,
                           bool follows) {
    Power powers[ALGEBRA_FACTORS], taken[ALGEBRA_FACTORS];
    uint32_t count = monomial_copy(algebra, monomial, powers),
             taken_count = monomial_copy(algebra, without, taken);
    for (uint32_t i = 0, k = 0; i < count; i++) {
        uint32_t exponent = powers[i].exponent;
        if (k < taken_count && taken[k].atom == powers[i].atom) exponent -= taken[k++].exponent;
        if (exponent == 0) continue;
        if (follows) write_text(writer, "*");
        write_counted_atom(writer, algebra, powers[i].atom);
        follows = true;
        if (exponent == 1) continue;
        write_text(writer, "^");
        write_wide(writer, exponent);
    }
    return follows;
}

/* What is taken out of the terms, and where denominators go. */
typedef struct Form {
    Wide content; /* > 0 */
    uint32_t monomial;
    bool by_term; /* n/2 + 1/2 rather than (n + 1)/2 */
} Form;

static void write_over(Writer *writer, Wide denominator) {
    if (denominator == 1) return;
    write_text(writer, "/");
    write_wide(writer, denominator);
}

/* A term behind others (or the first), with its sign. */
static void write_term(Writer *writer, const Algebra *algebra, Term term, Form form, Wide denominator,
                       bool is_first) {
    bool negative = term.coefficient < 0;
    Wide coefficient = (negative ? -term.coefficient : term.coefficient) / form.content;
    Wide common = wide_gcd(coefficient, denominator);
    bool bare = term.monomial == form.monomial;
    coefficient /= common;
    write_text(writer, is_first ? (negative ? "-" : "") : negative ? " - " : " + ");
    if (coefficient != 1 || bare) write_wide(writer, coefficient);
    write_monomial(writer, algebra, term.monomial, form.monomial, coefficient != 1 || bare);
    write_over(writer, denominator / common);
}

static void write_form(Writer *writer, const Algebra *algebra, Expr e, Form form) {
    uint32_t count = polynomial_count(algebra, e);
    int64_t denominator = polynomial_denominator(algebra, e);
    bool factored = form.content != 1 || form.monomial != MONOMIAL_ONE,
         over = denominator != 1 && !form.by_term;
    if (form.content != 1) write_wide(writer, form.content);
    write_monomial(writer, algebra, form.monomial, MONOMIAL_ONE, form.content != 1);
    if (factored) write_text(writer, "*");
    if (factored || (over && count > 1)) write_text(writer, "(");
    for (uint32_t i = 0; i < count; i++)
        write_term(writer, algebra, polynomial_term(algebra, e, i), form, over ? 1 : denominator, i == 0);
    if (factored || (over && count > 1)) write_text(writer, ")");
    if (over) write_over(writer, denominator);
}

/* ---- choosing ---- */

static bool are_all_units(const Algebra *algebra, Expr e, Wide content) {
    for (uint32_t i = 0, count = polynomial_count(algebra, e); i < count; i++) {
        Wide coefficient = polynomial_term(algebra, e, i).coefficient;
        if (coefficient != content && coefficient != -content) return false;
    }
    return true;
}

static void consider(const Algebra *algebra, Expr e, Form form, Form *best, size_t *shortest) {
    Writer counter = {0};
    write_form(&counter, algebra, e, form);
    if (counter.length >= *shortest) return;
    *shortest = counter.length;
    *best = form;
}

/* A number is taken out only where nothing but signs is left of the coefficients. */
static Form choose_form(const Algebra *algebra, Expr e) {
    Form plain = {1, MONOMIAL_ONE, false}, best = plain;
    if (!is_sum(algebra, e)) return plain;
    Factor factor = {0};
    size_t shortest = SIZE_MAX;
    bool found = factor_include((Algebra *)algebra, &factor, e);
    consider(algebra, e, plain, &best, &shortest);
    if (polynomial_denominator(algebra, e) != 1) {
        consider(algebra, e, (Form){1, MONOMIAL_ONE, true}, &best, &shortest);
        if (!found) return best;
    }
    if (!found) return best;
    bool units = are_all_units(algebra, e, factor.content);
    if (factor.monomial != MONOMIAL_ONE)
        consider(algebra, e, (Form){1, factor.monomial, false}, &best, &shortest);
    if (units && factor.content != 1) {
        consider(algebra, e, (Form){factor.content, MONOMIAL_ONE, false}, &best, &shortest);
        if (factor.monomial != MONOMIAL_ONE)
            consider(algebra, e, (Form){factor.content, factor.monomial, false}, &best, &shortest);
    }
    return best;
}

/* The fewest digits that give it back, with a point in every locale. */
static void write_real(Writer *writer, const Algebra *algebra, Expr e) {
    char text[32];
    double value;
    expr_to_double(algebra, e, &value);
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value) break;
    }
    text[strcspn(text, ",")] = strchr(text, ',') ? '.' : 0;
    write_text(writer, text);
}

/* Terms c*floor((p - 1)/q) with c in the constant: c*ceil(p/q). For one such term at a time, e itself when there
 * is none. */
static Expr show_ceil(const Algebra *algebra, Expr e) {
    Algebra *owner = (Algebra *)algebra;
    Wide constant = polynomial_constant(algebra, e), divisor;
    for (uint32_t i = 0, count = polynomial_count(algebra, e); i < count && constant > 0; i++) {
        Term term = polynomial_term(algebra, e, i);
        uint32_t id = monomial_as_atom(algebra, term.monomial);
        Atom atom = *algebra_atom(algebra, id);
        if (!id || atom.kind != ATOM_FLOOR || term.coefficient < 1 || term.coefficient > constant) continue;
        if (expr_to_wide(algebra, atom.b, &divisor) || polynomial_constant(algebra, atom.a) != -1) continue;
        AlgebraFailure before = owner->failure;
        Sum sum = sum_begin(owner);
        sum_add(&sum, e, polynomial_denominator(algebra, e), 1, MONOMIAL_ONE);
        sum_push(&sum, -term.coefficient, term.monomial);
        sum_push(&sum, -term.coefficient, MONOMIAL_ONE);
        Expr ceil = atom_make(owner, ATOM_CEIL, with_constant(algebra, atom.a, 1), atom.b);
        sum_add(&sum, ceil, term.coefficient, 1, MONOMIAL_ONE);
        Expr shown = expr_scale(owner, sum_finish(&sum), 1, polynomial_denominator(algebra, e));
        owner->failure = before;
        return expr_is_known(shown) ? shown : e;
    }
    return e;
}

static void write_expr(Writer *writer, const Algebra *algebra, Expr e) {
    if (!expr_is_known(e)) write_text(writer, "?");
    else if (e == 0) write_text(writer, "0");
    else if (expr_is_real(algebra, e)) write_real(writer, algebra, e);
    else {
        Expr shown = expr_is_small(e) ? e : show_ceil(algebra, e);
        write_form(writer, algebra, shown, choose_form(algebra, shown));
    }
}

size_t expr_print(const Algebra *algebra, Expr e, char *buffer, size_t size) {
    Writer writer = {buffer, size, 0};
    write_expr(&writer, algebra, e);
    if (size) buffer[writer.length < size ? writer.length : size - 1] = 0;
    return writer.length;
}
