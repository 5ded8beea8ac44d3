#!/bin/sh
# A log receiver whose name is not known ends the program at its start, if log4j2 has an <Async> queue before it.
#
# Versions: log4j-core 2.25.4 (as in Spark 4.3). It needs a JDK 17 and Maven.
# Seen:     <Socket> with a host that does not resolve is left out, with an error on standard error, and the program runs. The same
#           behind <Async> throws ConfigurationException out of the first getLogger(), so the program ends. A <Null> appender beside
#           it in the queue lets the program run.
# Guess:    What is wrong with a log's receiver is said on standard error, and the program runs without it. So it is for a file, a
#           socket or a layout that is missing, and a queue is only there so that nobody waits.
# Matters:  People put a queue before a network appender to make it harmless. Then each start of a master, driver or executor of Spark
#           needs DNS, and an outage of it turns into one of Spark. A layout whose jar is missing (Spark 3.5) does the same.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
for name in log4j-api log4j-core; do
	mvn -B -q dependency:copy -Dartifact=org.apache.logging.log4j:$name:2.25.4 -DoutputDirectory="$tmp" >/dev/null
done
cat >Say.java <<'JAVA'
public class Say {
	public static void main(String[] words) {
		org.apache.logging.log4j.LogManager.getLogger("say").info("hello");
		System.out.println("the program ran");
	}
}
JAVA
config() { # what the queue has, what the root uses
	cat <<XML
<Configuration status="off"><Appenders>
<Socket name="udp" protocol="UDP" host="nobody.invalid" port="9"><PatternLayout pattern="%m"/></Socket><Null name="null"/>
<Async name="queue">$1</Async></Appenders><Loggers><Root level="info">$2</Root></Loggers></Configuration>
XML
}
says() { # the name of a case, its queue, its root
	config "$2" "$3" >"$1.xml"
	code=0
	said=$(java -Dlog4j2.configurationFile="file:$tmp/$1.xml" -cp "$tmp/*" Say.java 2>&1) || code=$?
	echo "$1: exit $code: $(echo "$said" | grep -o 'No appenders are available.*\|the program ran' | head -1)"
	test "$code" -eq "$4"
}
says without-a-queue '<AppenderRef ref="null"/>' '<AppenderRef ref="udp"/>' 0
says with-a-queue '<AppenderRef ref="udp"/>' '<AppenderRef ref="queue"/>' 1
says with-a-second-appender '<AppenderRef ref="udp"/><AppenderRef ref="null"/>' '<AppenderRef ref="queue"/>' 0
