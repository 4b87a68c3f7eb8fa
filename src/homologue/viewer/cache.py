"""A thread-safe LRU cache with a size limit."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class LRUCache(Generic[K, V]):
    """A mapping that removes its least recently used values; any thread may use it."""

    def __init__(self, max_size: int, size: Callable[[V], int] = lambda value: 1) -> None:
        """
        Args:
            max_size: limit of the sum of all sizes; the newest value is kept whatever its size.
            size: returns the size of a value; the default limits the number of values.
        """
        self._max_size, self._size = max_size, size
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
            self._remove(key)
            self._values[key] = value
            self._total += self._size(value)
            while self._total > self._max_size and len(self._values) > 1:
                self._remove(next(iter(self._values)))

    def remove(self, key: K) -> None:
        """Remove a value if it is present."""
        with self._lock:
            self._remove(key)

    def _remove(self, key: K) -> None:
        if key in self._values:
            self._total -= self._size(self._values.pop(key))
