#!/usr/bin/env python3
"""Every message and version that kafka-python knows too: random ones of ours decode there into the same fields and
are written back as the same bytes, and the other way round. Run as: bytes_test.py WIRE_PEER"""

import base64
import json
import os
import random
import subprocess
import sys

import proof

ROUNDS = 8
SEED = 20150517
NO_UUID = "A" * 22
LETTERS = "az09 .-_/\"\\é中😀\u0001"
INTEGERS = {"int8": 8, "int16": 16, "uint16": 16, "int32": 32, "int64": 64}


class Ours:
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline().rstrip("\n")
        if not line or line.startswith("error"):
            raise AssertionError(f"ours, asked to {words[0]} {words[1]} version {words[2]}: {line or 'crashed'}")
        return line

    def bytes_and_fields(self, *words):
        text, fields = self.ask(*words).split(" ", 1)
        return bytes.fromhex(text), json.loads(fields)


def their_messages():
    import importlib
    import pkgutil

    import kafka.protocol
    from kafka.protocol.api_message import ApiMessage
    for module in pkgutil.walk_packages(kafka.protocol.__path__, "kafka.protocol."):
        if ".old" not in module.name and "generate" not in module.name:
            importlib.import_module(module.name)
    found, left = {}, [ApiMessage]
    while left:
        each = left.pop()
        found[each.__name__] = each
        left += type.__subclasses__(each)
    return found


def plain(field, value):
    """A value of theirs as our JSON shows it."""
    if value is None:  # which is also how they say that an id is all zeros, and that no operations are named
        return {"uuid": NO_UUID, "bitfield": -2**31}.get(field._type_str)
    if field.is_struct_array():
        return [fields_of(each, field.fields.values()) for each in value]
    if field.is_array():
        return [plain(field.array_of, each) for each in value]
    if field.is_struct():
        return fields_of(value, field.fields.values())
    kind = field._type_str
    if kind == "records":
        return {"sizebytes": len(bytes(value))}
    if kind == "bytes":
        return bytes(value).hex()
    if kind == "uuid":
        return base64.urlsafe_b64encode(value.bytes).decode().rstrip("=")
    if kind == "bitfield":
        return int.from_bytes(sum(1 << bit for bit in value).to_bytes(4, "big"), "big", signed=True)
    return value


def field_key(name):
    """They call every field authorized_operations that Kafka calls cluster_, topic_ or authorized_operations, and in
    TxnOffsetCommit still generation_id what Kafka 4.4 calls generation_id_or_member_epoch."""
    if name.endswith("authorized_operations") and not name.startswith("include"):
        return "authorizedoperations"
    if name == "generation_id_or_member_epoch":
        return "generationid"
    return name.replace("_", "")


def fields_of(message, fields):
    return {field_key(field.name): plain(field, getattr(message, field.name)) for field in fields}


def compare(ours, theirs, where):
    """Fields that only one side has in this version are defaults on the other."""
    if isinstance(ours, dict) and theirs is None:  # a tagged structure that was left out
        assert all(value in ("", 0, -1, None) for value in ours.values()), f"{where}: ours {ours}, theirs left out"
    elif isinstance(ours, dict) and isinstance(theirs, dict):
        for name, value in ours.items():
            key = field_key(name)
            assert key in theirs, f"{where}: they have no field {name}"
            compare(value, theirs[key], f"{where}.{name}")
    elif isinstance(ours, list) and isinstance(theirs, list):
        assert len(ours) == len(theirs), f"{where}: {len(ours)} elements, theirs {len(theirs)}"
        for index, (left, right) in enumerate(zip(ours, theirs)):
            compare(left, right, f"{where}[{index}]")
    else:
        assert ours == theirs, f"{where}: ours {ours!r}, theirs {theirs!r}"


