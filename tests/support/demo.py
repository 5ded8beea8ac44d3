"""`make demo`: a real Spark cluster and the gateway in front of it, until Ctrl-C.

demo.py [--spark 3.5|4.3]. What it needs is installed by install.sh before; ports are 8480 and 8481 when they are free.
"""

import argparse
import os
import signal
import socket
import sys
import threading
import time

from gateway import HOST, Gateway, cluster_entry, mounts_of
from spark_cluster import Cluster, ClusterError, free_port

STEP = "\033[1m{}\033[0m" if sys.stdout.isatty() else "{}"
began = time.monotonic()


def say(text):
    print(f"[{time.monotonic() - began:3.0f} s] {text}", flush=True)


def preferred_port(port):
    """`port` when nothing listens there, else any free one."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            return port
        except OSError:
            return free_port()


def show(gateway, info):
    running, finished = info["apps"]["running"], info["apps"]["finished"]
    print("\n".join([
        "", STEP.format(f"Spark {info['spark']} behind one URL: {gateway.url}/"), "",
        f"  sign in (once, within 10 minutes): {STEP.format(gateway.link)}", "",
        f"  running application    {gateway.url}/local/proxy/{running['id']}/",
        f"  finished application   {gateway.url}/local/shs/history/{finished['id']}/jobs/",
        f"  master                 {gateway.url}/local/proxy/master/",
        f"  tokens                 {gateway.admin_url}/tokens   (signs in by itself, with an administrator's token)",
        f"  metrics                {gateway.admin_url}/metrics", "",
        "  an administrator's token, and one for scripts that may only look:", "",
        f"    build/sparkgate token create --config {gateway.config} --client-name me --token-type admin",
        f"    build/sparkgate token create --config {gateway.config} --client-name script --scope view", "",
        "Ctrl-C ends everything.", ""]), flush=True)


def watch(cluster, gateway, stop):
    """Until `stop` is set; an error when the gateway or a daemon of the cluster ends before."""
    while not stop.wait(1):
        gateway.daemon.check()
        cluster.check()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spark", default=os.environ.get("SPARK") or "4.3", help="3.5 or 4.3 (default)")
    args = parser.parse_args()
    stop = threading.Event()

    def on_signal(*_):
        if not stop.is_set():
            stop.set()
            raise KeyboardInterrupt
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, on_signal)
    try:
        with Cluster(args.spark, cluster_driver=True, say=say) as cluster:
            info = cluster.info()
            say("starting the gateway")
            with Gateway([cluster_entry(info)], port=preferred_port(8480), admin_port=preferred_port(8481)) as gateway:
                token = gateway.create_token("demo", "admin", "--access-ttl", "5m")["access_token"]
                gateway.await_mounts([f"{mount}/" for mount in mounts_of(info)], token)
                show(gateway, info)
                watch(cluster, gateway, stop)
    except KeyboardInterrupt:
        print("\nended: the gateway, the cluster and their files are gone", flush=True)
    except (ClusterError, RuntimeError, OSError) as error:
        sys.exit(f"demo: {error}")


main()
