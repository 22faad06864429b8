/* What the files of src/dim share: how an Algebra keeps monomials, polynomials, atoms and symbols.
 *
 * Everything is kept once, in an Interner whose keys are the data themselves; the position of a key is the id, and
 * what is derived from it stands in an array beside it.
 *
 * 1. A monomial is a sorted list of Power. Id 0, the empty list, is 1. Monomials are ordered by total degree, highest
 *    first, then by the power of the atom made first: an order that multiplication keeps, which is what division
 *    needs, and in which sums are printed.
 * 2. A polynomial is a denominator (int64, > 0) and Terms in that order, none zero, without a common factor that the
 *    denominator has too. Denominator 0 says that a double stands behind it instead of Terms.
 * 3. An atom is a kind and two Exprs, always whole: floor, max and the like of rationals are scaled first. So every
 *    atom is a whole number when the symbols are.
 *
 * Views of terms and powers die with the next operation that may keep something new: what calls operations in a loop
 * takes copies (polynomial_term, monomial_copy).
 */
#ifndef ONNXDOC_ALGEBRA_H
#define ONNXDOC_ALGEBRA_H

#include "base/array.h"
#include "base/intern.h"
#include "dim/expr.h"
#include "dim/wide.h"

#define ALGEBRA_TERMS    4096      /* of one polynomial */
#define ALGEBRA_PRODUCTS (1 << 18) /* of terms, in one multiplication */
#define ALGEBRA_DEPTH    64        /* of atoms in atoms */
#define ALGEBRA_WEIGHT   65536     /* atoms of an Expr when it is written out: bounds every walk */
#define ALGEBRA_DEGREE   65535     /* of a monomial */
#define ALGEBRA_FACTORS  64        /* different atoms in a monomial */

typedef __int128 Coefficient __attribute__((aligned(8)));

/* `spread` only varies the last byte of keys, which is what the interner places neighbours by. */
typedef struct Term {
    Coefficient coefficient;
    uint32_t monomial;
    uint32_t spread;
} Term;

typedef struct Power {
    uint32_t atom;
    uint16_t exponent;
    uint16_t spread;
} Power;

#define MONOMIAL_ONE  0u
#define MONOMIAL_NONE UINT32_MAX

/* A view. */
typedef struct Polynomial {
    const Term *terms;
    uint32_t count;
    int64_t denominator;
} Polynomial;

/* How large something is: nesting of atoms, and the number of atoms when written out. */
typedef struct Extent {
    uint32_t depth, weight;
} Extent;

typedef struct Monomial {
    uint32_t degree;
    Extent extent;
} Monomial;

typedef enum AtomKind {
    ATOM_SYMBOL, /* a: the SymbolId */
    ATOM_FLOOR,  /* floor(a/b) */
    ATOM_MODULO,
    ATOM_MAX,
    ATOM_MIN,
    ATOM_CEIL_LOG2, /* of a */
    ATOM_CEIL,      /* ceil(a/b), only for printing */
} AtomKind;

typedef struct Atom {
    AtomKind kind;
    uint32_t shown; /* length of its text, 0: not known yet */
    Expr a, b;
    Extent extent;
} Atom;

typedef struct SymbolEntry {
    Symbol name;
    uint32_t resolved; /* epoch in which `value` was last brought up to date */
    uint32_t numbered; /* the last number behind this name that a fresh symbol took */
    Expr self;
    Expr value; /* EXPR_UNKNOWN: not bound */
    int64_t least, most;
} SymbolEntry;

typedef enum Operation {
    OPERATION_ADD = 1,
    OPERATION_MULTIPLY,
    OPERATION_DIVIDE,
    OPERATION_FLOOR_DIVIDE,
    OPERATION_MODULO,
    OPERATION_MAX,
    OPERATION_MIN,
    OPERATION_LOWER,
    OPERATION_SUBSTITUTE,
    OPERATION_RESOLVE,
} Operation;

/* Results by operation and operands: a cache that forgets, one entry per place. */
typedef struct Memo {
    uint64_t key; /* operation and generation */
    Expr a, b, result;
} Memo;

struct Algebra {
    Interner monomials, polynomials, atoms, names;
    Array(Monomial) monomial_info; /* by id, as are the next two */
    Array(Extent) polynomial_info;
    Array(Atom) atom_info;
    Array(SymbolEntry) symbols;
    Array(SymbolId) symbol_of; /* by name */
    Array(SymbolId) bound;     /* symbols with a substitution, in the order in which they got it */
    Array(Term) scratch;       /* a stack: what sums under way have */
    Memo *memo;
    uint32_t memo_count, memo_used;
    uint32_t generation; /* changes with bounds and substitutions: results depend on both */
    uint32_t epoch;
    uint32_t call; /* counts substitutions, for their memo */
    AlgebraFailure failure;
};

/* ---- words ---- */

static inline uint32_t expr_index(Expr e) {
    return (uint32_t)(EXPR_SMALLEST - 1 - e);
}
static inline Expr expr_reference(uint32_t index) {
    return EXPR_SMALLEST - 1 - (Expr)index;
}

/* Notes why and gives EXPR_UNKNOWN. */
Expr algebra_fail(Algebra *algebra, AlgebraFailure failure);

/* ---- memo ---- */

bool memo_find(const Algebra *algebra, Operation operation, Expr a, Expr b, Expr *result);
/* Keeps a result that is known, and gives it back. */
Expr memo_keep(Algebra *algebra, Operation operation, Expr a, Expr b, Expr result);
/* Bounds or substitutions changed. */
void memo_outdate(Algebra *algebra);

