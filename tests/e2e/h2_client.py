"""HTTP/2 as an attacker speaks it: every field exactly as it is given, extended CONNECT (RFC 8441) whether it was offered or not."""

import socket
import ssl

import h2.config
import h2.connection
import h2.events


def tls_to(port, protocol):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols([protocol])
    plain = socket.create_connection(("127.0.0.1", port), timeout=10)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    plug = context.wrap_socket(plain, server_hostname="localhost")
    assert plug.selected_alpn_protocol() in (protocol, None)
    return plug


class Stream:
    """One request on a connection of its own. `status`, `fields`, `content`; status None: the stream or connection was refused."""

    def __init__(self, port, fields, ends=True):
        self.plug = tls_to(port, "h2")
        quiet = h2.config.H2Configuration(validate_outbound_headers=False, normalize_outbound_headers=False, header_encoding="latin-1",
                                          validate_inbound_headers=False)
        self.h2 = h2.connection.H2Connection(config=quiet)
        self.status, self.fields, self.content, self.over, self.settled = None, [], b"", False, False
        self.h2.initiate_connection()
        self.plug.sendall(self.h2.data_to_send())
        while not self.over and not self.settled:
            self.read()
        self.offers_connect = bool(self.h2.remote_settings.enable_connect_protocol)
        self.h2.send_headers(1, fields, end_stream=ends)
        self.plug.sendall(self.h2.data_to_send())
        while not self.over and self.status is None:
            self.read()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.plug.close()

    def read(self):
        try:
            data = self.plug.recv(65536)
        except OSError:
            data = b""
        self.over = self.over or not data
        for event in self.h2.receive_data(data) if data else []:
            if isinstance(event, h2.events.RemoteSettingsChanged):
                self.settled = True
            elif isinstance(event, h2.events.ResponseReceived):
                self.fields = list(event.headers)
                self.status = int(dict(self.fields)[":status"])
            elif isinstance(event, h2.events.DataReceived):
                self.content += event.data
                self.h2.acknowledge_received_data(event.flow_controlled_length, 1)
            elif isinstance(event, (h2.events.StreamEnded, h2.events.StreamReset, h2.events.ConnectionTerminated)):
                self.over = True
        if not self.over and (out := self.h2.data_to_send()):
            self.plug.sendall(out)

    def read_all(self):
        while not self.over:
            self.read()
        return self.content

    def say(self, data):
        """Sends on the tunnel; gives the next bytes that come back, or b''."""
        self.h2.send_data(1, data)
        self.plug.sendall(self.h2.data_to_send())
        seen = len(self.content)
        while not self.over and len(self.content) == seen:
            self.read()
        return self.content[seen:]
