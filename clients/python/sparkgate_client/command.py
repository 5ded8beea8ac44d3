"""`sparkgate-client`: sign in, launch an application, follow its log, end it.

Nothing secret is an argument, and none is printed. Exit codes: 0 done, 1 refused or failed, 2 usage; of `launch`,
`wait` and `logs --follow` the application's own where it has one.
"""

from __future__ import annotations

import argparse
import functools
import getpass
import os
import sys
from typing import Any, Callable, Dict, List, Optional, Sequence

import requests

from . import __version__
from .application import Application
from .artifacts import Artifacts
from .errors import GateError
from .gate import Gate, is_uri
from .login import login, logout, register, show
from .tables import Bar, clean, print_json, print_table
from .tokens import TokenFile, default_file

APPLICATION = ("id", "name", "cluster", "profile", "state", "created_at")
DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130


class UsageError(Exception):
    """Words of the command that make no sense together."""


def gate_of(asked: argparse.Namespace) -> Gate:
    return Gate(asked.url, token_file=asked.token_file, verify=asked.ca_file or True)


def is_json(asked: argparse.Namespace) -> bool:
    return bool(asked.json) or not sys.stdout.isatty()


def say(text: str) -> None:
    print(clean(text), file=sys.stderr, flush=True)


def show_rows(asked: argparse.Namespace, rows: List[Dict[str, Any]], columns: Sequence[str]) -> int:
    if is_json(asked):
        print_json(rows)
    else:
        print_table(rows, columns)
    return DONE


def show_one(asked: argparse.Namespace, app: Application) -> int:
    if is_json(asked):
        print_json(app.said)
    else:
        print_table([app.said], APPLICATION)
    return DONE


def pairs(words: Optional[List[str]], option: str) -> Dict[str, str]:
    found = {}
    for word in words or []:
        name, sign, value = word.partition("=")
        if not sign or not name:
            raise UsageError(f"{option} {word}: expected NAME=VALUE")
        found[name] = value
    return found


def exit_code_of(app: Application) -> int:
    """The application's own, and not 0 if it did not finish."""
    state, code = app.state, app.exit_code
    if state == "finished":
        return code or DONE
    return code if code is not None and 0 < code < 256 else FAILED


def follow(app: Application, container: str = "driver") -> int:
    try:
        for line in app.logs(container, follow=True):
            print(line, flush=True)
        app.wait()
    except KeyboardInterrupt:
        say(f"{app.id} goes on; sparkgate-client logs --follow {app.id}, or kill {app.id}")
        return INTERRUPTED
    say(f"{app.id} {app.state}{': ' + app.reason if app.reason else ''}")
    return exit_code_of(app)


# --- the verbs

def do_login(asked: argparse.Namespace) -> int:
    url = asked.url or (TokenFile(asked.token_file).read().get("url") if TokenFile(asked.token_file).exists() else None)
    if not url:
        raise GateError("which gateway? give --url, or set SPARKGATE_URL")
    file = login(url, asked.token_file, asked.scope, asked.client_name, asked.admin, show, asked.ca_file or True)
    say(f"signed in; the tokens are in {file.path}")
    return DONE


def do_register(asked: argparse.Namespace) -> int:
    if not asked.url:
        raise GateError("which gateway? give --url, or set SPARKGATE_URL")
    token = getpass.getpass("registration token: ") if sys.stdin.isatty() else sys.stdin.readline()
    say(f"the tokens are in {register(asked.url, token, asked.token_file, asked.ca_file or True).path}")
    return DONE


def do_logout(asked: argparse.Namespace) -> int:
    logout(asked.token_file, asked.ca_file or True)
    return DONE


def do_whoami(asked: argparse.Namespace) -> int:
    said = gate_of(asked).whoami()
    if is_json(asked):
        print_json(said)
    else:
        print_table([said], [name for name in ("subject", "name", "role", "scope") if name in said])
    return DONE


def do_launch(asked: argparse.Namespace) -> int:
    words = asked.arguments[1:] if asked.arguments[:1] == ["--"] else asked.arguments
    what: Dict[str, Any] = {"artifact": asked.artifact, "resource": asked.resource}
    file = None
    if not asked.artifact and not asked.resource:
        if not asked.file:
            raise UsageError("launch: give a file, --artifact or --resource")
        file = asked.file
        if not is_uri(file) and not os.path.isfile(file):
            raise GateError(f"{file}: no such file")
    elif asked.file:
        words = [asked.file, *words]
    app = gate_of(asked).launch(file, *words, cluster=asked.cluster, profile=asked.profile, name=asked.name,
                                main_class=asked.main_class, environment=pairs(asked.environment, "--env"),
                                conf=pairs(asked.conf, "--conf"), progress=Bar(os.path.basename(file or "")), **what)
    if asked.detach:
        return show_one(asked, app)
    say(f"{app.id} {app.said.get('state')}")
    return follow(app)


