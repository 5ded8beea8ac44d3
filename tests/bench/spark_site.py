"""The upstream of every contender: an nginx that serves what a Spark master would, as static bodies.

A 4 KB log page, a page full of links, a 90 KB script that Spark forbids to keep, a master's page of 5,000 workers (as
Spark 4.3 writes it, T6), 1 GiB of an event log, and who the workers are when discovery asks them. One application runs, of user
`bench`; its driver's UI has the 4 KB page, too.
"""
import json

from machine import HOST, LOAD_CORE, Process, free_port

WORKERS = 5000
LOG_LINE = "26/11/21 05:28:45 INFO TaskSetManager: Finished task 3.0 in stage 12.0 (TID 99) in 41 ms\n"
EVENT_LOG_BYTES = 1 << 30
PAGE, LINKS, SCRIPT, MASTER = "/logPage/", "/stages/", "/static/jquery.min.js", "/"
APP, APP_USER = "app-20261121053257-0001", "bench"
EVENT_LOG = "/api/v1/applications/app-20261121053257-0000/logs"

NGINX = """
daemon off; master_process off; pid {folder}/{name}.pid; error_log {folder}/{name}.log; worker_rlimit_nofile 20000;
events {{ worker_connections 18000; }}
http {{
  access_log off; default_type text/html; keepalive_requests 1000000000; keepalive_timeout 300s; types {{ }} sendfile on; tcp_nopush on;
  client_body_temp_path {folder}/{name}-b; proxy_temp_path {folder}/{name}-p; fastcgi_temp_path {folder}/{name}-f;
  uwsgi_temp_path {folder}/{name}-u; scgi_temp_path {folder}/{name}-s;
  {body}
}}
"""

# Cache-Control and the types are Spark's. Workers have an address each (127.20.x.y) and one port.
SITE = """
  open_file_cache max=16;
  server {{
    listen {host}:{port} reuseport;
    root {folder};
    add_header Cache-Control "no-cache, no-store, must-revalidate";
    location / {{ default_type "text/html;charset=utf-8"; try_files $uri /none; }}
    location = / {{ default_type "text/html;charset=utf-8"; try_files /master.html =404; }}
    location = /none {{ return 404; }}
    location = /logPage/ {{ default_type "text/html;charset=utf-8"; try_files /page.html =404; }}
    location = /stages/ {{ default_type "text/html;charset=utf-8"; try_files /links.html =404; }}
    location = /app/ {{ default_type "text/html;charset=utf-8"; try_files /version.html =404; }}
    location = /json/ {{ default_type application/json; try_files /master.json =404; }}
    location = /jwks.json {{ default_type application/json; root {keys}; }}
    location /static/ {{ default_type text/javascript; }}
    location /api/ {{ default_type application/octet-stream; }}
  }}
  server {{
    listen 0.0.0.0:{worker_port}; allow 127.0.0.0/8; deny all;
    location = /json/ {{ default_type application/json;
      return 200 '{{"id":"worker-20260101000000-$server_addr-40000","masterurl":"spark://{host}:7077","cores":2}}'; }}
  }}
  server {{
    listen {host}:{driver_port};
    add_header Cache-Control "no-cache, no-store, must-revalidate";
    location = /jobs/ {{ default_type "text/html;charset=utf-8"; root {folder}; try_files /page.html =404; }}
    location = /api/v1/applications {{ default_type application/json; return 200 '[{{"id":"{app}","name":"etl daily","attempts":[]}}]'; }}
  }}
  server {{ listen {host}:{judge_port}; location / {{ return 204; }} }}
"""


def nginx(name, core, folder, body):
    """One nginx process; whatever it writes lies in `folder`."""
    conf = folder / f"{name}.conf"
    conf.write_text(NGINX.format(folder=folder, name=name, body=body))
    return Process(name, core, ["nginx", "-c", conf, "-e", f"{folder}/{name}.log"], folder)


def worker_host(number):
    return f"127.20.{number // 250}.{number % 250 + 1}"


