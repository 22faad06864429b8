/* Operators on images that rearrange or sample them. */
#include "ops/cost.h"
#include "ops/family.h"
#include "ops/rules.h"
#include "ops/window.h"

/* ---- DepthToSpace, SpaceToDepth ---- */

/* a/b for a that b divides; what it does not, when it is known, is reported. */
static Expr divide_whole(Op *op, Expr a, Expr b, const char *what) {
    Expr rest = expr_modulo(op->algebra, a, b);
    if (expr_is_known(rest) && expr_is_constant(op->algebra, rest) && rest != 0) {
        op_problem(op, SHAPE_PROBLEM_MISMATCH, "%s, %s, does not divide by %s", what, op_show(op, a),
                   op_show(op, b));
        return EXPR_UNKNOWN;
    }
    return expr_floor_divide(op->algebra, a, b);
}

/* (N, C/b², H*b, W*b) */
void infer_depth_to_space(Op *op) {
    Shape x;
    bool is_known = family_ranked(op, 0, "input 0", 4, &x);
    Expr block = family_positive(op, "blocksize", 0);
    if (is_known) {
        x.dims[1] = block ? divide_whole(op, x.dims[1], expr_multiply(op->algebra, block, block), "depth")
                          : EXPR_UNKNOWN;
        for (int32_t i = 2; i < 4; i++)
            x.dims[i] = block ? expr_multiply(op->algebra, x.dims[i], block) : EXPR_UNKNOWN;
    }
    op_set(op, 0, op_dtype(op, 0), is_known ? &x : NULL);
}

/* (N, C*b², H/b, W/b) */
void infer_space_to_depth(Op *op) {
    Shape x;
    bool is_known = family_ranked(op, 0, "input 0", 4, &x);
    Expr block = family_positive(op, "blocksize", 0);
    if (is_known) {
        Expr square = expr_multiply(op->algebra, block, block);
        x.dims[1] = block ? expr_multiply(op->algebra, x.dims[1], square) : EXPR_UNKNOWN;
        x.dims[2] = block ? divide_whole(op, x.dims[2], block, "height") : EXPR_UNKNOWN;
        x.dims[3] = block ? divide_whole(op, x.dims[3], block, "width") : EXPR_UNKNOWN;
    }
    op_set(op, 0, op_dtype(op, 0), is_known ? &x : NULL);
}

/* ---- sampling ---- */

/* X (N, C, D1, ...) at the points of a grid (N, O1, ..., one coordinate for each D): (N, C, O1, ...). */
void infer_grid_sample(Op *op) {
    Shape x, grid, y;
    bool has_x = op_shape(op, 0, &x), has_grid = op_shape(op, 1, &grid);
    int32_t rank = has_x ? x.rank : grid.rank;
    if (rank < 3 || (has_x && has_grid && x.rank != grid.rank)) {
        if (rank >= 0)
            op_problem(op, SHAPE_PROBLEM_RANK, "an input of rank %d and a grid of rank %d", x.rank,
                       grid.rank);
        op_set(op, 0, op_dtype(op, 0), NULL);
        return;
    }
    if (!has_x || !has_grid) op_gap(op, "the shape of input %d is not known", has_x ? 1 : 0);
    shape_fill(&y, rank);
    if (has_x) y.dims[0] = x.dims[0], y.dims[1] = x.dims[1];
    if (has_grid) {
        y.dims[0] = op_equal(op, y.dims[0], grid.dims[0], "the batch of the input and the grid");
        op_equal(op, grid.dims[rank - 1], rank - 2, "the grid's coordinates and the input's space");
        for (int32_t i = 2; i < rank; i++) y.dims[i] = grid.dims[i - 1];
    }
    op_set(op, 0, op_dtype(op, 0), &y);
}

/* theta (N, 2, 3) or (N, 3, 4); size, as contents, N, C and space: (N, space..., 2 or 3). */
void infer_affine_grid(Op *op) {
    Shape theta, size, y;
    bool has_theta = family_ranked(op, 0, "input 0", 3, &theta), has_size = op_shape_from(op, 1, &size);
    int32_t rank = has_size                                    ? size.rank
                   : has_theta && expr_is_small(theta.dims[1]) ? (int32_t)theta.dims[1] + 2
                                                               : -1;
    if (rank != 4 && rank != 5) {
        if (rank >= 0) op_problem(op, SHAPE_PROBLEM_MISMATCH, "a size of %d numbers, it takes 4 or 5", rank);
        else op_gap(op, "the contents of input 1, a size, are not known");
        op_set(op, 0, op_dtype(op, 0), NULL);
        return;
    }
    shape_fill(&y, rank);
    if (!has_size) op_gap(op, "the contents of input 1, a size, are not known");
    if (has_theta) {
        y.dims[0] = theta.dims[0];
        op_equal(op, theta.dims[1], rank - 2, "theta's rows and the size's space");
        op_equal(op, theta.dims[2], rank - 1, "theta's columns and the size's space");
    }
    if (has_size) {
        y.dims[0] = op_equal(op, y.dims[0], size.dims[0], "the batch of theta and the size");
        for (int32_t i = 1; i < rank - 1; i++) y.dims[i] = size.dims[i + 1];
    }
    y.dims[rank - 1] = rank - 2;
    op_set(op, 0, op_dtype(op, 0), &y);
}

