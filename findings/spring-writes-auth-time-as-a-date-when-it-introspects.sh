#!/bin/sh
# Spring Authorization Server writes auth_time as a number in an ID token, and as a date in text when it introspects that token.
#
# Versions: Spring Security 7.1.2 (its authorization server) with Spring Boot 4.1.2. It needs Java 17 with javac, and Maven.
# Seen:     The ID token has "auth_time": 1796016060. The answer of /oauth2/introspect for the same token has
#           "auth_time": "2026-11-30T05:21:00.288Z", while its exp, iat and nbf are numbers as in the token.
# Guess:    Introspection repeats the token's claims as they are, so what reads the one can read the other.
# Matters:  A program that asks for max_age, or for a recent sign-in, and reads auth_time as seconds gets nothing, 2026 seconds or an
#           error, by which answer it looked at. Take a text for "not known", not for 0, which is a sign-in long ago.
set -eu
tmp=$(mktemp -d)
spring=
trap '[ -z "$spring" ] || { kill "$spring" 2>/dev/null && wait "$spring" || :; }; rm -rf "$tmp"' EXIT
cd "$tmp"
cat >pom.xml <<'XML'
<project>
  <modelVersion>4.0.0</modelVersion>
  <parent>
    <groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-parent</artifactId><version>4.1.2</version>
    <relativePath/>
  </parent>
  <groupId>findings</groupId><artifactId>spring</artifactId><version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.springframework.boot</groupId>
      <artifactId>spring-boot-starter-security-oauth2-authorization-server</artifactId>
    </dependency>
  </dependencies>
</project>
XML
mvn -q -B -Dstyle.color=never -Dmaven.repo.local="$tmp/maven" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$tmp/lib"
cat >Server.java <<'JAVA'
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Configuration;

@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
public class Server {
    public static void main(String[] words) {
        SpringApplication.run(Server.class, words);
    }
}
JAVA
javac -proc:none -cp 'lib/*' -d classes Server.java
client=spring.security.oauth2.authorizationserver.client.app
java -Xmx256m -XX:TieredStopAtLevel=1 -cp 'classes:lib/*' Server --server.address=127.0.0.1 --server.port=0 --spring.main.banner-mode=off \
	--spring.security.user.name=ann "--spring.security.user.password={noop}a-password" \
	--$client.registration.client-id=app "--$client.registration.client-secret={noop}a-secret" \
	--$client.registration.client-authentication-methods=client_secret_post \
	--$client.registration.authorization-grant-types=authorization_code \
	--$client.registration.redirect-uris=http://127.0.0.1/back --$client.registration.scopes=openid \
	--$client.require-proof-key=false >server.log 2>&1 &
spring=$!
until port=$(grep -o 'Tomcat started on port [0-9]*' server.log | grep -o '[0-9]*$'); do
	kill -0 "$spring"
	sleep 1
done
python3 - "http://127.0.0.1:$port" <<'PYTHON'
import base64
import html.parser
import http.cookiejar
import json
import sys
import urllib.error
import urllib.parse
import urllib.request

server, back = sys.argv[1], "http://127.0.0.1/back"


class StopsAtTheClient(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, request, file, code, message, headers, url):
        if url.startswith(back):
            raise urllib.error.HTTPError(url, code, message, headers, file)
        return super().redirect_request(request, file, code, message, headers, url)


class Fields(html.parser.HTMLParser):
    values = {}

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "input" and given.get("type") == "hidden":
            self.values[given["name"]] = given["value"]


browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()), StopsAtTheClient)


def post(path, **form):
    return browser.open(server + path, urllib.parse.urlencode(form).encode(), timeout=60)


query = urllib.parse.urlencode({"response_type": "code", "client_id": "app", "scope": "openid", "redirect_uri": back})
page = Fields()
page.feed(browser.open(urllib.request.Request(f"{server}/oauth2/authorize?{query}", headers={"Accept": "text/html"})).read().decode())
try:
    post("/login", username="ann", password="a-password", **page.values)
    sys.exit("no code was given")
except urllib.error.HTTPError as stopped:
    code = urllib.parse.parse_qs(urllib.parse.urlsplit(stopped.url).query)["code"][0]
app = {"client_id": "app", "client_secret": "a-secret"}
token = json.load(post("/oauth2/token", grant_type="authorization_code", code=code, redirect_uri=back, **app))["id_token"]
claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
answer = json.load(post("/oauth2/introspect", token=token, **app))
for name in ("auth_time", "iat", "exp"):
    print(f"{name}: {claims[name]!r} in the token, {answer[name]!r} in the answer")
sys.exit(not (isinstance(claims["auth_time"], int) and isinstance(answer["auth_time"], str) and answer["exp"] == claims["exp"]))
PYTHON
