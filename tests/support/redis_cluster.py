"""A Redis Cluster of the tests' own: three masters, each with a replica; url is `redis+cluster://…`."""

from redis_server import PASSWORD, RedisServer
from spark_cluster import HOST, free_port, wait_for

MASTERS, SLOTS = 3, 16384
KEY = "{sparkgate}:"


class RedisCluster:
    def __init__(self):
        self.nodes = [RedisServer(settings=["--cluster-enabled", "yes", "--cluster-port", str(free_port()), "--cluster-node-timeout", "1000",
                                            "--cluster-replica-validity-factor", "0"]) for _ in range(2 * MASTERS)]

    def __enter__(self):
        try:
            for node in self.nodes:
                node.start()
            self.join()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for node in self.nodes:
            node.__exit__()

    def join(self):
        first, *others = self.nodes
        for n, node in enumerate(self.nodes[:MASTERS]):
            node.call("CLUSTER", "ADDSLOTSRANGE", SLOTS * n // MASTERS, SLOTS * (n + 1) // MASTERS - 1)
        for n, node in enumerate(self.nodes):
            node.call("CLUSTER", "SET-CONFIG-EPOCH", n + 1)
        for node in others:
            first.call("CLUSTER", "MEET", HOST, node.port, node.call("CONFIG", "GET", "cluster-port")[1].decode())
        wait_for(lambda: all(len(self.known(node)) == len(self.nodes) for node in self.nodes), "all nodes to know all", 30)
        for n, node in enumerate(self.nodes[MASTERS:]):
            node.call("CLUSTER", "REPLICATE", self.nodes[n].call("CLUSTER", "MYID").decode())
        wait_for(self.is_whole, "a whole cluster", 30)

    def known(self, node):
        rows = node.call("CLUSTER", "NODES").decode().splitlines()
        return [row for row in rows if "handshake" not in row]

    def is_whole(self):
        return all(b"cluster_state:ok" in node.call("CLUSTER", "INFO") and self.owner(node) for node in self.nodes) and all(
            b"master_link_status:up" in node.call("INFO", "replication") for node in self.nodes[MASTERS:])

    def owner(self, asked):
        """The node that has the gateway's keys, by the word of another."""
        slot = asked.call("CLUSTER", "KEYSLOT", KEY)
        port = next((row[2][1] for row in asked.call("CLUSTER", "SLOTS") if row[0] <= slot <= row[1]), None)
        return next((node for node in self.nodes if node.port == port), None)

    def replica_of(self, owner):
        return self.nodes[self.nodes.index(owner) + MASTERS]

    @property
    def url(self):
        return "redis+cluster://" + ",".join(f"{HOST}:{node.port}" for node in self.nodes)

    @property
    def secret(self):
        return PASSWORD
