"""What is kept, and what goes first."""

from homologue.viewer.kept import LRUCache


def test_what_was_used_longest_ago_is_forgotten() -> None:
    kept: LRUCache[str, bytes] = LRUCache(10, len)
    for key in "abc":
        kept.put(key, b"123")
    assert kept.get("a") == b"123"
    kept.put("d", b"123")
    assert [kept.get(key) for key in "abcd"] == [b"123", None, b"123", b"123"]


def test_the_newest_is_kept_whatever_its_size() -> None:
    kept: LRUCache[str, bytes] = LRUCache(4, len)
    kept.put("small", b"1")
    kept.put("large", b"123456789")
    assert kept.get("large") == b"123456789"
    assert kept.get("small") is None
    kept.put("next", b"12")
    assert kept.get("large") is None


def test_replacing_and_dropping_free_their_room() -> None:
    kept: LRUCache[str, bytes] = LRUCache(6, len)
    kept.put("a", b"12345")
    kept.put("a", b"1")
    kept.put("b", b"12345")
    assert kept.get("a") == b"1"
    kept.drop("b")
    kept.drop("never there")
    kept.put("c", b"12345")
    assert kept.get("a") == b"1"
    assert kept.get("b") is None


def test_by_default_everything_counts_as_one() -> None:
    kept: LRUCache[int, int] = LRUCache(3)
    for number in range(5):
        kept.put(number, number)
    assert [kept.get(number) for number in range(5)] == [None, None, 2, 3, 4]
