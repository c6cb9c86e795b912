"""The key hash must be the Java client's: the server finds a run where Java's murmur2 puts it."""

import pytest

from mixdesk._partition import murmur2, partition_of


@pytest.mark.parametrize(
    ("key", "expected"),
    [  # org.apache.kafka.common.utils.UtilsTest, testMurmur2
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_murmur2_equals_the_values_kafka_publishes(key: bytes, expected: int) -> None:
    assert murmur2(key) == expected


def test_a_partition_is_the_positive_hash_modulo_their_number() -> None:
    assert partition_of("21", 12) == (-973932308 & 0x7FFFFFFF) % 12
    assert {partition_of(f"run-{i}", 12) for i in range(500)} == set(range(12))
