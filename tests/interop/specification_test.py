#!/usr/bin/env python3
"""Our description of every message against Kafka's own: specification_test.py WIRE_PEER

Kafka's jars carry the specification of each message as JSON. Names, types, versions, versions with null, tags, defaults
and what may be ignored have to be the same in every version that we describe."""

import json
import re
import subprocess
import sys
import zipfile

import proof

NEWEST = 32767
NO_VERSIONS = (0, -1)
JARS = ["kafka-clients", "kafka-group-coordinator", "kafka-transaction-coordinator", "kafka-metadata"]
SPECIFICATION = re.compile(r"common/(message|metadata)/\w+\.json")
COMMENT = re.compile(r"^\s*//.*$", re.MULTILINE)

# The keys of __consumer_offsets begin with their kind where other messages have their version. Kafka keeps the two
# apart and we do not, and it describes the first kind, which is of old, in a specification of its own.
KIND_FOR_VERSION = re.compile(r"(OffsetCommit|GroupMetadata|ConsumerGroup\w+)Key")


def versions(text):
    """First and last of "3+", "0-4", "7" or "none"."""
    if text in (None, "none"):
        return NO_VERSIONS
    first, _, last = text.removesuffix("+").partition("-")
    return int(first), NEWEST if text.endswith("+") else int(last or first)


def within(inner, outer):
    """The part of a range that a message's versions leave, so that "0+" and "0-9" are equal in a message of ten."""
    first, last = max(inner[0], outer[0]), min(inner[1], outer[1])
    return (first, last) if first <= last else NO_VERSIONS


def snake(name):
    """groupId and GroupId are group_id, Enable2Pc is enable2_pc."""
    return re.sub(r"(?<![A-Z])(?<!^)([A-Z])", r"_\1", name).lower()


def specifications(jars):
    found = {}
    for name in JARS:
        jar = next(jars.glob(f"{name}-[0-9]*.jar"))
        with zipfile.ZipFile(jar) as archive:
            for entry in filter(SPECIFICATION.fullmatch, archive.namelist()):
                text = COMMENT.sub("", archive.read(entry).decode())
                found.update({(each := json.loads(text))["name"]: each})
    return found


def default_of(field, is_nullable):
    """What a reader assumes, as our program shows it."""
    kind, given = field["type"], field.get("default")
    if given is None:  # also where the JSON says null: only the word "null" makes a null of it
        given = ""
    if is_nullable and given == "null":
        return None
    if kind.startswith("[]"):
        return []
    if kind == "bool":
        return str(given).lower() == "true"
    if kind in ("string", "bytes"):
        return given
    if kind == "records":
        return ""
    if kind == "uuid":
        return 0
    if kind == "float64":
        return float(given or 0)
    if re.fullmatch(r"u?int\d+", kind):
        return int(str(given or 0), 0)
    return {}


def theirs(field, structures, valid):
    """A field of a specification in the words of our program; None where no version has it."""
    tagged = versions(field.get("taggedVersions"))
    has = within(versions(field["versions"]) if "versions" in field else tagged, valid)
    if has == NO_VERSIONS:
        return None
    base = field["type"].removeprefix("[]")
    inner = field.get("fields") or structures.get(base)
    null = within(versions(field.get("nullableVersions")), has)
    if tagged != NO_VERSIONS:
        assert within(tagged, valid) == has, f"{field['name']} is tagged in some of its versions only"
    return {
        "name": snake(field["name"]),
        "type": field["type"].replace(base, "struct") if inner else field["type"],
        "versions": has,
        "null": null,
        "tag": field["tag"] if "tag" in field else -1,
        "ignorable": str(field.get("ignorable", False)).lower() == "true",
        "default": default_of(field, null != NO_VERSIONS),
        "fields": fields_of_theirs(inner or [], structures, has),
    }


def fields_of_theirs(fields, structures, valid):
    found = [theirs(field, structures, valid) for field in fields]
    return in_order([field for field in found if field])


def ours(field, valid):
    has = within((field["first"], field["last"]), valid)
    if has == NO_VERSIONS:
        return None
    return {
        "name": field["name"],
        "type": field["type"],
        "versions": has,
        "null": within((field["null_first"], field["null_last"]), has),
        "tag": field["tag"],
        "ignorable": field["ignorable"],
        "default": field["default"],
        "fields": in_order([each for each in (ours(inner, has) for inner in field["fields"]) if each]),
    }


def in_order(fields):
    """As they lie on the wire: the tagged ones last, by their tags."""
    return sorted(fields, key=lambda field: field["tag"])


def differences(mine, kafkas, where):
    if [field["name"] for field in mine] != [field["name"] for field in kafkas]:
        yield (f"{where}: fields {', '.join(field['name'] for field in mine)}; "
               f"Kafka: {', '.join(field['name'] for field in kafkas)}")
        return
    for left, right in zip(mine, kafkas):
        place = f"{where}.{left['name']}"
        for word in ("type", "versions", "null", "tag", "ignorable", "default"):
            if left[word] != right[word]:
                yield f"{place}: {word} {left[word]!r}; Kafka: {right[word]!r}"
        yield from differences(left["fields"], right["fields"], place)


def compare(message, specification):
    """Every way in which our description of the message is not Kafka's."""
    name, valid = message["name"], versions(specification["validVersions"])
    described = (message["min"], message["max"])
    if KIND_FOR_VERSION.fullmatch(name):
        kind = specification["apiKey"]
        if described[1] != kind:
            yield f"{name}: kind {described[1]}; Kafka: {kind}"
        described = valid
    if described != valid:
        yield f"{name}: versions {described}; Kafka: {valid}"
    if message["api_key"] != -1 and message["api_key"] != specification["apiKey"]:
        yield f"{name}: key {message['api_key']}; Kafka: {specification['apiKey']}"
    flexible = within((message["flexible_since"], NEWEST), described)
    if flexible != within(versions(specification.get("flexibleVersions")), valid):
        yield f"{name}: flexible {flexible}; Kafka: {specification.get('flexibleVersions')}"
    structures = {each["name"]: each["fields"] for each in specification.get("commonStructs", [])}
    mine = in_order([field for field in (ours(each, described) for each in message["fields"]) if field])
    yield from differences(mine, fields_of_theirs(specification["fields"], structures, valid), name)


def not_described(known, messages):
    """Names of the requests that Kafka still serves and that we have no description of."""
    described = {message["name"] for message in messages}
    return sorted(name.removesuffix("Request") for name, each in known.items()
                  if each["type"] == "request" and versions(each["validVersions"]) != NO_VERSIONS
                  and name not in described)


def version_of(jars):
    return next(jars.glob("kafka-clients-[0-9]*.jar")).stem.removeprefix("kafka-clients-")


def main():
    program = sys.argv[1]
    jars = proof.tool_chain("java") / "jars"
    known = specifications(jars)
    said = subprocess.run([program], input="describe\n", stdout=subprocess.PIPE, text=True, check=True).stdout
    messages = json.loads(said)
    assert messages, "our program describes nothing"
    found = []
    for message in messages:
        if message["name"] in known:
            found += compare(message, known[message["name"]])
        else:
            found.append(f"{message['name']}: Kafka does not specify it")
    if found:
        sys.exit("\n".join(f"FAILED {difference}" for difference in found))
    proof.write_specification(version_of(jars), len(messages), not_described(known, messages))


if __name__ == "__main__":
    main()
