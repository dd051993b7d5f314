#!/usr/bin/env python3
"""Writes tokens.json: what every host of the component must answer.

The rules below were written from wit/auth.wit and nothing else, in another
language than the component's, so that a mistake in one of the two shows. Each
case also names the answer that its author expects. Rules and author must agree
before anything is written.

    generate.py           write tokens.json
    generate.py --check   fail where tokens.json is not what would be written
"""

import hashlib
import json
import re
import sys
from pathlib import Path

FILE = Path(__file__).with_name("tokens.json")
API_ID = r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}"
NEVER = 2**64 - 1
NO_SECRET = bytes(32)


# The rules. Of several reasons to refuse, the one that the contract lists first
# is given.


def digest(data):
    return hashlib.sha256(data).digest()


def issue(api_id, entropy):
    if not re.fullmatch(API_ID, api_id):
        return {"refusal": "bad-api-id"}
    if len(entropy) != 40:
        return {"refusal": "bad-entropy-size"}
    if len(set(entropy)) == 1:
        return {"refusal": "constant-entropy"}
    token = f"{api_id}:{entropy.hex()}"
    return {"token": token, "digest": digest(token.encode()).hex()}


def lookup_key(credential):
    found = re.fullmatch(b"(%b):[^:]*" % API_ID.encode(), credential, re.DOTALL)
    return {"key": found[1].decode() if found else "-nobody-"}


def authorize(credential, stored, permission, now):
    token = re.fullmatch(b"(%b):[0-9a-f]{80}" % API_ID.encode(), credential)
    if not token:
        return {"refusal": "malformed"}
    api_id = token[1].decode()
    if stored["status"] == "absent" or stored["api_id"] != api_id:
        return {"refusal": "unknown"}
    used = [slot for slot in ("current", "former") if matches(credential, stored[slot]["digest"])]
    if not used:
        return {"refusal": "wrong"}
    if stored["status"] == "disabled":
        return {"refusal": "disabled"}
    secret = stored[used[0]]
    if is_over(stored["ends"], now) or (used[0] == "current" and is_over(secret["ends"], now)):
        return {"refusal": "expired"}
    if is_over(secret["ends"], now):
        return {"refusal": "retired"}
    if not permits(stored["grants"], permission):
        return {"refusal": "forbidden"}
    return {"grant": {"api_id": api_id, "secret": used[0], "ends": min(stored["ends"], secret["ends"])}}


def matches(credential, stored):
    return stored != NO_SECRET and stored == digest(credential)


def is_over(end, now):
    return end != NEVER and end <= now


def permits(grants, permission):
    reserved = permission.startswith("tokens:")
    if len(permission.encode()) > 4096:
        return False
    if grants == "":
        return not reserved
    patterns = grants.split("\n")
    if len(grants.encode()) > 4096 or not all(re.fullmatch(r"[^\x00-\x1f\x7f]+", it) for it in patterns):
        return False
    if permission == "":
        return True
    if reserved:
        patterns = [it for it in patterns if it.startswith("tokens:")]
    return any(re.fullmatch(expression(it), permission, re.DOTALL) for it in patterns)


def expression(pattern):
    wild = {"**": ".*", "*": "[^/:]*"}
    return "".join(wild.get(it) or re.escape(it) for it in re.findall(r"\*\*|.", pattern))


# What the cases are made of. The entropy is fixed: nobody's secret.

ENTROPY = digest(b"forty bytes of")[:20] + digest(b"example entropy")[:20]
COUNTING = bytes(range(40))
HEX = ENTROPY.hex()
TOKEN = f"my_app:{HEX}"
PUNCTUATED = "Az09_.@-"
LONGEST = "a" * 64