class TheirRandom:
    """Fills a message of theirs by their own description of it."""

    def __init__(self, version, chance):
        self.version = version
        self.chance = chance

    def message(self, kind):
        return kind(version=self.version, **self.values(kind._struct.fields.values()))

    def values(self, fields):
        return {field.name: self.value(field) for field in fields
                if field.for_version_q(self.version)
                and not (field.tagged_field_q(self.version) and self.chance.random() < 0.3)}

    def value(self, field):
        if field.nullable_for_version_q(self.version) and self.chance.random() < 0.25:
            return None
        if field.is_struct_array() or field.is_struct():
            make = lambda: field.data_class(version=self.version, **self.values(field.fields.values()))  # noqa: E731
            return make() if field.is_struct() else [make() for _ in range(self.chance.randrange(4))]
        if field.is_array():
            return [self.scalar(field.array_of._type_str) for _ in range(self.chance.randrange(4))]
        return self.scalar(field._type_str)

    def scalar(self, kind):
        if kind in INTEGERS:
            bits = self.chance.randint(1, INTEGERS[kind] - 1)
            return self.chance.getrandbits(bits) - (kind.startswith("int") and self.chance.random() < 0.3)
        if kind == "bool":
            return self.chance.random() < 0.5
        if kind == "float64":
            return self.chance.random()
        if kind == "string":
            return "".join(self.chance.choice(LETTERS) for _ in range(self.chance.randrange(12)))
        if kind in ("bytes", "records"):
            return self.chance.randbytes(self.chance.randrange(30))
        if kind == "uuid":
            import uuid
            return uuid.UUID(bytes=self.chance.randbytes(16))
        if kind == "bitfield":
            return set(self.chance.sample(range(31), self.chance.randrange(4)))
        raise AssertionError(f"a type that this test does not know: {kind}")


def same_bytes(sent, back, where):
    assert back == sent, f"{where}: wanted {sent.hex()}, found {back.hex()}"


def ours_there(ours, theirs, name, version, seed):
    sent, fields = ours.bytes_and_fields("random", name, version, seed)
    # Not theirs.decode: that of ApiVersionsResponse reads version 0 when there is an error, as clients have to.
    message = super(theirs, theirs).decode(sent, version=version)
    message._header = None  # their encode() looks there
    compare(fields, fields_of(message, theirs._struct.fields.values()), f"{name} v{version} seed {seed}")
    back = message.encode()
    ours_again = ours.bytes_and_fields("decode", name, version, bytes(back).hex())
    assert ours_again[1] == fields, f"{name} v{version} seed {seed}: they wrote other fields back"
    same_bytes(sent, bytes(back), f"{name} v{version} seed {seed}: written back by them")


def theirs_here(ours, theirs, name, version, seed):
    message = TheirRandom(version, random.Random(seed)).message(theirs)
    sent = bytes(message.encode())
    back, fields = ours.bytes_and_fields("decode", name, version, sent.hex())
    compare(fields, fields_of(message, theirs._struct.fields.values()), f"their {name} v{version} seed {seed}")
    same_bytes(sent, back, f"their {name} v{version} seed {seed}: written back by us")


def main():
    program = sys.argv[1]
    python = proof.tool_chain("python") / "bin" / "python"
    if os.path.realpath(sys.prefix) != os.path.realpath(python.parents[1]):
        os.execv(python, [str(python), *sys.argv])
    known = their_messages()
    ours = Ours(program)
    failures, pairs, left_out = [], 0, []
    for message in json.loads(ours.ask("messages", "-", 0)):
        name = message["name"]
        if name not in known:
            left_out.append(name)
            continue
        theirs = known[name]
        for version in range(message["min"], message["max"] + 1):
            if version > theirs.max_version:
                left_out.append(f"{name} v{version}")
                continue
            pairs += 1
            for seed in range(SEED, SEED + ROUNDS):
                try:
                    ours_there(ours, theirs, name, version, seed)
                    theirs_here(ours, theirs, name, version, seed)
                except Exception as error:  # noqa: BLE001  whatever theirs raises is a finding
                    failures.append(f"{type(error).__name__}: {name} v{version} seed {seed}: {error}")
                    break
    print(f"{pairs} pairs of message and version; they do not know: {', '.join(left_out) or 'none'}")
    for failure in failures:
        print(f"FAILED {failure}")
    sys.exit(1 if failures or pairs == 0 else 0)


if __name__ == "__main__":
    main()
