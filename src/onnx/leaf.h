/* Flat leaf messages, decoded by protobuf-c from the schema in vendor/onnx.proto.
 *
 * protobuf-c recurses as deep as a message nests, cuts strings at NUL and counts in 32 bits. Here it only
 * gets messages whose types do not nest in themselves, shorter than LEAF_LIMIT, and from a copy of the
 * schema in which strings are bytes. What a call returns lives in its Arena.
 */
#ifndef ONNXDOC_LEAF_H
#define ONNXDOC_LEAF_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"
#include "onnx.pb-c.h"

#define LEAF_LIMIT ((size_t)16 << 20)

/* NULL and *err when `bytes` are not such a message; `offset` is where they stand in the file. */
Onnx__OperatorSetIdProto *leaf_opset(Arena *arena, Bytes bytes, uint64_t offset, Error *err);
Onnx__TensorAnnotation *leaf_annotation(Arena *arena, Bytes bytes, uint64_t offset, Error *err);
Onnx__DeviceConfigurationProto *leaf_configuration(Arena *arena, Bytes bytes, uint64_t offset, Error *err);
Onnx__NodeDeviceConfigurationProto *leaf_node_configuration(Arena *arena, Bytes bytes, uint64_t offset,
                                                            Error *err);

static inline Bytes leaf_bytes(ProtobufCBinaryData data) {
    return (Bytes){(const char *)data.data, data.len};
}

#endif
