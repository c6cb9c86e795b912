"""The few operations that these helpers need, on PyTorch tensors and on NumPy arrays."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from typing import Any, ContextManager, Optional, Protocol, Sequence

from .. import _ranks as ranks
from .._checks import show
from .._errors import ArgumentError


class Backend(Protocol):
    """Arrays of one library. Values are `Any`: the library may not be installed where types are checked."""

    at_once: bool
    """Whether looking at a value is free. It is not on a GPU, where it waits for all work before it."""

    def array(self, argument: str, values: object) -> Any: ...
    def vector(self, values: Sequence[float]) -> Any: ...
    def where(self, condition: Any, values: Any, otherwise: Any) -> Any: ...
    def doubles(self, values: Any) -> Any: ...
    def longs(self, values: Any) -> Any: ...
    def finite(self, values: Any) -> Any: ...
    def stack(self, rows: Sequence[Any]) -> Any: ...
    def full(self, shape: Sequence[int], value: float) -> Any: ...
    def exp(self, values: Any) -> Any: ...
    def largest(self, values: Any, least: float) -> Any: ...
    def scatter(self, spots: Any, rows: Sequence[Any], size: int) -> Any: ...
    def quietly(self) -> ContextManager[object]: ...


class NumpyBackend:
    """NumPy arrays, and whatever NumPy makes arrays of."""

    at_once = True

    def __init__(self) -> None:
        try:
            import numpy
        except ImportError:
            raise ImportError("mixdesk.losses needs PyTorch tensors, or NumPy; install it with: pip install numpy") from None
        self._np: Any = numpy

    def array(self, argument: str, values: object) -> Any:
        try:
            array = self._np.asarray(values)
        except ValueError:
            array = None
        if array is None or array.dtype.kind not in "biuf":
            raise ArgumentError(argument, f"should be an array of numbers, got {show(values)}.")
        return array

    def vector(self, values: Sequence[float]) -> Any:
        return self._np.array(values, self._np.float64)

    def where(self, condition: Any, values: Any, otherwise: Any) -> Any:
        return self._np.where(condition, values, otherwise)

    def doubles(self, values: Any) -> Any:
        return values.astype(self._np.float64)

    def longs(self, values: Any) -> Any:
        return values.astype(self._np.int64)

    def finite(self, values: Any) -> Any:
        return self._np.isfinite(values)

    def stack(self, rows: Sequence[Any]) -> Any:
        return self._np.stack(rows)

    def full(self, shape: Sequence[int], value: float) -> Any:
        return self._np.full(shape, value, self._np.float64)

    def exp(self, values: Any) -> Any:
        return self._np.exp(values)

    def largest(self, values: Any, least: float) -> Any:
        return self._np.max(values, initial=least)

    def scatter(self, spots: Any, rows: Sequence[Any], size: int) -> Any:
        return self.doubles(self._np.stack([self._np.bincount(spots, row, size) for row in rows]))

    def quietly(self) -> ContextManager[object]:
        """No warning of inf - inf: the sum is no number, and is told as such."""
        context: ContextManager[object] = self._np.errstate(invalid="ignore", over="ignore")
        return context


class TorchBackend:
    """PyTorch tensors on one device; other arrays are moved there. Nothing here keeps a graph or waits for a GPU."""

    def __init__(self, torch: Any, device: Any) -> None:
        self._torch = torch
        # Apple's GPUs have no doubles. Their memory is the CPU's, so that moving costs little.
        self._device = torch.device("cpu") if device.type == "mps" else device
        self.at_once = self._device.type == "cpu"

    def array(self, argument: str, values: object) -> Any:
        try:
            tensor = self._torch.as_tensor(values, device=self._device)
            if tensor.is_floating_point() and not hasattr(values, "dtype"):  # Python's numbers are doubles
                tensor = self._torch.as_tensor(values, dtype=self._torch.float64, device=self._device)
        except (TypeError, ValueError, RuntimeError):
            raise ArgumentError(argument, f"should be a tensor or an array of numbers, got {show(values)}.") from None
        if tensor.is_complex():
            raise ArgumentError(argument, f"should hold real numbers, got {tensor.dtype}.")
        return tensor.detach()

    def vector(self, values: Sequence[float]) -> Any:
        """A few numbers as doubles. From pinned memory, for a copy that nobody waits for."""
        pinned = self._device.type == "cuda"
        vector = self._torch.tensor(values, dtype=self._torch.float64, pin_memory=pinned)
        return vector.to(self._device, non_blocking=pinned)

    def where(self, condition: Any, values: Any, otherwise: Any) -> Any:
        return self._torch.where(condition, values, otherwise)

    def doubles(self, values: Any) -> Any:
        return values.double()

    def longs(self, values: Any) -> Any:
        return values.long()

    def finite(self, values: Any) -> Any:
        return self._torch.isfinite(values)

    def stack(self, rows: Sequence[Any]) -> Any:
        return self._torch.stack(list(rows))

    def full(self, shape: Sequence[int], value: float) -> Any:
        return self._torch.full(tuple(shape), value, dtype=self._torch.float64, device=self._device)

    def exp(self, values: Any) -> Any:
        return self._torch.exp(values)

    def largest(self, values: Any, least: float) -> Any:
        return self._torch.cat([values.flatten(), values.new_full((1,), least)]).max()

    def scatter(self, spots: Any, rows: Sequence[Any], size: int) -> Any:
        """Sums by spot that have the same bits each time. On a GPU `bincount` and `index_add_` add in an order that
        changes; `index_put_` sorts the spots first."""
        if self.at_once:
            # Of no spots `bincount` makes integers, which no other rank would add to its doubles.
            return self.doubles(self._torch.stack([self._torch.bincount(spots, row, size) for row in rows]))
        table = self.full((len(rows), size), 0.0)
        for i, row in enumerate(rows):
            table[i].index_put_((spots,), row, accumulate=True)
        return table

    def quietly(self) -> ContextManager[object]:
        return nullcontext()


def torch_if_loaded() -> Any:
    """PyTorch where somebody has imported it, else `None`. Whoever has a tensor has done so."""
    return sys.modules.get("torch")


def is_tensor(value: object) -> bool:
    torch = torch_if_loaded()
    return torch is not None and isinstance(value, torch.Tensor)


def backend_of(*values: object) -> Backend:
    """PyTorch where one of these is a tensor, on the device of the first; else NumPy."""
    for value in values:
        if is_tensor(value):
            return TorchBackend(torch_if_loaded(), value.device)  # type: ignore[attr-defined]
    return NumpyBackend()


def in_precision_of(losses: Any, factors: Any) -> Any:
    """Factors on the device of the losses they multiply, and in their precision, float32 at least: autograd then has no
    float64 on its way."""
    if not is_tensor(factors):
        return factors
    low = losses.dtype.itemsize < 4 or not losses.is_floating_point()
    return factors.to(losses.device, torch_if_loaded().float32 if low else losses.dtype)


def beside(losses: Any, values: Any) -> Any:
    """Values on the device of the losses. They are elsewhere only where that device has no doubles."""
    return values.to(losses.device) if is_tensor(values) else values


def over_ranks(table: Any, operation: str, group: Optional[Any]) -> Any:
    """`SUM` or `MAX` of a table over the ranks of `torch.distributed`, one collective; the table itself where it is not in
    use. An array of NumPy's stays one."""
    distributed = ranks._world()
    if distributed is None:
        return table
    tensor = table if is_tensor(table) else torch_if_loaded().from_numpy(table.copy())
    distributed.all_reduce(tensor, op=getattr(distributed.ReduceOp, operation), group=group)
    return tensor if is_tensor(table) else tensor.numpy()


def world_size(group: Optional[Any]) -> int:
    """How many ranks `over_ranks` goes over."""
    distributed = ranks._world()
    return 1 if distributed is None else int(distributed.get_world_size(group))