/* ---- blocks and windows ---- */

/* The input's columns are the places of a block of that shape in the image. */
static void check_places(Op *op, Expr columns, const Shape *image, const Shape *block) {
    Window window;
    Expr places = 1;
    if (!window_read(op, image->rank, &window)) return;
    for (int32_t i = 0; i < image->rank; i++) {
        window.kernel[i] = block->dims[i];
        places = expr_multiply(op->algebra, places, window_count(op, &window, i, image->dims[i], false));
    }
    op_equal(op, columns, places, "columns and places of the block");
}

/* (N, C*block, places) and the shapes of image and block as contents: (N, C, image...). */
void infer_col2im(Op *op) {
    Shape x, image, block, y;
    bool has_x = family_ranked(op, 0, "input 0", 3, &x), has_image = op_shape_from(op, 1, &image),
         has_block = op_shape_from(op, 2, &block);
    int32_t space = has_image ? image.rank : has_block ? block.rank : -1;
    bool fits = space >= 1 && space <= SHAPE_RANK_LIMIT - 2;
    if (fits && has_image && has_block && image.rank != block.rank) {
        op_problem(op, SHAPE_PROBLEM_MISMATCH, "an image of %d axes and a block of %d", image.rank,
                   block.rank);
        fits = false;
    }
    if (!fits) {
        op_gap(op, "the shape of the image is not known");
        op_set(op, 0, op_dtype(op, 0), NULL);
        return;
    }
    shape_fill(&y, space + 2);
    if (has_x) y.dims[0] = x.dims[0];
    if (has_x && has_block) y.dims[1] = divide_whole(op, x.dims[1], op_product(op, &block, 0, space), "rows");
    else op_gap(op, "the shape of the block is not known");
    for (int32_t i = 0; has_image && i < space; i++) y.dims[2 + i] = image.dims[i];
    if (has_x && has_image && has_block) check_places(op, x.dims[2], &image, &block);
    op_set(op, 0, op_dtype(op, 0), &y);
}

/* Axis `dim` becomes the number of windows of that size and step; the window is a new last axis. */
void infer_unfold_tensor(Op *op) {
    Shape x;
    int64_t size = op_int(op, "size", 0), step = op_int(op, "step", 1);
    bool is_known = op_shape(op, 0, &x);
    int32_t axis = is_known ? op_axis(op, op_int(op, "dim", -1), x.rank) : -1;
    if (size < 1 || step < 1)
        op_problem(op, SHAPE_PROBLEM_ATTRIBUTE, "attributes size and step are %lld and %lld, the least is 1",
                   (long long)size, (long long)step);
    if (axis < 0 || size < 1 || step < 1 || x.rank == SHAPE_RANK_LIMIT) {
        op_set(op, 0, op_dtype(op, 0), NULL);
        return;
    }
    Expr window = expr_integer(op->algebra, size), room = expr_subtract(op->algebra, x.dims[axis], window);
    Expr count = expr_floor_divide(op->algebra, room, expr_integer(op->algebra, step));
    x.dims[axis] = expr_add(op->algebra, count, 1);
    x.dims[x.rank++] = window;
    op_set(op, 0, op_dtype(op, 0), &x);
}

/* ---- what depends on data ---- */

/* (height, width, channels) of whatever the stream holds: one channel in Grayscale, else three. */
void infer_image_decoder(Op *op) {
    Shape y = {.rank = 3};
    for (uint32_t i = 0; i < 2; i++)
        y.dims[i] = op_data_dim(op, 0, i, 1, INT64_MAX, "the size of the decoded image");
    y.dims[2] = bytes_equal(op_string(op, "pixel_format", "RGB"), BYTES_LITERAL("Grayscale")) ? 1 : 3;
    op_set(op, 0, DTYPE_UINT8, &y);
}

