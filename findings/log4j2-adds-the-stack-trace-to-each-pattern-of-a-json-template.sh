#!/bin/sh
# Each field of log4j2's JsonTemplateLayout that is a pattern gets the event's whole stack trace at its end, whatever the pattern is.
#
# Versions: log4j-layout-template-json 2.25.4 (as in Spark 4.3). It needs a JDK 17 and Maven.
# Seen:     {"$resolver": "pattern", "pattern": "driver"} is "driver", and "driver" with the stack trace behind it in a line that has an
#           exception. With "stackTraceEnabled": false it is "driver" in both.
# Guess:    A pattern gives what it says. In a template an exception has a resolver of its own, so a pattern without %ex has none.
# Matters:  Patterns make short fields that people search and group by, such as an application or a container. They are right in all
#           lines but those of errors, which are the ones that are searched for.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
for name in log4j-api log4j-core log4j-layout-template-json; do
	mvn -B -q dependency:copy -Dartifact=org.apache.logging.log4j:$name:2.25.4 -DoutputDirectory="$tmp" >/dev/null
done
cat >Say.java <<'JAVA'
public class Say {
	public static void main(String[] words) {
		org.apache.logging.log4j.Logger log = org.apache.logging.log4j.LogManager.getLogger("say");
		log.info("well");
		log.error("not well", new RuntimeException("why"));
	}
}
JAVA
cat >log.xml <<'XML'
<Configuration status="warn"><Appenders><Console name="out"><JsonTemplateLayout eventTemplate='{
  "plain": {"$resolver": "pattern", "pattern": "driver"},
  "short": {"$resolver": "pattern", "pattern": "driver", "stackTraceEnabled": false}}'/></Console></Appenders>
<Loggers><Root level="info"><AppenderRef ref="out"/></Root></Loggers></Configuration>
XML
java -Dlog4j2.configurationFile="file:$tmp/log.xml" -cp "$tmp/*" Say.java | tee said
test "$(sed -n 1p said)" = '{"plain":"driver","short":"driver"}'
sed -n 2p said | grep -q '^{"plain":"driver.*RuntimeException: why.*Say.main.*,"short":"driver"}$'