def issue_cases():
    good = [
        ("an ordinary application", "my_app", ENTROPY),
        ("entropy that counts up from zero", "my_app", COUNTING),
        ("one character: a letter", "a", ENTROPY),
        ("one character: a digit", "0", ENTROPY),
        ("one character: an underscore", "_", ENTROPY),
        ("64 characters", LONGEST, ENTROPY),
        ("64 characters, most of them punctuation", "Z" + "_.@-" * 15 + "._9", ENTROPY),
        ("every allowed kind of character", PUNCTUATED, ENTROPY),
        ("a host name", "web-01.example.org", ENTROPY),
        ("an address", "ops@example.org", ENTROPY),
        ("upper case is kept", "MY_APP", ENTROPY),
        ("last character a hyphen", "a-", ENTROPY),
        ("all bytes 00 but the last", "my_app", bytes(39) + b"\x01"),
        ("all bytes 00 but the first", "my_app", b"\x01" + bytes(39)),
        ("all bytes ff but the last", "my_app", b"\xff" * 39 + b"\xfe"),
        ("all bytes ff but one in the middle", "my_app", b"\xff" * 20 + b"\x00" + b"\xff" * 19),
    ]
    bad_ids = [
        ("no API ID", ""),
        ("65 characters", "a" * 65),
        ("20,000 characters", "a" * 20_000),
        ("64 characters, 65 bytes", "a" * 63 + "é"),
        ("first character a hyphen", "-a"),
        ("first character a dot", ".a"),
        ("first character an at sign", "@a"),
        ("a colon alone", ":"),
        ("a colon in the middle", "a:b"),
        ("a colon at the end", "a:"),
        ("a space in the middle", "a b"),
        ("a space at the end", "a "),
        ("a slash", "a/b"),
        ("a backslash", "a\\b"),
        ("a quote", 'a"b'),
        ("a NUL alone", "\0"),
        ("a NUL at the end", "a\0"),
        ("a newline at the end", "a\n"),
        ("a carriage return in the middle", "a\rb"),
        ("a tab", "a\tb"),
        ("a terminal's escape sequence", "\x1b[31mred"),
        ("DEL", "a\x7f"),
        ("a letter with an accent", "é"),
        ("a Cyrillic letter that looks Latin", "\u0430dmin"),
        ("a digit that is not ASCII", "\u0663"),
        ("a full-width letter", "\uff21"),
        ("a right-to-left override", "a\u202eb"),
        ("an emoji", "\U0001f511"),
    ]
    bad_entropy = [
        ("no entropy", b"", "bad-entropy-size"),
        ("1 byte", b"\x01", "bad-entropy-size"),
        ("39 bytes", ENTROPY[:39], "bad-entropy-size"),
        ("41 bytes", ENTROPY + b"\x01", "bad-entropy-size"),
        ("80 bytes", ENTROPY * 2, "bad-entropy-size"),
        ("41 bytes, all 00", bytes(41), "bad-entropy-size"),
        ("all bytes 00", bytes(40), "constant-entropy"),
        ("all bytes ff", b"\xff" * 40, "constant-entropy"),
        ("all bytes 61", b"a" * 40, "constant-entropy"),
    ]
    cases = [(name, api_id, entropy, None) for name, api_id, entropy in good]
    cases += [(name, api_id, ENTROPY, "bad-api-id") for name, api_id in bad_ids]
    cases += [(name, "my_app", entropy, refusal) for name, entropy, refusal in bad_entropy]
    cases += [
        ("a bad API ID and no entropy", "a:b", b"", "bad-api-id"),
        ("a bad API ID and constant entropy", "-a", bytes(40), "bad-api-id"),
    ]
    for name, api_id, entropy, refusal in cases:
        answer = issue(api_id, entropy)
        expect(name, answer.get("refusal"), refusal)
        yield {"name": name, "api_id": api_id, "entropy": entropy.hex(), **answer}