/* ---- monomials ---- */

static inline const Power *monomial_powers(const Algebra *algebra, uint32_t monomial, uint32_t *count) {
    Bytes key = interner_name(&algebra->monomials, monomial);
    *count = (uint32_t)(key.size / sizeof(Power));
    return (const Power *)(const void *)key.data;
}
uint32_t monomial_copy(const Algebra *algebra, uint32_t monomial, Power powers[ALGEBRA_FACTORS]);
/* MONOMIAL_NONE when it is too large or memory runs out (noted). */
uint32_t monomial_make(Algebra *algebra, Power *powers, uint32_t count);
uint32_t monomial_of_atom(Algebra *algebra, uint32_t atom, uint32_t exponent);
uint32_t monomial_multiply(Algebra *algebra, uint32_t a, uint32_t b);
/* MONOMIAL_NONE when b does not divide a. */
uint32_t monomial_divide(Algebra *algebra, uint32_t a, uint32_t b);
uint32_t monomial_gcd(Algebra *algebra, uint32_t a, uint32_t b);
/* Below 0 when a stands before b. */
int monomial_compare(const Algebra *algebra, uint32_t a, uint32_t b);
/* The atom when the monomial is one, to the first power; 0 otherwise. */
uint32_t monomial_as_atom(const Algebra *algebra, uint32_t monomial);

/* ---- polynomials ---- */

/* `own` is where the term of a small number is put. Not for reals and EXPR_UNKNOWN. */
Polynomial polynomial_of(const Algebra *algebra, Expr e, Term *own);
uint32_t polynomial_count(const Algebra *algebra, Expr e);
Term polynomial_term(const Algebra *algebra, Expr e, uint32_t index);
int64_t polynomial_denominator(const Algebra *algebra, Expr e);
bool expr_is_real(const Algebra *algebra, Expr e);
Extent expr_extent(const Algebra *algebra, Expr e);

/* A sum under way: terms in any order over one denominator. begin, add or push, finish; nests like calls. */
typedef struct Sum {
    Algebra *algebra;
    uint32_t base; /* in scratch: a place for the denominator, then the terms */
    bool failed;
    int64_t denominator;
} Sum;

Sum sum_begin(Algebra *algebra);
void sum_push(Sum *sum, Wide coefficient, uint32_t monomial);
/* Adds e * numerator/denominator * monomial. */
void sum_add(Sum *sum, Expr e, Wide numerator, Wide denominator, uint32_t monomial);
Expr sum_finish(Sum *sum);

Expr expr_from_wide(Algebra *algebra, Wide value);
Expr expr_from_atom(Algebra *algebra, uint32_t atom);
Expr expr_from_real(Algebra *algebra, double value); /* finite; kept as it is */
Expr expr_from_term(Algebra *algebra, Wide coefficient, uint32_t monomial);
/* e * numerator/denominator */
Expr expr_scale(Algebra *algebra, Expr e, Wide numerator, Wide denominator);
/* A whole constant. */
bool expr_to_wide(const Algebra *algebra, Expr e, Wide *value);
/* The coefficient of 1 in the numerator. */
Wide polynomial_constant(const Algebra *algebra, Expr e);
/* e times its denominator. */
Expr expr_numerator(Algebra *algebra, Expr e);
/* The least common denominator of both, 0 when it does not fit. */
int64_t expr_common_denominator(Algebra *algebra, Expr a, Expr b);

/* Number and monomial that divide every term of what has been shown to it. Starts as {0}. */
typedef struct Factor {
    Wide content;
    uint32_t monomial;
    bool started;
} Factor;
bool factor_include(Algebra *algebra, Factor *factor, Expr e);
Expr expr_without_factor(Algebra *algebra, Expr e, Factor factor);

/* a = quotient*b + remainder for whole a, b: no term of the remainder has a monomial that b's first one divides with a
 * coefficient outside of [0, b's first). With `exact`, false when there is a remainder. */
bool polynomial_divide(Algebra *algebra, Expr a, Expr b, bool exact, Expr *quotient, Expr *remainder);

/* ---- atoms ---- */

/* The atom, as an Expr. */
Expr atom_make(Algebra *algebra, AtomKind kind, Expr a, Expr b);
/* The same operation, simplified. */
Expr atom_rebuild(Algebra *algebra, AtomKind kind, Expr a, Expr b);
static inline const Atom *algebra_atom(const Algebra *algebra, uint32_t atom) {
    return &algebra->atom_info.items[atom];
}

/* ---- reals ---- */

/* Either is a real: f of both as doubles, when both are constants. */
typedef enum RealOperation {
    REAL_ADD,
    REAL_MULTIPLY,
    REAL_DIVIDE,
    REAL_FLOOR_DIVIDE,
    REAL_MODULO,
    REAL_MAX,
    REAL_MIN
} RealOperation;
Expr real_apply(Algebra *algebra, RealOperation operation, Expr a, Expr b);

/* ---- bounds ---- */

#define WIDE_UNBOUNDED WIDE_LARGEST
/* Of a whole Expr; -WIDE_UNBOUNDED and WIDE_UNBOUNDED where there is none. */
Wide expr_lower(Algebra *algebra, Expr e);
Wide expr_upper(Algebra *algebra, Expr e);

typedef struct Interval {
    Wide low, high;
} Interval;
Interval expr_interval(Algebra *algebra, Expr e);

/* ---- substitutions ---- */

/* Whether a symbol occurs in it. */
bool expr_mentions(const Algebra *algebra, Expr e, SymbolId symbol);

#endif
