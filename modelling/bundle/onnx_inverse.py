"""The inverse of a positive definite matrix in ONNX, which knows no factorisation. Imported where a model is exported: needs onnxscript."""

from onnxscript import DOUBLE, script
from onnxscript.onnx_opset import opset18 as op


@script()  # type: ignore[untyped-decorator]
def sweeps(matrix: DOUBLE) -> tuple[DOUBLE, DOUBLE]:
    """Inverse (p, k, k) and log determinant (p), by one sweep a row (Gauss and Jordan): M - (M e - e)(e' M + e') / pivot.

    No pivot is sought: those of a positive definite matrix are positive.
    """
    k = op.Gather(op.Shape(matrix), op.Constant(value_int=2), axis=0)
    unit = op.CastLike(op.EyeLike(op.Gather(matrix, op.Constant(value_int=0), axis=0)), matrix)
    swept = op.Identity(matrix)
    logarithm = op.ReduceSum(op.Sub(matrix, matrix), op.Constant(value_ints=[1, 2]), keepdims=0)
    for i in range(k):
        own = op.Gather(unit, i, axis=0)
        row = op.Gather(swept, i, axis=1)
        column = op.Gather(swept, i, axis=2)
        pivot = op.Gather(row, i, axis=1)
        logarithm = logarithm + op.Log(pivot)
        update = op.Unsqueeze(column - own, op.Constant(value_ints=[2])) * op.Unsqueeze(row + own, op.Constant(value_ints=[1]))
        swept = swept - update / op.Unsqueeze(pivot, op.Constant(value_ints=[1, 2]))
    return swept, logarithm