def credentials():
    """Name, credential, whether it is well-formed, lookup key."""
    good = [
        ("a token", TOKEN, "my_app"),
        ("entropy that counts up from zero", f"my_app:{COUNTING.hex()}", "my_app"),
        ("an API ID of one character", f"_:{HEX}", "_"),
        ("an API ID of 64 characters", f"{LONGEST}:{HEX}", LONGEST),
        ("an API ID with every allowed kind of character", f"{PUNCTUATED}:{HEX}", PUNCTUATED),
        ("an API ID in upper case", f"MY_APP:{HEX}", "MY_APP"),
        ("an API ID that looks like the secret part", f"{HEX[:64]}:{HEX}", HEX[:64]),
        ("digits that nobody would be issued: all 0", "my_app:" + "0" * 80, "my_app"),
        ("digits that nobody would be issued: all f", "my_app:" + "f" * 80, "my_app"),
        ("one digit other than the first token's", TOKEN[:-1] + ("0" if HEX[-1] != "0" else "1"), "my_app"),
    ]
    nobodys = [
        ("nothing", ""),
        ("a colon", ":"),
        ("colons", ":::"),
        ("an API ID", "my_app"),
        ("80 digits", HEX),
        ("a colon and 80 digits", f":{HEX}"),
        ("no colon", f"my_app{HEX}"),
        ("an equals sign for the colon", f"my_app={HEX}"),
        ("a full-width colon", f"my_app\uff1a{HEX}"),
        ("an escaped colon", f"my_app%3A{HEX}"),
        ("another field: x", TOKEN + ":x"),
        ("another field: empty", TOKEN + ":"),
        ("another field: 80 digits", f"{TOKEN}:{HEX}"),
        ("two colons", f"my_app::{HEX}"),
        ("two API IDs", f"my_app:other:{HEX}"),
        ("two tokens", f"{TOKEN},{TOKEN}"),
        ("a space at the beginning", " " + TOKEN),
        ("a byte order mark", "\ufeff" + TOKEN),
        ("the scheme before it", "Bearer " + TOKEN),
        ("quotes around it", f'"{TOKEN}"'),
        ("the placeholder for an API ID", f"-nobody-:{HEX}"),
        ("an API ID of 65 characters", f"{LONGEST}a:{HEX}"),
        ("an API ID that begins with a hyphen", f"-a:{HEX}"),
        ("an API ID that begins with a dot", f".a:{HEX}"),
        ("an API ID that begins with an at sign", f"@a:{HEX}"),
        ("an API ID with a space", f"my app:{HEX}"),
        ("an API ID with a NUL", f"my\0app:{HEX}"),
        ("an API ID with a newline", f"my_app\n:{HEX}"),
        ("an API ID with an accent", f"caf\u00e9:{HEX}"),
        ("an API ID that is an emoji", f"\U0001f511:{HEX}"),
        ("20,000 letters", "a" * 20_000),
        ("5,000 colons", ":" * 5_000),
        ("an API ID of 5,000 letters", "a" * 5_000 + f":{HEX}"),
        ("bytes that are no UTF-8", b"\xff\xfe\x80"),
        ("an API ID with a byte that is no UTF-8", f"caf\u00e9:{HEX}".encode("latin-1")),
        ("a surrogate in UTF-8", b"\xed\xa0\x80:" + HEX.encode()),
        ("an overlong colon", b"my_app\xc0\xba" + HEX.encode()),
        ("a NUL in UTF-16", TOKEN.encode("utf-16-le")),
        ("all bytes there are", bytes(range(256))),
        ("all bytes there are, a colon last", bytes(it for it in range(256) if it != 58) + b":"),
    ]
    my_apps = [
        ("an API ID and a colon", "my_app:"),
        ("79 digits", TOKEN[:-1]),
        ("81 digits", TOKEN + "0"),
        ("the first digit missing", f"my_app:{HEX[1:]}"),
        ("all digits in upper case", f"my_app:{HEX.upper()}"),
        ("one digit in upper case", "my_app:" + "a" * 79 + "A"),
        ("a letter beyond f", "my_app:" + "a" * 79 + "g"),
        ("80 digits with a prefix", f"my_app:0x{HEX}"),
        ("80 digits, 0x among them", f"my_app:0x{HEX[2:]}"),
        ("a sign among the digits", f"my_app:-{HEX[1:]}"),
        ("full-width digits, 80 characters", "my_app:" + "\uff10" * 80),
        ("a character of two bytes, 80 bytes in all", f"my_app:\u00e9{HEX[2:]}"),
        ("a character of two bytes, 80 characters in all", f"my_app:\u00e9{HEX[1:]}"),
        ("a newline at the end", TOKEN + "\n"),
        ("CR LF at the end", TOKEN + "\r\n"),
        ("a newline for the last digit", TOKEN[:-1] + "\n"),
        ("a space at the end", TOKEN + " "),
        ("a space behind the colon", f"my_app: {HEX}"),
        ("a NUL at the end", TOKEN + "\0"),
        ("5,000 digits", "my_app:" + "a" * 5_000),
        ("a byte that is no UTF-8 for the last digit", TOKEN[:-1].encode() + b"\xff"),
        ("a byte that is no UTF-8 at the end", TOKEN.encode() + b"\x80"),
        ("80 bytes that are no UTF-8", b"my_app:" + b"\xc3" * 80),
    ]
    for name, credential, key in good:
        yield name, as_bytes(credential), True, key
    for name, credential in nobodys:
        yield name, as_bytes(credential), False, "-nobody-"
    for name, credential in my_apps:
        yield name, as_bytes(credential), False, "my_app"


