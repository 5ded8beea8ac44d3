#!/bin/sh
# The GELF reader that Promtail uses fails each message of more than 1,420 bytes that comes in one UDP datagram.
#
# Versions: github.com/grafana/go-gelf/v2 2.0.1, and the reader of github.com/Graylog2/go-gelf that it comes from. It needs Go and Python 3.
# Seen:     A message of 1,400 bytes is read. One of 1,500 bytes, which is one datagram as well, is "unexpected EOF": the reader takes
#           1,420 bytes of each datagram, and the rest is gone.
# Guess:    A datagram has up to 64 KiB, and chunks are for what does not fit. Graylog itself reads it, and so do others.
# Matters:  log4j2 and others send each message as one datagram and know no chunks. All stack traces are longer than this, so just the
#           errors never arrive, and nothing but the reader's own log says so.
set -eu
tmp=$(mktemp -d)
trap 'kill "$reader" 2>/dev/null && wait "$reader" || :; chmod -R u+w "$tmp"; rm -rf "$tmp"' EXIT
reader=
cd "$tmp"
cat >main.go <<'GO'
package main

import (
	"fmt"

	"github.com/grafana/go-gelf/v2/gelf"
)

func main() {
	reader, err := gelf.NewReader("127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(reader.Addr())
	for i := 0; i < 2; i++ {
		message, err := reader.ReadMessage()
		if err != nil {
			fmt.Println("error:", err)
		} else {
			fmt.Println("message:", len(message.Short))
		}
	}
}
GO
export GOFLAGS=-mod=mod GOWORK=off
go mod init reader >/dev/null 2>&1
go get github.com/grafana/go-gelf/v2@v2.0.1 >/dev/null 2>&1
go build -o reader .
./reader >said &
reader=$!
until grep -q : said; do sleep 0.1; done
python3 - "$(head -1 said)" <<'PY'
import json, socket, sys, time
host, port = sys.argv[1].rsplit(":", 1)
for size in (1400, 1500):
    message = {"version": "1.1", "host": "h", "timestamp": 1.0, "short_message": ""}
    message["short_message"] = "x" * (size - len(json.dumps(message)))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        print(out.sendto(json.dumps(message).encode(), (host, int(port))), "bytes in one datagram")
    time.sleep(0.5)
PY
wait "$reader"
cat said
grep -q '^message: 13' said && grep -q '^error: ' said
