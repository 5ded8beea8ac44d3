"""Three people's applications on one real cluster of Spark, and the event logs of all of them.

`with Estate("4.3") as estate: estate.people["alice"].apps["running"]`. Nothing else on the machine has these users' and
applications' names, so that a search for them in any bytes tells whether something of a person is there.

| person | applications | what tells Spark's user |
|---|---|---|
| alice | one that runs, two that have ended | her own account: the master and the event log |
| bob | the same | SPARK_USER: only the event log, for he shares the account that submits |
| carol | one that has ended; one without a master, so only the history server knows it | she is a proxy user: only the event log |

Bob's application that runs names one reader in spark.ui.view.acls; a log of one of his others does, too.
"""

import dataclasses

from spark_cluster import Cluster, fetch_json


READER = "dorareyes"  # has no application


@dataclasses.dataclass
class Person:
    user: str
    word: str  # in the name of each of their applications
    apps: dict = dataclasses.field(default_factory=dict)

    def traces(self):
        """What tells of this person, in lower case."""
        ids = [app["id"] for app in self.apps.values()]
        return [text.lower().encode() for text in (self.user, self.word, *ids)]


def people():
    return {"alice": Person("aliceokafor", "quartzledger"), "bob": Person("bobvirtanen", "payrollzinc"),
            "carol": Person("carolyeoh", "mergertopaz")}


class Estate:
    def __init__(self, spark="4.3"):
        # one worker, so that executors of different people are neighbours
        self.cluster, self.people = Cluster(spark, workers=1, apps=False), people()

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.cluster.stop()
            raise

    def __exit__(self, *_):
        self.cluster.stop()

    def start(self):
        self.cluster.start()
        running = {name: self.submit(name) for name in ("alice", "bob")}
        for name in self.people:
            self.run_to_the_end(name)
        for name, app in running.items():
            self.people[name].apps["running"] = self.cluster.await_app(app)
        self.cluster.wait_for(lambda: not self.missing_in_history(), "all event logs in the history server")
        return self

    # -- submitting ----------------------------------------------------------------------------------------------

    def how(self, name, title):
        """The master tells Java's `user.name`; the event log SPARK_USER, else the proxy user."""
        user, conf = self.people[name].user, {}
        if name == "carol":
            return {"more": ["--proxy-user", user, *(["--master", "local[2]"] if title == "weekly" else [])]}
        if name == "alice":
            conf["spark.driver.extraJavaOptions"] = f"{self.cluster.java_opts()} -Duser.name={user}"
        elif title != "weekly":
            conf["spark.ui.view.acls"] = f"somebodyelse,{READER}"
        return {"env": {"SPARK_USER": user}, "conf": conf}

    def submit(self, name):
        return self.cluster.submit("running", f"{self.people[name].word} stream", cores=2, **self.how(name, "stream"))

    def run_to_the_end(self, name):
        for title in ("daily", "weekly"):
            how = self.how(name, title)
            run = self.cluster.run_to_its_end if "--master" in how.get("more", []) else self.cluster.run_finished
            self.people[name].apps[title] = run(f"{self.people[name].word} {title}", **how)

    # -- what tests read -----------------------------------------------------------------------------------------

    def listed(self):
        """{id: users of its attempts}, as the history server has them."""
        apps = fetch_json(f"{self.cluster.history_url}/api/v1/applications") or []
        return {app["id"]: {attempt["sparkUser"] for attempt in app["attempts"]} for app in apps}

    def missing_in_history(self):
        listed = self.listed()
        return [app["id"] for person in self.people.values() for app in person.apps.values()
                if listed.get(app["id"]) != {person.user}]

    def traces_of_others(self, name):
        return [trace for other, person in self.people.items() if other != name for trace in person.traces()]

    def info(self):
        """As spark_cluster.Cluster.info(), with every application."""
        info = self.cluster.info()
        info["apps"] = {f"{name} {title}": {**app, "daemon": None, "status": None}
                        for name, person in self.people.items() for title, app in person.apps.items()}
        return info