def worker_row(number, port):
    host = worker_host(number)
    return {"id": f"worker-20260101000000-{host}-40000", "host": host, "port": 40000, "webuiaddress": f"http://{host}:{port}",
            "cores": 2, "coresused": 0, "coresfree": 2, "memory": 1024, "memoryused": 0, "memoryfree": 1024, "state": "ALIVE",
            "resources": {}, "resourcesused": {}, "resourcesfree": {}, "lastheartbeat": 1795239177725}


def app_row():
    return {"id": APP, "starttime": 1795239177725, "name": "etl daily", "cores": 4, "user": APP_USER, "memoryperexecutor": 512,
            "memoryperslave": 512, "resourcesperexecutor": [], "resourcesperslave": [], "submitdate": "Sat Nov 21 05:32:57 UTC 2026",
            "state": "RUNNING", "duration": 45697}


def master_json(port):
    return json.dumps({
        "url": "spark://127.0.0.1:7077", "workers": [worker_row(n, port) for n in range(WORKERS)], "aliveworkers": WORKERS,
        "cores": 2 * WORKERS, "coresused": 0, "memory": 1024 * WORKERS, "memoryused": 0, "resources": [], "resourcesused": [],
        "activeapps": [app_row()], "completedapps": [], "activedrivers": [], "completeddrivers": [], "status": "ALIVE"})


def master_page(port):
    """Its indentation left out: 1.1 MB in all."""
    head = ('<!DOCTYPE html><html><head><link rel="stylesheet" href="/local/proxy/master/static/bootstrap.min.css"/>'
            "<script nonce=\"1\">setUIRoot('/local/proxy/master')</script></head><body>"
            '<span class="version me-3">4.3.0</span><table class="table table-bordered sortable"><thead>'
            '<th width="" class="">Worker Id</th></thead><tbody>')
    rows = "".join(
        f'<tr>\n<td>\n<a href="http://{host}:{port}">\nworker-20260101000000-{host}-40000\n</a>\n</td>\n<td>{host}:40000</td>\n'
        '<td>ALIVE</td>\n<td>2 (0 Used)</td>\n<td sorttable_customkey="1024.0">\n1024.0 MiB\n(0.0 B Used)\n</td>\n<td></td>\n</tr>\n'
        for host in map(worker_host, range(WORKERS)))
    return head + rows + "</tbody></table></body></html>"


def script():
    """90,000 bytes that look like a script to whoever compresses them."""
    lines, length, number = [], 0, 0
    while length < 90000:
        lines.append(f"function part{number}(a,b){{return a.on('{number * 7919 % 10007}',b)&&b.slice({number})}}\n")
        length += len(lines[-1])
        number += 1
    return "".join(lines)[:90000]


class Site:
    def __init__(self, folder, keys, links_page):
        """`keys`: the folder with jwks.json of the issuer. `links_page`: a page of Spark's with many links, as text."""
        self.port, self.worker_port, self.driver_port, self.judge_port = (free_port() for _ in range(4))
        self.url = f"http://{HOST}:{self.port}"
        root = folder / "site"
        self.write(root, links_page)
        self.process = nginx("site", LOAD_CORE, folder, SITE.format(
            host=HOST, port=self.port, folder=root, keys=keys, worker_port=self.worker_port, driver_port=self.driver_port,
            judge_port=self.judge_port, app=APP))
        self.process.await_status(self.url + PAGE)

    def write(self, root, links_page):
        for path in (root / SCRIPT[1:], root / EVENT_LOG[1:]):
            path.parent.mkdir(parents=True)
        page = f"<!DOCTYPE html><html><head><title>log</title></head><body><pre>{LOG_LINE * 45}</pre></body></html>"
        (root / "page.html").write_text(page)
        (root / "links.html").write_text(links_page)
        (root / "version.html").write_text('<html><span class="version me-3">4.3.0</span>'
                                           f'<a href="http://{HOST}:{self.driver_port}">Application Detail UI</a></html>')
        (root / "master.json").write_text(master_json(self.worker_port))
        (root / "master.html").write_text(master_page(self.worker_port))
        (root / SCRIPT[1:]).write_text(script())
        with open(root / EVENT_LOG[1:], "wb") as log:
            log.truncate(EVENT_LOG_BYTES)  # a hole: reading it costs the upstream next to nothing

    def stop(self):
        self.process.stop()
