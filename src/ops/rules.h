/* The rules of all families, declared from the table that names them. */
#ifndef ONNXDOC_RULES_H
#define ONNXDOC_RULES_H

#include "ops/cost.h"

void contents_none(Op *op); /* nothing: NULL in the table */
#define X(domain, name, since, infer, contents, needs, cost)                                                 \
    void infer(Op *op);                                                                                      \
    void contents(Op *op);                                                                                   \
    void cost(Op *, Cost *);
#include "ops/ops.def"
#undef X

#endif
