"""Fills a store with tokens, quickly: copies of one that the gateway has made, each a second older than the one before.

`living` of them are as alive as the first, the oldest ones; the others have ended a day ago (or `ended` seconds), and been purged from among
the living. They belong to client:many-0 to client:many-19. What the gateway thinks of the result is the proof that the format is right.
"""

import sqlite3
import time

DAY = 24 * 3600

REDIS_FILL = """
local id,count,living,now=ARGV[1],tonumber(ARGV[2]),tonumber(ARGV[3]),tonumber(ARGV[4])
local first=tonumber(ARGV[5])
local p='sparkgate:'
local was=redis.call('HGETALL',p..'token:'..id)
local one={}
for i=1,#was,2 do one[was[i]]=was[i+1] end
for n=first,first+tonumber(ARGV[6])-1 do
 local name=string.format('%032x',n)
 local alive=n>count-living
 local created=string.format('%.0f',tonumber(one.created)-n)
 local ends=string.format('%.0f',alive and tonumber(one.ends) or now-tonumber(ARGV[7]))
 one.id,one.client_name,one.subject=name,'many-'..(n%20),'client:many-'..(n%20)
 local flat={}
 for k,v in pairs(one) do
  if k=='created' then v=created elseif k=='ends' or (not alive and (k=='expires' or k=='secret_ends')) then v=ends end
  flat[#flat+1]=k flat[#flat+1]=v
 end
 redis.call('HSET',p..'token:'..name,unpack(flat))
 local of=':of:'..redis.sha1hex(one.subject)
 redis.call('ZADD',p..'tokens',created,name)
 redis.call('ZADD',p..'tokens'..of,created,name)
 redis.call('ZADD',p..'token_ends',ends,name)
 if alive then
  redis.call('ZADD',p..'tokens:'..one.role,ends,name)
  redis.call('ZADD',p..'living',created,name)
  redis.call('ZADD',p..'living'..of,created,name)
 end
end
return count
"""


def fill_sqlite(path, token_id, count, living, ended=DAY):
    now = int(time.time())
    with sqlite3.connect(path, timeout=30) as db:
        names = [row[1] for row in db.execute("PRAGMA table_info(tokens)")]
        over = f"CASE WHEN n > {count - living} THEN {{}} ELSE {now - ended} END"
        values = {"id": "printf('%032x', n)", "client_name": "'many-' || (n % 20)", "subject": "'client:many-' || (n % 20)",
                  "created_at": "created_at - n", **{name: over.format(name) for name in ("expires_at", "secret_expires_at", "ends_at")},
                  "ended": f"n <= {count - living}"}
        db.execute(f"WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count})"
                   f" INSERT INTO tokens({', '.join(names)}) SELECT {', '.join(values.get(name, name) for name in names)}"
                   " FROM numbers, tokens WHERE id = ? AND n <= ?", (token_id, count))


def fill_redis(redis, token_id, count, living, ended=DAY):
    for first in range(1, count + 1, 5000):
        redis.call("EVAL", REDIS_FILL, 0, token_id, count, living, int(time.time()), first, min(5000, count + 1 - first), ended)
