/* To and from quantised numbers. Shapes stay; the element type is what takes some looking.
 */
#include "ops/family.h"
#include "ops/rules.h"

/* That of the zero point, else output_dtype (opset 21 on), else uint8. */
void infer_quantize_linear(Op *op) {
    uint32_t dtype = op_dtype(op, 2), given = family_dtype_or(op, "output_dtype", DTYPE_UNDEFINED);
    if (!op_has_input(op, 2)) dtype = given ? given : DTYPE_UINT8;
    op_set_like_as(op, 0, 0, dtype);
}

/* output_dtype (opset 23 on), else that of the scale: float32 before opset 19 of ai.onnx. */
void infer_dequantize_linear(Op *op) {
    uint32_t given = family_dtype_or(op, "output_dtype", DTYPE_UNDEFINED), scale = op_dtype(op, 1);
    bool is_float = op->rule->domain[0] == '\0' && op->version > 0 && op->version < 19;
    op_set_like_as(op, 0, 0, given ? given : scale ? scale : is_float ? DTYPE_FLOAT32 : DTYPE_UNDEFINED);
}

void infer_dynamic_quantize_linear(Op *op) {
    Shape scalar = {.rank = 0};
    op_set_like_as(op, 0, 0, DTYPE_UINT8);
    op_set(op, 1, DTYPE_FLOAT32, &scalar);
    op_set(op, 2, DTYPE_UINT8, &scalar);
}

/* ---- costs ---- */

/* A division, rounding and the two bounds; the zero point is one addition more. */
void cost_quantize_linear(Op *op, Cost *cost) {
    Expr n = op_elements(op, OUTPUT(0));
    COST_ADD(op, cost, COST_ELEMENTWISE, op_times(op, n, 4), "4*N(Y)", {"N(Y)", n});
    if (op_has_input(op, 2)) COST_ADD(op, cost, COST_ELEMENTWISE, n, "N(Y)", {"N(Y)", n});
}

/* A product; the zero point is subtracted first. */
void cost_dequantize_linear(Op *op, Cost *cost) {
    bool has_zero_point = op_has_input(op, 2);
    Expr n = op_elements(op, OUTPUT(0));
    COST_ADD(op, cost, COST_ELEMENTWISE, op_times(op, n, has_zero_point ? 2 : 1),
             has_zero_point ? "2*N(Y)" : "N(Y)", {"N(Y)", n});
}

/* The least and the greatest element, then as QuantizeLinear with a zero point. */
void cost_dynamic_quantize_linear(Op *op, Cost *cost) {
    Expr n = op_elements(op, INPUT(0));
    COST_ADD(op, cost, COST_ELEMENTWISE, op_times(op, n, 7), "2*N(X) + 5*N(X)", {"N(X)", n});
}
