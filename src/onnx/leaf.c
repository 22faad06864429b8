#include "onnx/leaf.h"

#include <inttypes.h>

static void *allocate(void *arena, size_t size) {
    return arena_allocate(arena, size);
}

static void free_nothing(void *arena, void *block) {
    (void)arena;
    (void)block;
}

static void *unpack(const ProtobufCMessageDescriptor *type, Arena *arena, Bytes bytes, uint64_t offset,
                    Error *err) {
    if (bytes.size > LEAF_LIMIT) {
        error_set(err, ERROR_LIMIT, offset, "%s at byte %" PRIu64 " has %zu bytes, the limit is %zu",
                  type->short_name, offset, bytes.size, LEAF_LIMIT);
        return NULL;
    }
    ProtobufCAllocator allocator = {allocate, free_nothing, arena};
    void *message = protobuf_c_message_unpack(type, &allocator, bytes.size, (const uint8_t *)bytes.data);
    if (!message)
        error_set(err, ERROR_MALFORMED, offset, "%s at byte %" PRIu64 " (%zu bytes) is malformed",
                  type->short_name, offset, bytes.size);
    return message;
}

Onnx__OperatorSetIdProto *leaf_opset(Arena *arena, Bytes bytes, uint64_t offset, Error *err) {
    return unpack(&onnx__operator_set_id_proto__descriptor, arena, bytes, offset, err);
}

Onnx__TensorAnnotation *leaf_annotation(Arena *arena, Bytes bytes, uint64_t offset, Error *err) {
    return unpack(&onnx__tensor_annotation__descriptor, arena, bytes, offset, err);
}

Onnx__DeviceConfigurationProto *leaf_configuration(Arena *arena, Bytes bytes, uint64_t offset, Error *err) {
    return unpack(&onnx__device_configuration_proto__descriptor, arena, bytes, offset, err);
}

Onnx__NodeDeviceConfigurationProto *leaf_node_configuration(Arena *arena, Bytes bytes, uint64_t offset,
                                                            Error *err) {
    return unpack(&onnx__node_device_configuration_proto__descriptor, arena, bytes, offset, err);
}
