/* Windows that slide over space: what convolution and pooling have in common. A window of kernel[i] samples, dilations[i]
 * apart, moves by strides[i] over axis i of an input that pads[i] and pads[rank + i] lengthen at its ends.
 *
 * In an image shape, space is what is neither batch (axis 0) nor channels (axis 1, or the last one).
 */
#ifndef ONNXDOC_WINDOW_H
#define ONNXDOC_WINDOW_H

#include "ops/op.h"

typedef enum AutoPad { AUTO_PAD_NOTSET, AUTO_PAD_SAME, AUTO_PAD_VALID } AutoPad;

typedef struct Window {
    int32_t rank;
    AutoPad auto_pad;
    bool is_lower; /* SAME_LOWER: an odd pad is longer at the beginning */
    Expr kernel[SHAPE_RANK_LIMIT];
    int64_t strides[SHAPE_RANK_LIMIT];
    int64_t dilations[SHAPE_RANK_LIMIT];
    Expr pads[2 * SHAPE_RANK_LIMIT];
} Window;

/* A list attribute of as many numbers as wanted, each at least `least`; `fallback` each when it is left out or empty. Room
 * for 2 * SHAPE_RANK_LIMIT numbers is taken. False, after a report, when it is none such. */
bool window_list(Op *op, const char *name, uint32_t wanted, int64_t fallback, int64_t least, int64_t *items);
/* Reads auto_pad, kernel_shape, strides, dilations and pads. A kernel that is not given is EXPR_UNKNOWN. False, after a
 * report, when a list does not fit the rank or a number is out of range. */
bool window_read(Op *op, int32_t rank, Window *window);
/* The kernel of the weights' dimensions from `first` on; must be kernel_shape where that is given too. */
bool window_take_kernel(Op *op, Window *window, const Shape *weights, int32_t first);
/* (kernel - 1) * dilation + 1 */
Expr window_extent(Op *op, const Window *window, int32_t axis);
/* How many places the window has along an axis of that size. */
Expr window_count(Op *op, const Window *window, int32_t axis, Expr size, bool is_ceil);

/* ---- padding, for costs ---- */

/* Whether an axis may be padded; false is sure. */
bool window_is_padded(const Window *window, int32_t axis);
/* The kernel that weights have from dimension `first` on where kernel_shape is not given; nothing is compared. */
void window_read_kernel(Window *window, const Shape *weights, int32_t first);
/* Product of all axes' kernels. */
Expr window_kernel_size(Op *op, const Window *window);
/* How much `total` of padding stands before the first sample. */
Expr window_begin(Op *op, const Window *window, Expr total);
/* The pad before an axis of that size, over which the window has so many places. */
Expr window_pad_before(Op *op, const Window *window, int32_t axis, Expr size, Expr places);
/* Pairs of a place and a sample of the window there that lie inside of the axis: place*stride - begin + k*dilation in
 * [0, size). EXPR_UNKNOWN unless all is constant, and for kernels past WINDOW_KERNEL_LIMIT. */
Expr window_inside(Op *op, const Window *window, int32_t axis, Expr size, Expr places, Expr begin);
#define WINDOW_KERNEL_LIMIT 4096

/* The rank of an image input; where it is not known, that of kernel_shape and two more. Dimensions that are not known are
 * EXPR_UNKNOWN. False when there is none, or, after a report, when it is below 3. */
bool window_image(Op *op, uint32_t input, Shape *shape);

static inline void shape_fill(Shape *shape, int32_t rank) {
    shape->rank = rank;
    for (int32_t i = 0; i < rank; i++) shape->dims[i] = EXPR_UNKNOWN;
}
static inline int32_t image_channel_axis(const Shape *shape, bool channels_last) {
    return channels_last ? shape->rank - 1 : 1;
}
static inline int32_t image_space_axis(bool channels_last) {
    return channels_last ? 1 : 2;
}

#endif
