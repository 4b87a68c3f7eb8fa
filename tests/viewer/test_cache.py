"""Size limit and order of removal of the cache."""

from homologue.viewer.cache import LRUCache


def test_the_least_recently_used_value_is_removed() -> None:
    cache: LRUCache[str, bytes] = LRUCache(10, len)
    for key in "abc":
        cache.put(key, b"123")
    assert cache.get("a") == b"123"
    cache.put("d", b"123")
    assert [cache.get(key) for key in "abcd"] == [b"123", None, b"123", b"123"]


def test_the_newest_is_kept_whatever_its_size() -> None:
    cache: LRUCache[str, bytes] = LRUCache(4, len)
    cache.put("small", b"1")
    cache.put("large", b"123456789")
    assert cache.get("large") == b"123456789"
    assert cache.get("small") is None
    cache.put("next", b"12")
    assert cache.get("large") is None


def test_replacing_and_removing_free_their_size() -> None:
    cache: LRUCache[str, bytes] = LRUCache(6, len)
    cache.put("a", b"12345")
    cache.put("a", b"1")
    cache.put("b", b"12345")
    assert cache.get("a") == b"1"
    cache.remove("b")
    cache.remove("absent")
    cache.put("c", b"12345")
    assert cache.get("a") == b"1"
    assert cache.get("b") is None


def test_by_default_every_value_has_size_one() -> None:
    cache: LRUCache[int, int] = LRUCache(3)
    for number in range(5):
        cache.put(number, number)
    assert [cache.get(number) for number in range(5)] == [None, None, 2, 3, 4]