def do_list(asked: argparse.Namespace) -> int:
    query = {"owner": "all" if asked.all else None, "state": asked.state}
    apps = gate_of(asked).applications(**{name: value for name, value in query.items() if value})
    return show_rows(asked, [app.said for app in apps], APPLICATION)


def do_show(asked: argparse.Namespace) -> int:
    return show_one(asked, gate_of(asked).application(asked.id))


def do_logs(asked: argparse.Namespace) -> int:
    app = gate_of(asked).application(asked.id)
    if asked.follow:
        return follow(app, asked.container)
    for line in app.logs(asked.container, since=asked.since):
        print(line)
    return DONE


def do_wait(asked: argparse.Namespace) -> int:
    app = gate_of(asked).application(asked.id).wait(asked.timeout)
    say(f"{app.id} {app.state}")
    return exit_code_of(app)


def do_events(asked: argparse.Namespace) -> int:
    return show_rows(asked, gate_of(asked).application(asked.id).events(), ("at", "about", "text"))


def do_kill(asked: argparse.Namespace) -> int:
    return show_one(asked, gate_of(asked).application(asked.id).kill())


def do_restart(asked: argparse.Namespace) -> int:
    return show_one(asked, gate_of(asked).application(asked.id).restart())


def do_profiles(asked: argparse.Namespace) -> int:
    return show_rows(asked, gate_of(asked).profiles(), ("cluster", "name", "executors", "running"))


def artifacts_of(asked: argparse.Namespace) -> Artifacts:
    return gate_of(asked).artifacts.of(asked.cluster)


def do_artifacts_list(asked: argparse.Namespace) -> int:
    return show_rows(asked, artifacts_of(asked).list(), ("name", "size", "modified"))


def do_artifacts_put(asked: argparse.Namespace) -> int:
    told = artifacts_of(asked).put(asked.file, asked.name, Bar(os.path.basename(asked.file)))
    return show_rows(asked, [told], ("name", "size", "sha256"))


def do_artifacts_delete(asked: argparse.Namespace) -> int:
    artifacts_of(asked).delete(asked.name)
    return DONE


def do_tokens_list(asked: argparse.Namespace) -> int:
    return show_rows(asked, gate_of(asked).tokens(), ("id", "client_name", "user", "role", "state", "scope", "expires_at"))


