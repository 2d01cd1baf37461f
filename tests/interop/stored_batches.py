"""Reads the batch headers of a partition log, to see with which codec and producer id records were stored."""

import dataclasses
import struct

CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
# base offset, length, leader epoch, magic, crc, attributes, last offset delta, two timestamps, producer id
HEADER = struct.Struct(">qiibIhiqqq")
LENGTH_STARTS_AFTER = 12  # the length counts from behind itself


@dataclasses.dataclass(frozen=True)
class StoredBatch:
    partition: int
    first: int
    last: int
    codec: str
    is_idempotent: bool


def stored_batches(data_directory, topic):
    batches = []
    for folder in data_directory.glob(f"{topic}-[0-9]*"):
        partition = int(folder.name.rsplit("-", 1)[1])
        for segment in sorted(folder.glob("*.log")):
            batches += segment_batches(segment.read_bytes(), partition)
    return batches


def segment_batches(content, partition):
    batches = []
    position = 0
    while position + HEADER.size <= len(content):
        base, length, _, _, _, attributes, last_delta, _, _, producer_id = HEADER.unpack_from(content, position)
        if length == 0:
            break  # what follows is not written yet
        batches.append(StoredBatch(partition, base, base + last_delta, CODECS[attributes & 7], producer_id >= 0))
        position += LENGTH_STARTS_AFTER + length
    return batches
