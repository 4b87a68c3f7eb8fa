"""Results in memory, up to a number of bytes."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class LRUCache(Generic[K, V]):
    """A dictionary that forgets what was used longest ago; any thread may use it."""

    def __init__(self, most: int, size: Callable[[V], int] = lambda value: 1) -> None:
        """`most`: the sum of all sizes that is kept; the newest is kept whatever its size."""
        self._most, self._size = most, size
        self._values: OrderedDict[K, V] = OrderedDict()
        self._total = 0
        self._lock = threading.Lock()

    def get(self, key: K) -> V | None:
        with self._lock:
            if key not in self._values:
                return None
            self._values.move_to_end(key)
            return self._values[key]

    def put(self, key: K, value: V) -> None:
        with self._lock:
            if key in self._values:
                self._total -= self._size(self._values.pop(key))
            self._values[key] = value
            self._total += self._size(value)
            while self._total > self._most and len(self._values) > 1:
                _, old = self._values.popitem(last=False)
                self._total -= self._size(old)

    def drop(self, key: K) -> None:
        """Forgets one value, if it is there."""
        with self._lock:
            if key in self._values:
                self._total -= self._size(self._values.pop(key))
