"""What the bench reads and sums up: wrk's report, /proc, medians and limits. Its figures are only as good as this."""

import os
import sys

import source

sys.path.insert(0, os.path.join("tests", "bench"))

import loads  # noqa: E402
import machine  # noqa: E402
import plot  # noqa: E402
import report  # noqa: E402

WRK = """Running 1s test @ http://127.0.0.1:1/
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.07ms    2.83ms  44.37ms   97.65%
  Latency Distribution
     50%  612.00us
     75%    0.85ms
     90%    1.38ms
     99%    1.01s
  42126 requests in 1.10s, 175.20MB read
Requests/sec:  38296.36
Transfer/sec:    159.27MB
"""
CPU = {"cpu_us": 20.0, "requests": 9, "per_second": 9.0, "p50_us": 9.0, "p99_us": 9.0, "peak_kib": 9}


def is_failed(text):
    try:
        loads.parse_wrk(text)
    except loads.Failed:
        return True
    return False


def rounds(*cpu):
    return [CPU | {"cpu_us": value} for value in cpu]


result = report.of({"page": {"nginx": rounds(30, 20, 10), "sparkgate": rounds(19, 18, 99), "HAProxy jwt_verify": rounds(30)},
                    "first-seen": {"sparkgate": rounds(43), "sparkgate, tokens seen before": rounds(23)}}, {"Envoy jwt_authn": "not there"}, [20.0, 21.0, 19.0], 3, 1)
judged = {row["bar"]: (row["figure"], row["verdict"]) for row in result["bars"]}
told = report.text(result)
drawn = plot.draw(result)
facts = {
    "wrk's figures are read with their units": loads.parse_wrk(WRK) == {
        "requests": 42126, "per_second": 38296.36, "p50_us": 612.0, "p99_us": 1010000.0},
    "answers other than 2xx void a measurement": is_failed(WRK + "  Non-2xx or 3xx responses: 4\n"),
    "broken connections void a measurement": is_failed("  Socket errors: connect 0, read 1, write 0, timeout 0\n" + WRK),
    "a process may be called anything": machine.parent_of("7 (a) b) S 42 7 7 0") == 42,
    "CPU time is nanoseconds": machine.cpu_of("1500000 2 3\n") == 1500,
    "memory is found by its field": machine.kib_of("VmPeak:\t  9 kB\nVmHWM:\t 123 kB\n", "VmHWM") == 123,
    "spread is min, median, max": result["loads"]["page"]["nginx"]["cpu_us"] == {"min": 10, "median": 20, "max": 30},
    "a limit is of medians": judged["4 KB, verified bearer, of nginx without any check"] == (0.95, "PASS"),
    "a limit can be missed": judged["4 KB, verified bearer, of HAProxy jwt_verify"][1] == "FAIL",
    "a first-seen token is held to cache and signature": judged["first-seen token, of cached + one EVP_DigestVerify"] == (1, "PASS"),
    "and without a limit to what it costs at full load": judged["first-seen token, of cached at full load + one check"] == (43 / 39, "no bar"),
    "what was not measured has no verdict": judged["90 KB script, of nginx proxying it"] == (None, "not measured"),
    "who is missing is said": "without Envoy jwt_authn: not there" in told,
    "the plot is small and whole": drawn.startswith("<svg") and drawn.endswith("</svg>\n") and len(drawn) < 16384,
}
source.finish([f"tests/bench: not so: {fact}" for fact, is_so in facts.items() if not is_so])
