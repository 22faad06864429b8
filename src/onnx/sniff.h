/* Sniffing: what people hand over by mistake, told from its first bytes, so that the error can say what it is
 * and what to do instead of naming a broken varint. Nothing is decided here about what can be read: the
 * reader tries first, and only what it could not read comes here.
 */
#ifndef ONNXDOC_SNIFF_H
#define ONNXDOC_SNIFF_H

#include <stdbool.h>

#include "base/error.h"
#include "onnx/source.h"

/* For bytes that could not be read as a model, or hold no graph: when they are recognisably something else,
 * *err becomes ERROR_NOT_ONNX with one or two sentences, and the answer is true. Else false, *err untouched.
 * `path` is for the message and for finding the model that external data belongs to; it may be NULL. */
bool sniff_explain(Source *source, const char *path, Error *err);

/* Whether the first bytes look like a ModelProto, also like one that was cut short. Cheap: reads a few KB. */
bool sniff_plausible_model(Source *source);

#endif