def as_bytes(credential):
    return credential.encode() if isinstance(credential, str) else credential


def lookup_key_cases():
    for name, credential, _, key in credentials():
        answer = lookup_key(credential)
        expect(name, answer["key"], key)
        yield {"name": name, "credential": credential.hex(), **answer}


RIGHT = digest(TOKEN.encode())
OTHER_TOKEN = f"my_app:{COUNTING.hex()}"
OTHER = digest(OTHER_TOKEN.encode())
NOW = 1_800_000_000


def record(current=RIGHT, status="active", ends=NEVER, former=NO_SECRET, grants="", **more):
    """The record of my_app's token; secrets are a digest, or a digest and an end."""
    secrets = {
        name: it if isinstance(it, tuple) else (it, NEVER) for name, it in (("current", current), ("former", former))
    }
    named = {name: {"digest": it, "ends": end} for name, (it, end) in secrets.items()}
    return {"api_id": "my_app", "status": status, **named, "ends": ends, "grants": grants, **more}


def authorize_cases():
    for name, credential, well_formed, key in credentials():
        stored = record(digest(credential), api_id=key)
        yield from decided(
            [
                (
                    f"presented with its own record: {name}",
                    credential,
                    stored,
                    "",
                    NOW,
                    None if well_formed else "malformed",
                )
            ]
        )
    yield from decided(secret_cases())
    yield from decided(end_cases())
    yield from decided(grant_cases())


