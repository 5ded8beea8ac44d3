"""S20: what is secret is compared in constant time, on lengths that are equal: CRYPTO_memcmp(), never memcmp() or strcmp()."""

import re

import source

COMPARE = re.compile(r"(?<!CRYPTO_)\b(memcmp|strcmp|strncmp|str_eq|str_eq_nocase)\s*\(([^;]*)")
SECRET = re.compile(r"\b(mac|hmac|tag|secret|password|verifier|cookie_value)\b|(->|\.)(state|nonce|verifier|token|secret|id)\b|\bnonce\b")
# What only looks like one: a state of a machine, a public name.
PUBLIC = re.compile(r"kty|token_state|token_id|token_type|client_id|->state ==|\bpath\b|request_id|page|out->id|->id,\s*id|jwk")


def check(path):
    for number, line in enumerate(source.code(path), 1):
        match = COMPARE.search(line)
        if match and SECRET.search(match.group(2)) and not PUBLIC.search(match.group(2)):
            yield f"{path}:{number}: {match.group(1)}() on a secret: use CRYPTO_memcmp() (S20)"


source.finish([p for f in source.files("auth", ends=[".c"]) for p in check(f)])
