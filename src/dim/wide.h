/* Wide: checked 128-bit integers. A result that does not fit makes the function give false; magnitudes stay below
 * 2^127, so that every number has its negative. Multiplication is spelled out, since clang's own checked one needs a
 * run-time library that gcc's does not have.
 */
#ifndef ONNXDOC_WIDE_H
#define ONNXDOC_WIDE_H

#include <stdbool.h>
#include <stdint.h>

typedef __int128 Wide;
typedef unsigned __int128 UnsignedWide;

#define WIDE_LARGEST ((Wide)(~(UnsignedWide)0 >> 1))

static inline UnsignedWide wide_magnitude(Wide a) {
    return a < 0 ? -(UnsignedWide)a : (UnsignedWide)a;
}

static inline bool wide_fits(Wide a) {
    return a >= INT64_MIN && a <= INT64_MAX;
}

static inline bool wide_add(Wide a, Wide b, Wide *sum) {
    return !__builtin_add_overflow(a, b, sum) && *sum >= -WIDE_LARGEST;
}

static inline bool wide_multiply(Wide a, Wide b, Wide *product) {
    if (wide_fits(a) && wide_fits(b)) {
        *product = a * b;
        return true;
    }
    UnsignedWide x = wide_magnitude(a), y = wide_magnitude(b);
    uint64_t x_high = (uint64_t)(x >> 64), y_high = (uint64_t)(y >> 64);
    if (x_high && y_high) return false;
    UnsignedWide middle = x_high ? (UnsignedWide)x_high * (uint64_t)y : (UnsignedWide)y_high * (uint64_t)x;
    UnsignedWide low = (UnsignedWide)(uint64_t)x * (uint64_t)y;
    if (middle >> 63) return false;
    UnsignedWide magnitude = low + (middle << 64);
    if (magnitude < low || magnitude > (UnsignedWide)WIDE_LARGEST) return false;
    *product = (a < 0) != (b < 0) ? -(Wide)magnitude : (Wide)magnitude;
    return true;
}

/* The greatest common divisor of magnitudes; of 0 and 0 it is 0. */
static inline Wide wide_gcd(Wide a, Wide b) {
    UnsignedWide x = wide_magnitude(a), y = wide_magnitude(b);
    while (y) {
        if (!((x | y) >> 64)) {
            uint64_t u = (uint64_t)x, v = (uint64_t)y;
            while (v) {
                uint64_t rest = u % v;
                u = v;
                v = rest;
            }
            return (Wide)u;
        }
        UnsignedWide rest = x % y;
        x = y;
        y = rest;
    }
    return (Wide)x;
}

/* Rounded down, and what is left (0 ≤ rest < b); b > 0. */
static inline Wide wide_floor_divide(Wide a, Wide b) {
    if (wide_fits(a) && wide_fits(b)) {
        int64_t x = (int64_t)a, y = (int64_t)b, quotient = x / y;
        return quotient - (x % y < 0);
    }
    return a / b - (a % b < 0);
}
static inline Wide wide_modulo(Wide a, Wide b) {
    Wide rest = a % b;
    return rest < 0 ? rest + b : rest;
}
static inline Wide wide_ceil_divide(Wide a, Wide b) {
    return -wide_floor_divide(-a, b);
}

/* The least k with 2^k ≥ a; 0 where a ≤ 1. */
static inline int wide_ceil_log2(Wide a) {
    int k = 0;
    while (k < 127 && ((UnsignedWide)1 << k) < (a > 0 ? (UnsignedWide)a : 1)) k++;
    return k;
}

/* False when it does not fit. */
static inline bool wide_power(Wide base, uint32_t exponent, Wide *result) {
    Wide power = 1;
    for (;;) {
        if ((exponent & 1) && !wide_multiply(power, base, &power)) return false;
        exponent >>= 1;
        if (!exponent) break;
        if (!wide_multiply(base, base, &base)) return false;
    }
    *result = power;
    return true;
}

/* Decimal digits with a sign, terminated; gives how many characters. */
static inline unsigned wide_print(Wide a, char text[48]) {
    char reversed[48];
    unsigned count = 0, at = 0;
    UnsignedWide rest = wide_magnitude(a);
    do {
        reversed[count++] = (char)('0' + (int)(rest % 10));
        rest /= 10;
    } while (rest);
    if (a < 0) text[at++] = '-';
    while (count) text[at++] = reversed[--count];
    text[at] = 0;
    return at;
}

#endif
