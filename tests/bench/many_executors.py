"""The event log of an application that had very many executors, for a real history server to read."""

import json

APP = "app-20260101000000-2000"
BEGAN = 1767225600000  # ms
GIB = 1 << 30


def executor(number):
    """Two events: it came, and so did its memory."""
    host, when = f"10.7.{number // 250}.{number % 250 + 1}", BEGAN + number
    logs = {name: f"http://{host}:8081/logPage/?appId={APP}&executorId={number}&logType={name}" for name in ("stdout", "stderr")}
    return [{"Event": "SparkListenerExecutorAdded", "Timestamp": when, "Executor ID": str(number),
             "Executor Info": {"Host": host, "Total Cores": 4, "Log Urls": logs, "Attributes": {}, "Resources": {}, "Resource Profile Id": 0}},
            {"Event": "SparkListenerBlockManagerAdded", "Timestamp": when, "Maximum Memory": GIB, "Maximum Onheap Memory": GIB,
             "Maximum Offheap Memory": 0, "Block Manager ID": {"Executor ID": str(number), "Host": host, "Port": 40000 + number}}]


def write_log(folder, version, executors):
    """A file of the name APP in a folder of event logs."""
    events = [{"Event": "SparkListenerLogStart", "Spark Version": version},
              {"Event": "SparkListenerApplicationStart", "App Name": "many executors", "App ID": APP, "Timestamp": BEGAN, "User": "bench"},
              *(event for number in range(executors) for event in executor(number)),
              {"Event": "SparkListenerApplicationEnd", "Timestamp": BEGAN + 60_000}]
    (folder / APP).write_text("".join(json.dumps(event, separators=(",", ":")) + "\n" for event in events))
