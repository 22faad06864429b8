/* Products of powers of atoms. */
#include "dim/algebra.h"

static uint32_t fail(Algebra *algebra, AlgebraFailure failure) {
    algebra_fail(algebra, failure);
    return MONOMIAL_NONE;
}

static Power power_make(uint32_t atom, uint32_t exponent) {
    return (Power){atom, (uint16_t)exponent, (uint16_t)((atom + exponent) << 8)};
}

uint32_t monomial_copy(const Algebra *algebra, uint32_t monomial, Power powers[ALGEBRA_FACTORS]) {
    uint32_t count;
    const Power *own = monomial_powers(algebra, monomial, &count);
    if (count) memcpy(powers, own, count * sizeof *powers);
    return count;
}

static Monomial measure(const Algebra *algebra, const Power *powers, uint32_t count) {
    Monomial monomial = {0};
    for (uint32_t i = 0; i < count; i++) {
        Extent extent = algebra_atom(algebra, powers[i].atom)->extent;
        monomial.degree += powers[i].exponent;
        if (extent.depth > monomial.extent.depth) monomial.extent.depth = extent.depth;
        monomial.extent.weight += extent.weight;
    }
    return monomial;
}

uint32_t monomial_make(Algebra *algebra, Power *powers, uint32_t count) {
    Monomial monomial = measure(algebra, powers, count);
    if (monomial.degree > ALGEBRA_DEGREE) return fail(algebra, ALGEBRA_TOO_LARGE);
    if (!array_reserve(&algebra->monomial_info, 1)) return fail(algebra, ALGEBRA_MEMORY);
    Bytes key = {(const char *)powers, count * sizeof *powers};
    Symbol id = interner_add(&algebra->monomials, key);
    if (id == SYMBOL_NONE) return fail(algebra, ALGEBRA_MEMORY);
    if (id == algebra->monomial_info.count) (void)array_push(&algebra->monomial_info, monomial);
    return id;
}

uint32_t monomial_of_atom(Algebra *algebra, uint32_t atom, uint32_t exponent) {
    if (exponent > ALGEBRA_DEGREE) return fail(algebra, ALGEBRA_TOO_LARGE);
    Power power = power_make(atom, exponent);
    return monomial_make(algebra, &power, exponent != 0);
}

uint32_t monomial_multiply(Algebra *algebra, uint32_t a, uint32_t b) {
    if (a == MONOMIAL_NONE || b == MONOMIAL_NONE) return MONOMIAL_NONE;
    if (a == MONOMIAL_ONE || b == MONOMIAL_ONE) return a == MONOMIAL_ONE ? b : a;
    Power powers[ALGEBRA_FACTORS];
    uint32_t a_count, b_count, count = 0, i = 0, j = 0;
    const Power *x = monomial_powers(algebra, a, &a_count), *y = monomial_powers(algebra, b, &b_count);
    while (i < a_count || j < b_count) {
        if (count == ALGEBRA_FACTORS) return fail(algebra, ALGEBRA_TOO_LARGE);
        if (j == b_count || (i < a_count && x[i].atom < y[j].atom)) powers[count++] = x[i++];
        else if (i == a_count || x[i].atom > y[j].atom) powers[count++] = y[j++];
        else {
            uint32_t exponent = (uint32_t)x[i].exponent + y[j].exponent;
            if (exponent > ALGEBRA_DEGREE) return fail(algebra, ALGEBRA_TOO_LARGE);
            powers[count++] = power_make(x[i].atom, exponent);
            i++, j++;
        }
    }
    return monomial_make(algebra, powers, count);
}

uint32_t monomial_divide(Algebra *algebra, uint32_t a, uint32_t b) {
    if (a == MONOMIAL_NONE || b == MONOMIAL_NONE) return MONOMIAL_NONE;
    if (b == MONOMIAL_ONE) return a;
    Power powers[ALGEBRA_FACTORS];
    uint32_t a_count, b_count, count = 0, j = 0;
    const Power *x = monomial_powers(algebra, a, &a_count), *y = monomial_powers(algebra, b, &b_count);
    if (a_count < b_count) return MONOMIAL_NONE;
    for (uint32_t i = 0; i < a_count; i++) {
        uint32_t exponent = x[i].exponent;
        if (j < b_count && y[j].atom < x[i].atom) return MONOMIAL_NONE;
        if (j < b_count && y[j].atom == x[i].atom) {
            if (y[j].exponent > exponent) return MONOMIAL_NONE;
            exponent -= y[j++].exponent;
        }
        if (exponent) powers[count++] = power_make(x[i].atom, exponent);
    }
    return j == b_count ? monomial_make(algebra, powers, count) : MONOMIAL_NONE;
}

uint32_t monomial_gcd(Algebra *algebra, uint32_t a, uint32_t b) {
    if (a == MONOMIAL_NONE || b == MONOMIAL_NONE) return MONOMIAL_NONE;
    if (a == b || a == MONOMIAL_ONE || b == MONOMIAL_ONE) return a == b ? a : MONOMIAL_ONE;
    Power powers[ALGEBRA_FACTORS];
    uint32_t a_count, b_count, count = 0;
    const Power *x = monomial_powers(algebra, a, &a_count), *y = monomial_powers(algebra, b, &b_count);
    for (uint32_t i = 0, j = 0; i < a_count && j < b_count;) {
        if (x[i].atom < y[j].atom) i++;
        else if (x[i].atom > y[j].atom) j++;
        else {
            uint32_t exponent = x[i].exponent < y[j].exponent ? x[i].exponent : y[j].exponent;
            powers[count++] = power_make(x[i].atom, exponent);
            i++, j++;
        }
    }
    return monomial_make(algebra, powers, count);
}

int monomial_compare(const Algebra *algebra, uint32_t a, uint32_t b) {
    if (a == b) return 0;
    const Monomial *info = algebra->monomial_info.items;
    if (info[a].degree != info[b].degree) return info[a].degree > info[b].degree ? -1 : 1;
    uint32_t a_count, b_count;
    const Power *x = monomial_powers(algebra, a, &a_count), *y = monomial_powers(algebra, b, &b_count);
    for (uint32_t i = 0; i < a_count && i < b_count; i++) {
        if (x[i].atom != y[i].atom) return x[i].atom < y[i].atom ? -1 : 1;
        if (x[i].exponent != y[i].exponent) return x[i].exponent > y[i].exponent ? -1 : 1;
    }
    return 0;
}

uint32_t monomial_as_atom(const Algebra *algebra, uint32_t monomial) {
    uint32_t count;
    const Power *powers = monomial_powers(algebra, monomial, &count);
    return count == 1 && powers->exponent == 1 ? powers->atom : 0;
}