def secret_cases():
    one_bit = (int.from_bytes(RIGHT) ^ 1).to_bytes(32)
    first_bit = (int.from_bytes(RIGHT) ^ 1 << 255).to_bytes(32)
    longer, shorter = RIGHT + b"\0", RIGHT[:-1]
    renamed = TOKEN.replace("my_app", "admin")
    malformed, absent = "my_app:00", record(NO_SECRET, "absent")
    return [
        # name, credential, stored, permission, now, refusal (None: granted)
        ("the current secret", TOKEN, record(), "", NOW, None),
        ("the current secret, beside a former one", TOKEN, record(former=OTHER), "", NOW, None),
        ("the former secret", OTHER_TOKEN, record(former=OTHER), "", NOW, None),
        ("the former secret, without a current one", OTHER_TOKEN, record(NO_SECRET, former=OTHER), "", NOW, None),
        (
            "the former secret, beside a current one of 31 bytes",
            OTHER_TOKEN,
            record(shorter, former=OTHER),
            "",
            NOW,
            None,
        ),
        ("both secrets the same", TOKEN, record(former=RIGHT), "", NOW, None),
        ("both secrets the same, the current one over", TOKEN, record((RIGHT, 1), former=RIGHT), "", NOW, "expired"),
        ("both secrets the same, the former one over", TOKEN, record(former=(RIGHT, 1)), "", NOW, None),
        ("malformed, an active record", malformed, record(), "", NOW, "malformed"),
        ("malformed, a disabled record", malformed, record(status="disabled"), "", NOW, "malformed"),
        ("malformed, an expired record", malformed, record(ends=1), "", NOW, "malformed"),
        ("malformed, an absent record", malformed, absent, "", NOW, "malformed"),
        ("malformed, another API ID's record", malformed, record(api_id="other"), "", NOW, "malformed"),
        ("malformed, grants that forbid it", malformed, record(grants="a"), "b", NOW, "malformed"),
        ("absent", TOKEN, absent, "", NOW, "unknown"),
        ("absent, with the right digest", TOKEN, record(status="absent"), "", NOW, "unknown"),
        ("absent, without API ID", TOKEN, record(NO_SECRET, "absent", api_id=""), "", NOW, "unknown"),
        ("absent, expired and forbidden", TOKEN, record(status="absent", ends=1, grants="a"), "b", NOW, "unknown"),
        ("another API ID's record", TOKEN, record(api_id="other"), "", NOW, "unknown"),
        ("another API ID's record: a prefix", TOKEN, record(api_id="my_ap"), "", NOW, "unknown"),
        ("another API ID's record: longer", TOKEN, record(api_id="my_app2"), "", NOW, "unknown"),
        ("another API ID's record: upper case", TOKEN, record(api_id="MY_APP"), "", NOW, "unknown"),
        ("another API ID's record: empty", TOKEN, record(api_id=""), "", NOW, "unknown"),
        ("another API ID's record: not an API ID", TOKEN, record(api_id="my\0app"), "", NOW, "unknown"),
        ("the record of -nobody-", TOKEN, record(api_id="-nobody-"), "", NOW, "unknown"),
        ("a token renamed to admin, with my_app's record", renamed, record(), "", NOW, "unknown"),
        (
            "a token renamed to admin, with admin's record of my_app's digest",
            renamed,
            record(api_id="admin"),
            "",
            NOW,
            "wrong",
        ),
        ("my_app's token, with admin's record of its digest", TOKEN, record(api_id="admin"), "", NOW, "unknown"),
        ("another token's record", TOKEN, record(OTHER), "", NOW, "wrong"),
        ("two other tokens' secrets", f"my_app:{'0' * 80}", record(former=OTHER), "", NOW, "wrong"),
        ("the last bit differs", TOKEN, record(one_bit), "", NOW, "wrong"),
        ("the first bit differs", TOKEN, record(first_bit), "", NOW, "wrong"),
        ("the last bit of the former secret differs", TOKEN, record(OTHER, former=one_bit), "", NOW, "wrong"),
        ("no secret at all", TOKEN, record(NO_SECRET), "", NOW, "wrong"),
        ("digests of no bytes", TOKEN, record(b"", former=b""), "", NOW, "wrong"),
        ("digests that lost a byte", TOKEN, record(shorter, former=shorter), "", NOW, "wrong"),
        ("digests with a byte more", TOKEN, record(longer, former=longer), "", NOW, "wrong"),
        ("the digest in hex", TOKEN, record(RIGHT.hex().encode()), "", NOW, "wrong"),
        ("the token itself for its digest", TOKEN, record(TOKEN.encode()), "", NOW, "wrong"),
        ("wrong before disabled", TOKEN, record(OTHER, "disabled"), "", NOW, "wrong"),
        ("wrong before expired", TOKEN, record(OTHER, ends=1), "", NOW, "wrong"),
        ("wrong before retired", TOKEN, record(OTHER, former=(one_bit, 1)), "", NOW, "wrong"),
        ("wrong before forbidden", TOKEN, record(OTHER, grants="a"), "b", NOW, "wrong"),
        ("disabled", TOKEN, record(status="disabled"), "", NOW, "disabled"),
        ("disabled, the former secret", OTHER_TOKEN, record(status="disabled", former=OTHER), "", NOW, "disabled"),
        ("disabled before expired", TOKEN, record(status="disabled", ends=1), "", NOW, "disabled"),
        ("disabled before retired", TOKEN, record(OTHER, "disabled", former=(RIGHT, 1)), "", NOW, "disabled"),
        ("disabled before forbidden", TOKEN, record(status="disabled", grants="a"), "b", NOW, "disabled"),
    ]