def do_tokens_create(asked: argparse.Namespace) -> int:
    """Into a file that nobody else reads, for a secret is not printed. It is made first: a token that could not be kept
    is not asked for."""
    file = TokenFile(asked.output)
    os.close(os.open(file.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        gate = gate_of(asked)
        made = gate.create_register_token(asked.client_name, asked.access_ttl, asked.refresh_ttl, asked.token_type,
                                          asked.user, asked.scope, asked.note)
        if made.get("registration_token"):
            with open(file.path, "w", encoding="utf-8") as output:
                output.write(made["registration_token"] + "\n")
        else:
            file.write({**made, "url": gate.url})
    except BaseException:
        file.remove()
        raise
    say(f"token {made['id']} is in {asked.output}")
    return DONE


def do_tokens_revoke(asked: argparse.Namespace) -> int:
    gate_of(asked).revoke_token(asked.id)
    return DONE


# --- the words

def parser_of() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sparkgate-client", description="Launch and watch Spark applications through sparkgate.")
    parser.add_argument("--version", action="version", version=f"sparkgate-client {__version__}")
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--url", default=os.environ.get("SPARKGATE_URL"), help="the gateway's; else $SPARKGATE_URL, else the one of the login")
    common.add_argument("--token-file", metavar="FILE", help=f"else $SPARKGATE_TOKEN_FILE, else {default_file()}")
    common.add_argument("--ca-file", metavar="FILE", help="certificates to trust, for a gateway with its own")
    common.add_argument("--json", action="store_true", help="JSON on a terminal, too")

    def verb(where: Any, name: str, run: Callable[[argparse.Namespace], int], help: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = where.add_parser(name, parents=[common], help=help, description=help)
        made.set_defaults(run=run)
        return made

    add_sign_in(functools.partial(verb, verbs))
    add_applications(functools.partial(verb, verbs))
    groups = (("artifacts", add_artifacts, "files in the object storage"), ("tokens", add_tokens, "tokens for programs"))
    for name, add, help in groups:
        group = verbs.add_parser(name, help=help, description=help).add_subparsers(metavar="VERB", required=True)
        add(functools.partial(verb, group))
    return parser


Verb = Callable[[str, Callable[[argparse.Namespace], int], str], argparse.ArgumentParser]


def add_sign_in(verb: Verb) -> None:
    made = verb("login", do_login, "sign in with a browser anywhere")
    made.add_argument("--scope", default="", help='narrows the tokens: "view cluster:prod"')
    made.add_argument("--client-name", help="what the page calls this program")
    made.add_argument("--admin", action="store_true", help="an administrator's token")
    verb("register", do_register, "exchange a registration token, read from the terminal or standard input")
    verb("logout", do_logout, "revoke the tokens, and remove the file")
    verb("whoami", do_whoami, "whose tokens they are, and what they open")


def add_applications(verb: Verb) -> None:
    made = verb("launch", do_launch, "upload a file, start it, and follow its log")
    made.add_argument("--cluster", required=True)
    made.add_argument("--profile", required=True)
    made.add_argument("--name")
    made.add_argument("--class", dest="main_class", metavar="CLASS", help="of a jar")
    made.add_argument("--artifact", metavar="NAME", help="in place of a file: one that was put before")
    made.add_argument("--resource", metavar="URI", help="in place of a file: what the operator allows")
    made.add_argument("--conf", action="append", metavar="KEY=VALUE")
    made.add_argument("--env", dest="environment", action="append", metavar="NAME=VALUE")
    made.add_argument("--detach", "-d", action="store_true", help="return at once, with its id")
    made.add_argument("file", nargs="?", help="Python or a jar")
    made.add_argument("arguments", nargs=argparse.REMAINDER, help="the application's")
    made = verb("list", do_list, "your applications, newest first")
    made.add_argument("--all", action="store_true", help="others', too, as far as you may see them")
    made.add_argument("--state", help="live, or one state")
    verb("show", do_show, "one application").add_argument("id")
    made = verb("logs", do_logs, "print a log")
    made.add_argument("--follow", "-f", action="store_true", help="until it has ended; the exit code is the application's")
    made.add_argument("--container", default="driver", help="driver, or executor-N")
    made.add_argument("--since", metavar="TIME", help="as 2026-01-31T12:00:00Z")
    made.add_argument("id")
    made = verb("wait", do_wait, "until it has ended; the exit code is the application's")
    made.add_argument("--timeout", type=float, metavar="SECONDS")
    made.add_argument("id")
    verb("events", do_events, "what happened to it").add_argument("id")
    verb("kill", do_kill, "end it").add_argument("id")
    verb("restart", do_restart, "launch the same once more").add_argument("id")
    verb("profiles", do_profiles, "what you may launch")


def add_artifacts(verb: Verb) -> None:
    verb("list", do_artifacts_list, "your files").add_argument("--cluster")
    made = verb("put", do_artifacts_put, "upload a file")
    made.add_argument("--cluster")
    made.add_argument("--name", help="else the file's")
    made.add_argument("file")
    made = verb("delete", do_artifacts_delete, "remove one")
    made.add_argument("--cluster")
    made.add_argument("name")


def add_tokens(verb: Verb) -> None:
    verb("list", do_tokens_list, "your tokens, without their secrets")
    made = verb("create", do_tokens_create, "a token for another program, into a new file")
    made.add_argument("--client-name", required=True)
    made.add_argument("--output", required=True, metavar="FILE", help="where the token goes; mode 0600")
    made.add_argument("--user", help="somebody else: the file gets a registration token")
    made.add_argument("--token-type", choices=("user", "admin"), default="user")
    made.add_argument("--access-ttl", metavar="1h")
    made.add_argument("--refresh-ttl", metavar="30d")
    made.add_argument("--scope")
    made.add_argument("--note")
    verb("revoke", do_tokens_revoke, "end one for good").add_argument("id")


def main(words: Optional[Sequence[str]] = None) -> int:
    asked = parser_of().parse_args(words)
    try:
        result: int = asked.run(asked)
        return result
    except UsageError as error:
        say(f"sparkgate-client: {error}")
        return USAGE
    except GateError as error:
        say(f"sparkgate-client: {error}")
        return FAILED
    except BrokenPipeError:
        sys.stderr.close()
        return FAILED
    except requests.RequestException as error:
        say(f"sparkgate-client: the gateway's answer broke off: {error}")
        return FAILED
    except OSError as error:
        say(f"sparkgate-client: {error.filename or 'the system'}: {error.strerror or error}")
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
