/* Dtype: the element types of ONNX, numbered as in TensorProto.DataType (IR 14). */
#ifndef ONNXDOC_DTYPE_H
#define ONNXDOC_DTYPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

/* X(NAME, number, "name", bits): the name is the one numpy and ml_dtypes use; bits as stored in raw_data. */
#define DTYPES(X)                                                                                            \
    X(UNDEFINED, 0, "undefined", 0)                                                                          \
    X(FLOAT32, 1, "float32", 32)                                                                             \
    X(UINT8, 2, "uint8", 8)                                                                                  \
    X(INT8, 3, "int8", 8)                                                                                    \
    X(UINT16, 4, "uint16", 16)                                                                               \
    X(INT16, 5, "int16", 16)                                                                                 \
    X(INT32, 6, "int32", 32)                                                                                 \
    X(INT64, 7, "int64", 64)                                                                                 \
    X(STRING, 8, "string", 0)                                                                                \
    X(BOOL, 9, "bool", 8)                                                                                    \
    X(FLOAT16, 10, "float16", 16)                                                                            \
    X(FLOAT64, 11, "float64", 64)                                                                            \
    X(UINT32, 12, "uint32", 32)                                                                              \
    X(UINT64, 13, "uint64", 64)                                                                              \
    X(COMPLEX64, 14, "complex64", 64)                                                                        \
    X(COMPLEX128, 15, "complex128", 128)                                                                     \
    X(BFLOAT16, 16, "bfloat16", 16)                                                                          \
    X(FLOAT8E4M3FN, 17, "float8e4m3fn", 8)                                                                   \
    X(FLOAT8E4M3FNUZ, 18, "float8e4m3fnuz", 8)                                                               \
    X(FLOAT8E5M2, 19, "float8e5m2", 8)                                                                       \
    X(FLOAT8E5M2FNUZ, 20, "float8e5m2fnuz", 8)                                                               \
    X(UINT4, 21, "uint4", 4)                                                                                 \
    X(INT4, 22, "int4", 4)                                                                                   \
    X(FLOAT4E2M1, 23, "float4e2m1", 4)                                                                       \
    X(FLOAT8E8M0, 24, "float8e8m0", 8)                                                                       \
    X(UINT2, 25, "uint2", 2)                                                                                 \
    X(INT2, 26, "int2", 2)

typedef enum Dtype {
#define X(NAME, number, name, bits) DTYPE_##NAME = number,
    DTYPES(X)
#undef X
        DTYPE_COUNT
} Dtype;

/* "float32"; numbers this build does not know give "undefined". */
const char *dtype_name(uint32_t dtype);
/* Bits of one stored element; 0 for string and undefined. */
uint32_t dtype_bits(uint32_t dtype);
bool dtype_is_known(uint32_t dtype);
/* float4e2m1 to float64; complex types are not. */
bool dtype_is_float(uint32_t dtype);
/* int2 to int64. */
bool dtype_is_signed(uint32_t dtype);
/* The dtype of a name, DTYPE_UNDEFINED when there is none. */
Dtype dtype_from_name(Bytes name);
/* Bytes that `count` packed elements take (a part of a byte counts whole); false when it overflows 64 bits
 * or the dtype has no fixed size. */
bool dtype_nbytes(uint32_t dtype, uint64_t count, uint64_t *nbytes);

#endif