def end_cases():
    def token(end):
        return record(ends=end)

    return [
        ("the first second of all", TOKEN, record(), "", 0, None),
        ("the last second of all", TOKEN, record(), "", NEVER, None),
        ("the token's last second", TOKEN, token(100), "", 99, None),
        ("the token's end", TOKEN, token(100), "", 100, "expired"),
        ("a second after the token's end", TOKEN, token(100), "", 101, "expired"),
        ("the token ends at 0", TOKEN, token(0), "", 0, "expired"),
        ("the token ends at 1, and it is 0", TOKEN, token(1), "", 0, None),
        ("the token ends behind 2^32: before", TOKEN, token(2**32 + 1), "", 2**32, None),
        ("the token ends behind 2^32: at the end", TOKEN, token(2**32 + 1), "", 2**32 + 1, "expired"),
        ("the token ends behind 2^53: before", TOKEN, token(2**53 + 1), "", 2**53, None),
        ("the token ends behind 2^53: at the end", TOKEN, token(2**53 + 1), "", 2**53 + 1, "expired"),
        ("the token ends behind 2^63", TOKEN, token(2**63), "", NOW, None),
        ("the token ends a second before never: before", TOKEN, token(NEVER - 1), "", NEVER - 2, None),
        ("the token ends a second before never: at the end", TOKEN, token(NEVER - 1), "", NEVER - 1, "expired"),
        ("the token ends a second before never: the last second of all", TOKEN, token(NEVER - 1), "", NEVER, "expired"),
        ("the current secret's last second", TOKEN, record((RIGHT, 100)), "", 99, None),
        ("the current secret's end", TOKEN, record((RIGHT, 100)), "", 100, "expired"),
        (
            "the current secret is over, the former one is used",
            OTHER_TOKEN,
            record((RIGHT, 1), former=OTHER),
            "",
            NOW,
            None,
        ),
        ("the former secret's last second", OTHER_TOKEN, record(former=(OTHER, 100)), "", 99, None),
        ("the former secret's end", OTHER_TOKEN, record(former=(OTHER, 100)), "", 100, "retired"),
        ("a second after the former secret's end", OTHER_TOKEN, record(former=(OTHER, 100)), "", 101, "retired"),
        ("the former secret is over, the current one is used", TOKEN, record(former=(OTHER, 1)), "", NOW, None),
        ("the secret ends before the token", TOKEN, record((RIGHT, 200), ends=300), "", 100, None),
        ("the token ends before the secret", OTHER_TOKEN, record(former=(OTHER, 300), ends=200), "", 100, None),
        (
            "the token ends before the secret: between",
            OTHER_TOKEN,
            record(former=(OTHER, 300), ends=200),
            "",
            250,
            "expired",
        ),
        ("expired before retired", OTHER_TOKEN, record(former=(OTHER, 1), ends=1), "", NOW, "expired"),
        ("expired before forbidden", TOKEN, record(ends=1, grants="a"), "b", NOW, "expired"),
        ("retired before forbidden", OTHER_TOKEN, record(former=(OTHER, 1), grants="a"), "b", NOW, "retired"),
    ]


def grant_cases():
    a_line = "a" * 4096
    cases = [
        # grants, permission, whether they permit it
        ("", "lookup:a/b", True),
        ("", "**", True),
        ("", "caf\u00e9/\U0001f511\u202e\0\n", True),
        ("", "tokens", True),
        ("", "Tokens:write", True),
        ("", " tokens:write", True),
        ("", "tokens:", False),
        ("", "tokens:write", False),
        ("", a_line, True),
        ("", a_line + "a", False),
        ("", "\u00e9" * 2048, True),
        ("", "\u00e9" * 2048 + "a", False),
        ("lookup:a/b", "", True),
        ("lookup:a/b", "lookup:a/b", True),
        ("lookup:a/b", "lookup:a/bc", False),
        ("lookup:a/b", "lookup:a/", False),
        ("lookup:a/b", "lookup:a/B", False),
        ("lookup:a/b", "a lookup:a/b", False),
        ("lookup:a/*", "lookup:a/b", True),
        ("lookup:a/*", "lookup:a/", True),
        ("lookup:a/*", "lookup:a/b/c", False),
        ("lookup:a/*", "lookup:a/b:c", False),
        ("lookup:*/port", "lookup:apache/port", True),
        ("lookup:*/port", "lookup:a/b/port", False),
        ("lookup:*/port", "lookup:port", False),
        ("lookup:a/**", "lookup:a/b/c:d", True),
        ("lookup:a/**", "lookup:a/", True),
        ("lookup:a/**", "lookup:a", False),
        ("lookup:a/**", "lookup:ab/c", False),
        ("lookup:**/port", "lookup:a/b/port", True),
        ("lookup:**/port", "lookup:a/b/ports", False),
        ("*", "a", True),
        ("*", "a:b", False),
        ("*", "a/b", False),
        ("*", "\n\0", True),
        ("**", "a:b/c\n", True),
        ("***", "a:b/c", True),
        ("****", "a:b/c", True),
        ("*:*", "a:b", True),
        ("*:*", "a:b:c", False),
        ("*:**", "a:b:c/d", True),
        ("**a*b", "a/ab", True),
        ("**a*b", "a/a/b", False),
        ("a**b**c", "a/b/b:c", True),
        ("a**b**c", "a/c/c:c", False),
        ("a*a*a", "aa", False),
        ("a*a*a", "aaaa", True),
        ("a.c", "abc", False),
        ("a?c", "abc", False),
        ("[ab]", "a", False),
        ("a\\*", "a*", False),
        ("a\\*", "a\\b", True),
        ("caf*", "caf\u00e9", True),
        ("caf\u00e9", "cafe\u0301", False),
        ("*\U0001f511", "a\U0001f511", True),
        ("*C)aaaaaaa", "\u00e9aaaaaaa", False),  # the same bytes but for their highest bits
        ("*\u00e9aaaaaaa", "\u00e9aaaaaaa", True),
        (" a", "a", False),
        ("http:GET:example.org/**\nhttp:HEAD:example.org/**", "http:HEAD:example.org/a/b", True),
        ("http:GET:example.org/**\nhttp:HEAD:example.org/**", "http:PUT:example.org/a/b", False),
        ("http:*:example.org/**", "http:PUT:example.org/a/b", True),
        ("http:*:example.org/**", "http:PUT:x:example.org/a/b", False),
        ("a\nb\nc", "b", True),
        ("a\nb\nc", "a\nb", False),
        ("**", "tokens:write", False),
        ("*:*", "tokens:write", False),
        ("**tokens:write", "tokens:write", False),
        ("tokens**", "tokens:write", False),
        ("token*:write", "tokens:write", False),
        ("*tokens:write", "tokens:write", False),
        ("**\ntokens:read", "tokens:write", False),
        ("tokens:read", "tokens:read", True),
        ("tokens:*", "tokens:write", True),
        ("tokens:*", "tokens:write:all", False),
        ("tokens:**", "tokens:write:all", True),
        ("**\ntokens:write", "tokens:write", True),
        ("tokens:**", "lookup:a", False),
        ("tokens:", "tokens:", True),
        (a_line, a_line, True),
        (a_line[:-3] + "**", a_line[:-3] + "b/c", True),
        ("*" * 4096, "a" * 100, True),
        ("a\n" * 2047 + "b", "b", True),
        ("**" + a_line[:100] + "b", a_line, False),
        # as many steps as there can be: they fit into a host's deadline
        ("**" + a_line[:-3] + "b", a_line, False),
        # malformed: nothing is permitted
        ("a" * 4097, "a" * 4096, False),
        ("**\n" + "a" * 4094, "a", False),
        ("\u00e9" * 2049, "", False),
        ("\n", "", False),
        ("\n", "a", False),
        ("**\n", "a", False),
        ("\n**", "a", False),
        ("**\n\n**", "a", False),
        ("**\n", "", False),
        ("**\r\na", "a", False),
        ("**\t", "", False),
        ("**\na\0", "a", False),
        ("**\n\x1f", "a", False),
        ("**\n\x7f", "a", False),
        ("**\n\x80", "a", True),
    ]
    for grants, permission, permitted in cases:
        name = f"{short(grants)} for {short(permission)}"
        yield name, TOKEN, record(grants=grants), permission, NOW, None if permitted else "forbidden"


