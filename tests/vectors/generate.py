#!/usr/bin/env python3
"""Writes tokens.json: what every host of the component must answer.

The rules below were written from wit/tokens.wit and nothing else, in another
language than the component's, so that they can tell it that it is wrong. Each
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
U64_MAX = 2**64 - 1


# The rules. Of several reasons to refuse, the one that the contract lists first
# is given.


def digest(text):
    return hashlib.sha256(text.encode()).digest()


def issue(api_id, entropy):
    if not re.fullmatch(API_ID, api_id):
        return {"refusal": "bad-api-id"}
    if len(entropy) != 40:
        return {"refusal": "bad-entropy-size"}
    if len(set(entropy)) == 1:
        return {"refusal": "constant-entropy"}
    token = f"{api_id}:{entropy.hex()}"
    return {"token": token, "digest": digest(token).hex()}


def identify(credential):
    found = re.fullmatch(f"({API_ID}):[0-9a-f]{{80}}", credential)
    return {"api_id": found[1] if found else "-nobody-", "digest": digest(credential).hex()}


def verify(presented, known, now):
    if not re.fullmatch(API_ID, presented["api_id"]):
        return {"refusal": "malformed"}
    if known is None:
        return {"refusal": "unknown"}
    if len(known["digest"]) != 2 * 32 or presented["digest"] != known["digest"]:
        return {"refusal": "wrong"}
    if known["status"] == "disabled":
        return {"refusal": "disabled"}
    if known["expires_at"] is not None and now >= int(known["expires_at"]):
        return {"refusal": "expired"}
    return {"grant": {"api_id": presented["api_id"]}}


# What the cases are made of. The entropy is fixed: nobody's secret.

ENTROPY = digest("forty bytes of")[:20] + digest("example entropy")[:20]
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


def identify_cases():
    good = [
        ("a token", TOKEN),
        ("entropy that counts up from zero", f"my_app:{COUNTING.hex()}"),
        ("an API ID of one character", f"_:{HEX}"),
        ("an API ID of 64 characters", f"{LONGEST}:{HEX}"),
        ("an API ID with every allowed kind of character", f"{PUNCTUATED}:{HEX}"),
        ("an API ID in upper case", f"MY_APP:{HEX}"),
        ("an API ID that looks like the secret part", f"{HEX[:64]}:{HEX}"),
        ("digits that nobody would be issued: all 0", "my_app:" + "0" * 80),
        ("digits that nobody would be issued: all f", "my_app:" + "f" * 80),
        ("one digit other than the first token's", TOKEN[:-1] + ("0" if HEX[-1] != "0" else "1")),
    ]
    bad = [
        ("nothing", ""),
        ("a colon", ":"),
        ("colons", ":::"),
        ("an API ID", "my_app"),
        ("an API ID and a colon", "my_app:"),
        ("80 digits", HEX),
        ("a colon and 80 digits", f":{HEX}"),
        ("79 digits", TOKEN[:-1]),
        ("81 digits", TOKEN + "0"),
        ("the first digit missing", f"my_app:{HEX[1:]}"),
        ("no colon", f"my_app{HEX}"),
        ("an equals sign for the colon", f"my_app={HEX}"),
        ("a full-width colon", f"my_app\uff1a{HEX}"),
        ("an escaped colon", f"my_app%3A{HEX}"),
        ("all digits in upper case", f"my_app:{HEX.upper()}"),
        ("one digit in upper case", "my_app:" + "a" * 79 + "A"),
        ("a letter beyond f", "my_app:" + "a" * 79 + "g"),
        ("80 digits with a prefix", f"my_app:0x{HEX}"),
        ("80 digits, 0x among them", f"my_app:0x{HEX[2:]}"),
        ("a sign among the digits", f"my_app:-{HEX[1:]}"),
        ("full-width digits, 80 characters", "my_app:" + "\uff10" * 80),
        ("a character of two bytes, 80 bytes in all", f"my_app:é{HEX[2:]}"),
        ("a character of two bytes, 80 characters in all", f"my_app:é{HEX[1:]}"),
        ("another field: x", TOKEN + ":x"),
        ("another field: empty", TOKEN + ":"),
        ("another field: 80 digits", f"{TOKEN}:{HEX}"),
        ("two colons", f"my_app::{HEX}"),
        ("two API IDs", f"my_app:other:{HEX}"),
        ("two tokens", f"{TOKEN},{TOKEN}"),
        ("a newline at the end", TOKEN + "\n"),
        ("CR LF at the end", TOKEN + "\r\n"),
        ("a newline for the last digit", TOKEN[:-1] + "\n"),
        ("a space at the end", TOKEN + " "),
        ("a space at the beginning", " " + TOKEN),
        ("a space behind the colon", f"my_app: {HEX}"),
        ("a NUL at the end", TOKEN + "\0"),
        ("a byte order mark", "\ufeff" + TOKEN),
        ("the scheme before it", "Bearer " + TOKEN),
        ("quotes around it", f'"{TOKEN}"'),
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
        ("20,000 colons", ":" * 20_000),
        ("an API ID of 20,000 letters", "a" * 20_000 + f":{HEX}"),
    ]
    for well_formed, cases in ((True, good), (False, bad)):
        for name, credential in cases:
            presented = identify(credential)
            expect(name, presented["api_id"] != "-nobody-", well_formed)
            yield {"name": name, "credential": credential, "presented": presented}


def verify_cases():
    presented = identify(TOKEN)
    right = presented["digest"]
    nobody, nothing = identify("no token"), identify("")
    wrong = identify(f"my_app:{COUNTING.hex()}")["digest"]
    one_bit = f"{int(right, 16) ^ 1:064x}"
    first_bit = f"{int(right, 16) ^ 1 << 255:064x}"
    get = ("GET", "/v1/lookup/port")

    def with_digest(length, byte="00"):
        return {"api_id": "my_app", "digest": byte * length}

    def named(api_id):
        return {"api_id": api_id, "digest": right}

    def known(digest=right, status="active", expires_at=None):
        end = None if expires_at is None else str(expires_at)
        return {"digest": digest, "status": status, "expires_at": end}

    active, disabled = known(), known(status="disabled")
    cases = [
        # name, presented, known, request, now, refusal (None: granted)
        ("the right token", presented, active, get, 1_800_000_000, None),
        ("at the first second of all", presented, active, get, 0, None),
        ("at the last second of all", presented, active, get, U64_MAX, None),
        ("an API ID of one character", identify(f"_:{HEX}"), known(identify(f"_:{HEX}")["digest"]), get, 0, None),
        ("an API ID of 64 characters", identify(f"{LONGEST}:{HEX}"), known(identify(f"{LONGEST}:{HEX}")["digest"]), get, 0, None),
        ("an API ID with every allowed kind of character", identify(f"{PUNCTUATED}:{HEX}"), known(identify(f"{PUNCTUATED}:{HEX}")["digest"]), get, 0, None),
        ("method and path empty", presented, active, ("", ""), 0, None),
        ("a method of one's own", presented, active, ("BREW", "/pot"), 0, None),
        ("a path that is not ASCII", presented, active, ("GET", "/caf\u00e9/\U0001f511/\u202e"), 0, None),
        ("a path with NUL and newline", presented, active, ("GET", "/\0\n"), 0, None),
        ("a path of 4,000 characters", presented, active, ("GET", "/" + "p" * 3_999), 0, None),
        ("no token, nothing known", nobody, None, get, 0, "malformed"),
        ("no token, an active record", nobody, active, get, 0, "malformed"),
        ("no token, a disabled record", nobody, disabled, get, 0, "malformed"),
        ("no token, an expired record", nobody, known(expires_at=0), get, 1, "malformed"),
        ("no token, a record of zeros", nobody, known("00" * 32), get, 0, "malformed"),
        ("no token, a record without digest", nobody, known(""), get, 0, "malformed"),
        ("no token, a record of its digest", nobody, known(nobody["digest"]), get, 0, "malformed"),
        ("nothing presented, a record of its digest", nothing, known(nothing["digest"]), get, 0, "malformed"),
        ("no API ID, the right digest", named(""), active, get, 0, "malformed"),
        ("an API ID with a colon, the right digest", named("my:app"), active, get, 0, "malformed"),
        ("an API ID of 65 characters, the right digest", named("a" * 65), active, get, 0, "malformed"),
        ("an API ID that is not ASCII, the right digest", named("caf\u00e9"), active, get, 0, "malformed"),
        ("nothing known", presented, None, get, 0, "unknown"),
        ("nothing known, a digest of zeros presented", with_digest(32), None, get, 0, "unknown"),
        ("nothing known, a digest of ones presented", with_digest(32, "01"), None, get, 0, "unknown"),
        ("nothing known, an empty digest presented", with_digest(0), None, get, 0, "unknown"),
        ("another token's record", presented, known(wrong), get, 0, "wrong"),
        ("the last bit differs", presented, known(one_bit), get, 0, "wrong"),
        ("the first bit differs", presented, known(first_bit), get, 0, "wrong"),
        ("a record of zeros", presented, known("00" * 32), get, 0, "wrong"),
        ("a record without digest", presented, known(""), get, 0, "wrong"),
        ("a record whose digest lost a byte", presented, known(right[:-2]), get, 0, "wrong"),
        ("a record whose digest has a byte more", presented, known(right + "00"), get, 0, "wrong"),
        ("presented and recorded alike: 0 bytes", with_digest(0), known(""), get, 0, "wrong"),
        ("presented and recorded alike: 31 bytes", with_digest(31), known("00" * 31), get, 0, "wrong"),
        ("presented and recorded alike: 33 bytes", with_digest(33), known("00" * 33), get, 0, "wrong"),
        ("wrong before disabled", presented, known(wrong, "disabled"), get, 0, "wrong"),
        ("wrong before expired", presented, known(wrong, expires_at=1), get, 2, "wrong"),
        ("wrong before disabled and expired", presented, known(wrong, "disabled", 1), get, 2, "wrong"),
        ("disabled", presented, disabled, get, 0, "disabled"),
        ("disabled, its time not over", presented, known(status="disabled", expires_at=100), get, 99, "disabled"),
        ("disabled before expired", presented, known(status="disabled", expires_at=1), get, 2, "disabled"),
        ("the last good second", presented, known(expires_at=100), get, 99, None),
        ("the first second that is not good", presented, known(expires_at=100), get, 100, "expired"),
        ("a second later", presented, known(expires_at=100), get, 101, "expired"),
        ("ends at 0, and it is 0", presented, known(expires_at=0), get, 0, "expired"),
        ("ends at 1, and it is 0", presented, known(expires_at=1), get, 0, None),
        ("ends behind 2^32, before the end", presented, known(expires_at=2**32 + 1), get, 2**32, None),
        ("ends behind 2^32, at the end", presented, known(expires_at=2**32 + 1), get, 2**32 + 1, "expired"),
        ("ends behind 2^53, before the end", presented, known(expires_at=2**53 + 1), get, 2**53, None),
        ("ends behind 2^53, at the end", presented, known(expires_at=2**53 + 1), get, 2**53 + 1, "expired"),
        ("ends behind 2^63, and it is now", presented, known(expires_at=2**63), get, 1_800_000_000, None),
        ("ends at the last second of all, before the end", presented, known(expires_at=U64_MAX), get, U64_MAX - 1, None),
        ("ends at the last second of all, at the end", presented, known(expires_at=U64_MAX), get, U64_MAX, "expired"),
    ]
    for name, presented, known, (method, path), now, refusal in cases:
        answer = verify(presented, known, now)
        expect(name, answer.get("refusal"), refusal)
        request = {"method": method, "path": path}
        yield {"name": name, "presented": presented, "known": known, "request": request, "now": str(now), **answer}


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
        lines("identify", identify_cases()),
        lines("verify", verify_cases()),
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
