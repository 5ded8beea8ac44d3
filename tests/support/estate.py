"""Three people's applications on one real cluster of Spark, and the event logs of all of them.

`with Estate("4.3") as estate: estate.people["alice"].apps["running"]`. Nothing else on the machine has these users' and
applications' names, so that a search for them in any bytes tells whether something of a person is there.

| person | applications | Spark's user by |
|---|---|---|
| alice, bob | one that runs, two that have ended | the account that submits (`user.name`, SPARK_USER) |
| carol | two that only the history server knows: they ran without a master | a proxy user |

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
        running = {name: self.submit(self.people[name]) for name in ("alice", "bob")}
        for name in ("alice", "bob"):
            self.run_to_the_end(self.people[name], self.cluster.run_finished)
        self.run_to_the_end(self.people["carol"], self.run_without_master)
        for name, app in running.items():
            self.people[name].apps["running"] = self.cluster.await_app(app)
        self.cluster.wait_for(lambda: not self.missing_in_history(), "all event logs in the history server")
        return self

    # -- submitting ----------------------------------------------------------------------------------------------

    def as_account(self, person, title):
        """As if that account had submitted it. The master tells Java's `user.name`, the event log SPARK_USER."""
        options = f"{self.cluster.java_opts()} -Duser.name={person.user}"
        conf = {"spark.driver.extraJavaOptions": options}
        if person is self.people["bob"] and title != "weekly":
            conf["spark.ui.view.acls"] = f"somebodyelse,{READER}"
        return {"env": {"SPARK_USER": person.user}, "conf": conf}

    def submit(self, person):
        return self.cluster.submit("running", f"{person.word} stream", cores=2, **self.as_account(person, "stream"))

    def run_to_the_end(self, person, run):
        for title in ("daily", "weekly"):
            person.apps[title] = run(f"{person.word} {title}", **self.as_account(person, title))

    def run_without_master(self, name, **_):
        return self.cluster.run_to_its_end(
            name, more=["--master", "local[2]", "--proxy-user", self.people["carol"].user])

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