def short(text):
    return json.dumps(text) if len(text) <= 60 else f"{json.dumps(text[:5])} ({len(text)} characters)"


def decided(cases):
    for name, credential, stored, permission, now, refusal in cases:
        credential = as_bytes(credential)
        answer = authorize(credential, stored, permission, now)
        expect(name, answer.get("refusal"), refusal)
        case = {
            "name": name,
            "credential": credential,
            "stored": stored,
            "permission": permission,
            "now": now,
            **answer,
        }
        yield written(case)


def written(value):
    """Bytes as hex, and numbers as decimal strings, all the way down."""
    if isinstance(value, dict):
        return {name: written(it) for name, it in value.items()}
    if isinstance(value, bytes):
        return value.hex()
    return str(value) if isinstance(value, int) else value


def expect(name, answer, expected):
    if answer != expected:
        sys.exit(f"{name}: expected {expected}, and the rules say {answer}")


def lines(function, cases):
    """One case a line, so that a difference between two versions can be read."""
    cases = list(cases)
    names = [case["name"] for case in cases]
    if len(set(names)) != len(names):
        sys.exit(f"{function}: two cases have the same name")
    return f'"{function}": [\n' + ",\n".join(json.dumps(case) for case in cases) + "\n]"


def main():
    parts = [
        lines("issue", issue_cases()),
        lines("lookup_key", lookup_key_cases()),
        lines("authorize", authorize_cases()),
    ]
    text = "{\n" + ",\n".join(parts) + "\n}\n"
    if sys.argv[1:] == ["--check"]:
        if not FILE.exists() or FILE.read_text() != text:
            sys.exit("tests/vectors/tokens.json is not what generate.py writes")
    elif sys.argv[1:]:
        sys.exit(__doc__)
    else:
        FILE.write_text(text)


if __name__ == "__main__":
    main()