/* The best path through a matrix (M, N): both coordinates of each step, max(M, N) to M + N - 1 of them. */
void infer_dynamic_time_warping(Op *op) {
    Shape x, y = {.rank = 2, .dims = {2}};
    int64_t least = 1, most = INT64_MAX;
    if (op_shape(op, 0, &x) && x.rank >= 2) {
        int64_t rows, columns, most_rows, most_columns;
        expr_bounds(op->algebra, x.dims[x.rank - 2], &rows, &most_rows);
        expr_bounds(op->algebra, x.dims[x.rank - 1], &columns, &most_columns);
        least = rows > columns ? rows : columns;
        if (most_rows < INT64_MAX / 2 && most_columns < INT64_MAX / 2) most = most_rows + most_columns - 1;
    }
    y.dims[1] = op_data_dim(op, 0, 1, least < 0 ? 0 : least, most < least ? INT64_MAX : most,
                            "the length of the best path");
    op_set(op, 0, DTYPE_INT32, &y);
}

/* Sequence (words, characters) and W (filters, ...): (words, filters). */
void infer_word_conv_embedding(Op *op) {
    Shape words, filters, y;
    shape_fill(&y, 2);
    if (op_shape(op, 0, &words) && words.rank >= 1) y.dims[0] = words.dims[0];
    if (op_shape(op, 1, &filters) && filters.rank >= 1) y.dims[1] = filters.dims[0];
    op_set(op, 0, op_dtype(op, 1), &y);
}

/* ---- costs ---- */

/* With d coordinates at each of `points`. Linear: 2^d products and one addition less for each of Y; at a point 2*d to come
 * from coordinates to places, d distances, and weights of 2^d neighbours of d factors. Cubic: 4^d products, 40 at a point.
 * Nearest: 3*d at a point. */
void cost_grid_sample(Op *op, Cost *cost) {
    Shape y;
    Bytes mode = op_string(op, "mode", "linear");
    bool is_cubic = bytes_equal(mode, BYTES_LITERAL("cubic")) || bytes_equal(mode, BYTES_LITERAL("bicubic")),
         is_linear =
             bytes_equal(mode, BYTES_LITERAL("linear")) || bytes_equal(mode, BYTES_LITERAL("bilinear"));
    bool has_shape = op_place_shape(op, OUTPUT(0), &y),
         is_nearest = bytes_equal(mode, BYTES_LITERAL("nearest"));
    if (!has_shape || y.rank < 3 || !(is_cubic || is_linear || is_nearest)) {
        if (has_shape) cost_gap(op, cost, "its mode is not known, or there is no space to sample");
        cost->metrics[COST_ELEMENTWISE] = EXPR_UNKNOWN;
        return;
    }
    Expr n = op_elements(op, OUTPUT(0)), d = y.rank - 2;
    Expr points = op_times(op, y.dims[0], op_product(op, &y, 2, y.rank));
    Expr corners = expr_power(op->algebra, is_cubic ? 4 : 2, (uint32_t)d),
         each = op_minus(op, op_times(op, corners, 2), 1);
    if (!is_nearest)
        COST_ADD(op, cost, COST_ELEMENTWISE, op_times(op, each, n),
                 is_cubic ? "(2*4^d - 1)*N(Y)" : "(2^(d + 1) - 1)*N(Y)", {"d", d}, {"N(Y)", n});
    Expr at_point = is_nearest ? 3 * d : is_cubic ? 40 : op_plus(op, 3 * d, op_times(op, corners, d));
    COST_ADD(op, cost, COST_ELEMENTWISE, op_times(op, at_point, points),
             is_nearest ? "3*d*points"
             : is_cubic ? "40*points"
                        : "(2*d + d + 2^d*d)*points",
             {"d", d}, {"points", points});
}

/* Each of d coordinates is a row of theta times the d coordinates of the place and 1. */
void cost_affine_grid(Op *op, Cost *cost) {
    Shape y;
    Expr n = op_elements(op, OUTPUT(0)), d = op_place_shape(op, OUTPUT(0), &y) ? y.rank - 2 : EXPR_UNKNOWN;
    COST_ADD(op, cost, COST_MACS, op_times(op, n, op_plus(op, d, 1)), "N(Y)*(d + 1)", {"N(Y)", n}, {"d", d});
}

/* What falls onto a place is added up: N(X) - N(Y), at least 0. */
void cost_col2im(Op *op, Cost *cost) {
    Expr x = op_elements(op, INPUT(0)), y = op_elements(op, OUTPUT(0)), sum = op_minus(op, x, y);
    bool is_sure = expr_is_known(sum) && expr_less(op->algebra, sum, 0) == TRUTH_FALSE;
    COST_ADD(op, cost, COST_ELEMENTWISE, is_sure ? sum : expr_max(op->algebra, sum, 0),
             is_sure ? "N(X) - N(Y)" : "max(N(X) - N(Y), 0)", {"N(X)", x}, {"N(Y)", y});
}
