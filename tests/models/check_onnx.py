"""Checks models with the onnx package: its checker, and its shape inference against the declared outputs.

    python3 tests/models/check_onnx.py MODEL.onnx...

One line a model. A model whose operator set is newer than the package is skipped. Operators that only runtimes know
are passed over, also those that stand in the standard domain (SimplifiedLayerNormalization): what is behind them is
then inferred from what else is known. Exit status 1 when a model is refused.
"""
import sys

import onnx
from onnx import checker, defs, shape_inference


def pass_over_unknown(graph):
    for node in graph.node:
        if node.domain in ("", "ai.onnx") and not defs.has(node.op_type):
            node.domain = "com.microsoft"
        for attribute in node.attribute:
            for inner in [attribute.g] + list(attribute.graphs):
                pass_over_unknown(inner)


def dims(value):
    if not value.type.tensor_type.HasField("shape"):
        return None
    return [d.dim_value if d.HasField("dim_value") else d.dim_param or "?" for d in value.type.tensor_type.shape.dim]


def contradictions(declared, inferred):
    for before, after in zip(declared, inferred):
        old, new = dims(before), dims(after)
        if before.type.tensor_type.elem_type != after.type.tensor_type.elem_type:
            yield "%s is of another type" % before.name
        if old is None or new is None:
            continue
        pairs = zip(old, new)
        if len(old) != len(new) or any(isinstance(a, int) and isinstance(b, int) and a != b for a, b in pairs):
            yield "%s is declared as %s, inferred as %s" % (before.name, old, new)


def inferred_outputs(model):
    """The outputs as inference finds them when the sizes of their dimensions are not declared."""
    blank = onnx.ModelProto()
    blank.CopyFrom(model)
    for output in blank.graph.output:
        for dim in output.type.tensor_type.shape.dim:
            dim.Clear()
    return shape_inference.infer_shapes(blank, check_type=True, strict_mode=True, data_prop=True).graph.output


def check(path):
    model = onnx.load(path)
    opset = next(entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx"))
    if opset > defs.onnx_opset_version():
        return "skipped: opset %d is newer than this onnx" % opset
    pass_over_unknown(model.graph)
    checker.check_model(model)
    shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    outputs = inferred_outputs(model)
    problems = list(contradictions(model.graph.output, outputs))
    if problems:
        raise ValueError("; ".join(problems))
    known = sum(not str(dim).startswith(("?", "unk__")) for output in outputs for dim in dims(output))
    return "ok: %d nodes, %d of %d output dims inferred" % (
        len(model.graph.node), known, sum(len(dims(output)) for output in outputs))


failed = False
for path in sys.argv[1:]:
    try:
        print(path, check(path))
    except Exception as error:  # whatever the package raises is the finding
        failed = True
        print(path, "REFUSED:", " ".join(str(error).split())[:400])
sys.exit(failed)
