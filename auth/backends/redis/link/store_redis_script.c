/*
 * Redis runs a script with nothing else in between, so each of these is a transaction: what has
 * ended is never brought back, and what takes something away says so on the channel in the same
 * breath. Indexes are asked with pcall where a key of the wrong type must not keep a session alive.
 */
#include "auth/backends/redis/link/store_redis_cmd.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#define PREFIX "local p=string.match(KEYS[1],'^[^:]*:')\n" /* of a cluster it is another */
#define FORGET                                                                                     \
	"local function forget(h)\n"                                                               \
	" local k=p..'session:'..h\n"                                                              \
	" local at=redis.pcall('HMGET',k,'person','sid')\n"                                        \
	" local n=redis.call('DEL',k)\n"                                                           \
	" for _,z in ipairs({'sessions','ends','seen'}) do redis.pcall('ZREM',p..z,h) end\n"       \
	" if at[1] then redis.pcall('ZREM',p..'person:'..at[1],h) end\n"                           \
	" if at[2] and at[2]~='' then redis.pcall('ZREM',p..'sid:'..at[2],h) end\n"                \
	" return n\n"                                                                              \
	"end\n"
/* Entries of sessions that died by themselves go when the next one comes: the oldest 50 a time. */
#define INDEX                                                                                      \
	"local function index(k,h,created,ttl)\n"                                                  \
	" for _,m in ipairs(redis.call('ZRANGE',k,0,49)) do\n"                                     \
	"  if redis.call('EXISTS',p..'session:'..m)==0 then redis.call('ZREM',k,m) end\n"          \
	" end\n"                                                                                   \
	" redis.call('ZADD',k,created,h)\n"                                                        \
	" if redis.call('PTTL',k)<ttl then redis.call('PEXPIRE',k,ttl) end\n"                      \
	"end\n"

/* Those alive, by age, all and by whose they are: in (`created` is when it was made) or out. What
 * has just ended is there until the next purge. */
#define LIVING                                                                                     \
	"local function living(id,subject,created)\n"                                              \
	" local ks={p..'living'}\n"                                                                \
	" if type(subject)=='string' then ks[2]=p..'living:of:'..redis.sha1hex(subject) end\n"     \
	" for _,k in ipairs(ks) do\n"                                                              \
	"  if created then redis.call('ZADD',k,created,id) else redis.pcall('ZREM',k,id) end\n"    \
	" end\n"                                                                                   \
	"end\n"

/* Those that open nothing any more, by whose they are and by age: in (`created`) or out. */
#define DEAD                                                                                       \
	"local function dead(id,subject,created)\n"                                                \
	" if type(subject)~='string' then return end\n"                                            \
	" local k=p..'dead:of:'..redis.sha1hex(subject)\n"                                         \
	" if created then redis.call('ZADD',k,created,id) else redis.pcall('ZREM',k,id) end\n"     \
	"end\n"

/* A token's record and every entry of it go. */
#define DROP                                                                                       \
	"local function drop(id)\n"                                                                \
	" local of=redis.pcall('HGET',p..'token:'..id,'subject')\n"                                \
	" living(id,of) dead(id,of)\n"                                                             \
	" if type(of)=='string' then redis.pcall('ZREM',p..'tokens:of:'..redis.sha1hex(of),id) "   \
	"end\n"                                                                                    \
	" redis.call('DEL',p..'token:'..id)\n"                                                     \
	" for _,z in "                                                                             \
	"ipairs({'tokens','tokens:user','tokens:admin','token_ends','token_revoked'}) "            \
	"do redis.pcall('ZREM',p..z,id) end\n"                                                     \
	"end\n"

/* A launch that is in these sets, by its state, and in no others. */
#define LAUNCH_IN                                                                                  \
	"local function launch_in(id,state,quota,person,ended)\n"                                  \
	" local live=state=='queued' or state=='starting' or state=='running'\n"                   \
	" local function put(k,is)\n"                                                              \
	"  if is then redis.call('ZADD',k,0,id) else redis.call('ZREM',k,id) end\n"                \
	" end\n"                                                                                   \
	" put(p..'launches:live',live)\n"                                                          \
	" put(p..'launches:wait:'..quota,state=='queued')\n"                                       \
	" put(p..'launches:run:'..quota,live and state~='queued')\n"                               \
	" put(p..'launches:dead:of:'..person,not live)\n"                                          \
	" if not live then redis.call('ZADD',p..'launches:ended',ended,id) end\n"                  \
	"end\n"

/* A launch's record and every entry of it go. */
#define LAUNCH_DROP                                                                                \
	"local function launch_drop(id)\n"                                                         \
	" local was=redis.pcall('HMGET',p..'launch:'..id,'person','quota','idem')\n"               \
	" if was.err then was={} end\n"                                                            \
	" redis.call('DEL',p..'launch:'..id)\n"                                                    \
	" local ks={'launches','launches:live','launches:ended'}\n"                                \
	" if was[1] then ks[4]='launches:of:'..was[1] ks[5]='launches:dead:of:'..was[1] end\n"     \
	" for _,k in ipairs(ks) do redis.pcall('ZREM',p..k,id) end\n"                              \
	" if was[2] then\n"                                                                        \
	"  redis.pcall('ZREM',p..'launches:run:'..was[2],id)\n"                                    \
	"  redis.pcall('ZREM',p..'launches:wait:'..was[2],id)\n"                                   \
	" end\n"                                                                                   \
	" local k=was[3] and was[3]~='' and p..'launches:idem:'..was[3]\n"                         \
	" if k and redis.pcall('GET',k)==id then redis.call('DEL',k) end\n"                        \
	"end\n"

/* A limited administrator's token counts as a user's, and so does one of custom roles. */
#define COUNTED                                                                                    \
	"local function counted(role,scope)\n"                                                     \
	" return (role=='custom' or role=='admin' and scope and scope~='') and 'user' or role\n"   \
	"end\n"

static const char *const scripts[REDIS_SCRIPTS] = {
	/* key; hex person sid sealed label created seen expires old link channel. 1: opened; 0: the
	 * link is not good; -1: the key is taken. Lifetimes are differences of the gateway's own
	 * times, so that Redis may have another clock. */
	[REDIS_SESSION_OPEN] = PREFIX FORGET INDEX
	"local h,person,sid,created,expires=ARGV[1],ARGV[2],ARGV[3],ARGV[6],ARGV[8]\n"
	"if redis.call('EXISTS',KEYS[1])==1 then return -1 end\n"
	"if ARGV[10]~='' then\n"
	" local l=redis.call('HMGET',p..'link','hash','expires')\n"
	" local over=tonumber(l[2])\n"
	" if l[1]~=ARGV[10] or not over or over<=tonumber(created) then return 0 end\n"
	"end\n"
	"local ttl=math.max(1000,(tonumber(expires)-tonumber(created))*1000)\n"
	"index(p..'person:'..person,h,created,ttl)\n"
	"if sid~='' then index(p..'sid:'..sid,h,created,ttl) end\n"
	"redis.call('ZADD',p..'sessions',created,h)\n"
	"redis.call('ZADD',p..'ends',expires,h)\n"
	"redis.call('ZADD',p..'seen',ARGV[7],h)\n"
	"redis.call('HSET',KEYS[1],'person',person,'sid',sid,'sealed',ARGV[4],'label',ARGV[5],"
	"'version','1','created',created,'seen',ARGV[7],'expires',expires)\n"
	"redis.call('PEXPIRE',KEYS[1],ttl)\n"
	"if ARGV[10]~='' then\n"
	" redis.call('DEL',p..'link') redis.call('HSET',p..'meta','link_used','1')\n"
	"end\n"
	"if ARGV[9]~='' and forget(ARGV[9])==1 then redis.call('PUBLISH',ARGV[11],'1') end\n"
	"return 1",

	/* key; hex version sealed label sid expires. 0: ended, or replaced by another. Nobody is
	 * told: it is done when the provider is to be asked again, which all know of. */
	[REDIS_SESSION_REPLACE] = PREFIX INDEX
	"local h,sid=ARGV[1],ARGV[5]\n"
	"local was=redis.pcall('HMGET',KEYS[1],'version','expires','person','sid','created')\n"
	"local old,created=tonumber(was[2]),tonumber(was[5])\n"
	"if was.err or was[1]~=ARGV[2] or not old or not created or not was[3] then return 0 end\n"
	"local ttl=redis.call('PTTL',KEYS[1])\n"
	"if ttl<0 then return 0 end\n"
	"ttl=math.max(1,ttl+(tonumber(ARGV[6])-old)*1000)\n"
	"if was[4] and was[4]~='' and was[4]~=sid then redis.pcall('ZREM',p..'sid:'..was[4],h) "
	"end\n"
	"index(p..'person:'..was[3],h,was[5],ttl)\n"
	"if sid~='' then index(p..'sid:'..sid,h,was[5],ttl) end\n"
	"redis.call('ZADD',p..'ends',ARGV[6],h)\n"
	"redis.call('HSET',KEYS[1],'sealed',ARGV[3],'label',ARGV[4],'sid',sid,'expires',ARGV[6],"
	"'version',string.format('%.0f',tonumber(ARGV[2])+1))\n"
	"redis.call('PEXPIRE',KEYS[1],ttl)\n"
	"return 1",

	/* key; hex channel. How many there were. */
	[REDIS_SESSION_END] = PREFIX FORGET "local n=forget(ARGV[1])\n"
					    "if n==1 then redis.call('PUBLISH',ARGV[2],'1') end\n"
					    "return n",

	/* index; limit channel. How many were ended, and how many were looked at. */
	[REDIS_SESSION_END_ALL] = PREFIX FORGET
	"local n,all=0,redis.call('ZRANGE',KEYS[1],0,tonumber(ARGV[1])-1)\n"
	"for _,h in ipairs(all) do n=n+forget(h) redis.call('ZREM',KEYS[1],h) end\n"
	"if n>0 then redis.call('PUBLISH',ARGV[2],'1') end\n"
	"return {n,#all}",

	/* key; hex at */
	[REDIS_SESSION_TOUCH] = PREFIX "local was=tonumber(redis.call('HGET',KEYS[1],'seen'))\n"
				       "if not was or was>=tonumber(ARGV[2]) then return 0 end\n"
				       "redis.call('HSET',KEYS[1],'seen',ARGV[2])\n"
				       "redis.call('ZADD',p..'seen',ARGV[2],ARGV[1])\n"
				       "return 1",

	/* sessions; before-at before-hex limit. Those that are alive, newest first. */
	[REDIS_SESSION_PAGE] = PREFIX
	"local found,offset,limit={},0,tonumber(ARGV[3])\n"
	"while #found<limit do\n"
	" local page=redis.call('ZREVRANGEBYSCORE',KEYS[1],ARGV[1],'-inf','WITHSCORES',"
	"'LIMIT',offset,limit)\n"
	" if #page==0 then break end\n"
	" for i=1,#page,2 do\n"
	"  local old=page[i+1]~=ARGV[1] or page[i]<ARGV[2]\n"
	"  if old and #found<limit and redis.call('EXISTS',p..'session:'..page[i])==1\n"
	"  then found[#found+1]=page[i] end\n"
	" end\n"
	" offset=offset+limit\n"
	"end\n"
	"return found",

	/* sessions; digits. The key that begins with them. */
	[REDIS_SESSION_FIND] = "local at,n=0,#ARGV[1]\n"
			       "repeat\n"
			       " local some=redis.call('ZRANGE',KEYS[1],at,at+999)\n"
			       " for _,h in ipairs(some) do\n"
			       "  if string.sub(h,1,n)==ARGV[1] then return h end\n"
			       " end\n"
			       " at=at+1000\n"
			       "until #some<1000\n"
			       "return false",

	/* key; id created ends alive-set subject kept field value ... 0: the id is taken. */
	[REDIS_TOKEN_ADD] = PREFIX LIVING DEAD DROP
	"if redis.call('EXISTS',KEYS[1])==1 then return 0 end\n"
	"local k,kept=p..'dead:of:'..redis.sha1hex(ARGV[5]),tonumber(ARGV[6])\n"
	"local many=redis.call('ZCOUNT',k,'-inf','+inf')-kept\n"
	"if many>0 then\n"
	" for _,id in ipairs(redis.call('ZRANGE',k,0,math.min(many,kept)-1)) do drop(id) end\n"
	"end\n"
	"redis.call('ZADD',p..'tokens',ARGV[2],ARGV[1])\n"
	"redis.call('ZADD',p..'token_ends',ARGV[3],ARGV[1])\n"
	"redis.call('ZADD',p..'tokens:of:'..redis.sha1hex(ARGV[5]),ARGV[2],ARGV[1])\n"
	"if ARGV[4]~='' then\n"
	" redis.call('ZADD',p..ARGV[4],ARGV[3],ARGV[1])\n"
	" living(ARGV[1],ARGV[5],ARGV[2])\n"
	"end\n"
	"redis.call('HSET',KEYS[1],unpack(ARGV,7))\n"
	"return 1",

	/* index; sha1hex(subject) before-at before-id limit. Ids, newest first; the last page's end
	 * is left out by its id among those of the same second. */
	[REDIS_TOKEN_PAGE] =
		PREFIX "local k=KEYS[1]\n"
		       "if ARGV[1]~='' then k=k..':of:'..ARGV[1] end\n"
		       "local found,offset,limit={},0,tonumber(ARGV[4])\n"
		       "while #found<limit do\n"
		       " local page=redis.call('ZREVRANGEBYSCORE',k,ARGV[2],'-inf','WITHSCORES',"
		       "'LIMIT',offset,limit)\n"
		       " if #page==0 then break end\n"
		       " for i=1,#page,2 do\n"
		       "  local old=page[i+1]~=ARGV[2] or ARGV[3]=='' or page[i]<ARGV[3]\n"
		       "  if old and #found<limit then found[#found+1]=page[i] end\n"
		       " end\n"
		       " offset=offset+limit\n"
		       "end\n"
		       "return found",

	/* living; sha1hex(subject) now most. How many are alive: exact where it matters. */
	[REDIS_TOKEN_COUNT] =
		PREFIX "local k=KEYS[1]..':of:'..ARGV[1]\n"
		       "local n=redis.call('ZCOUNT',k,'-inf','+inf')\n"
		       "if n<tonumber(ARGV[3]) then return n end\n"
		       "n=0\n"
		       "for _,id in ipairs(redis.call('ZRANGE',k,0,-1)) do\n"
		       " local ends=tonumber(redis.call('HGET',p..'token:'..id,'ends'))\n"
		       " if ends and ends>tonumber(ARGV[2]) then n=n+1 end\n"
		       "end\n"
		       "return n",

	/* key; id state channel. A revoked token stays revoked. */
	[REDIS_TOKEN_STATE] = PREFIX LIVING DEAD COUNTED
	"local was=redis.pcall('HMGET',KEYS[1],'state','role','ends','subject','created','scope')\n"
	"if was.err or not was[1] or not was[2] or not tonumber(was[3]) then return 0 end\n"
	"if was[1]=='revoked' then return 1 end\n"
	"redis.call('HSET',KEYS[1],'state',ARGV[2])\n"
	"local alive=p..'tokens:'..counted(was[2],was[6])\n"
	"if ARGV[2]=='active' then redis.call('ZADD',alive,was[3],ARGV[1])\n"
	"else redis.call('ZREM',alive,ARGV[1]) end\n"
	"living(ARGV[1],was[4],ARGV[2]=='active' and was[5])\n"
	"dead(ARGV[1],was[4],ARGV[2]~='active' and was[5])\n"
	"if ARGV[2]=='revoked' then redis.call('ZADD',p..'token_revoked',was[3],ARGV[1]) end\n"
	"redis.call('PUBLISH',ARGV[3],'1')\n"
	"return 1",

	/* key; id was ends field value ... 0: not active, or the secret is another by now. */
	[REDIS_TOKEN_RENEW] = PREFIX LIVING DEAD COUNTED
	"local "
	"was=redis.pcall('HMGET',KEYS[1],'state','secret','role','subject','created','scope')\n"
	"if was.err or was[1]~='active' or was[2]~=ARGV[2] or not was[3] then return 0 end\n"
	"redis.call('HSET',KEYS[1],unpack(ARGV,4))\n"
	"redis.call('ZADD',p..'token_ends',ARGV[3],ARGV[1])\n"
	"redis.call('ZADD',p..'tokens:'..counted(was[3],was[6]),ARGV[3],ARGV[1])\n"
	"living(ARGV[1],was[4],was[5]) dead(ARGV[1],was[4])\n"
	"return 1",

	/* key; at from */
	[REDIS_TOKEN_TOUCH] = "local was=tonumber(redis.call('HGET',KEYS[1],'used'))\n"
			      "if not was or was>tonumber(ARGV[1]) then return 0 end\n"
			      "redis.call('HSET',KEYS[1],'used',ARGV[1],'used_from',ARGV[2])\n"
			      "return 1",

	/* link; now idle token-end limit audit-end launch-end. How many things went. */
	[REDIS_PURGE] = PREFIX FORGET LIVING DEAD DROP LAUNCH_DROP
	"local n=0\n"
	"local function over(z,at,drop)\n"
	" for _,m in ipairs(redis.call('ZRANGEBYSCORE',p..z,'-inf',at,'LIMIT',0,ARGV[4])) do\n"
	"  drop(m) redis.call('ZREM',p..z,m) n=n+1\n"
	" end\n"
	"end\n"
	"over('ends',ARGV[1],forget)\n"
	"over('seen',ARGV[2],forget)\n"
	"local function ended(id)\n"
	" local was=redis.pcall('HMGET',p..'token:'..id,'subject','created')\n"
	" if was.err then was={} end\n"
	" living(id,was[1]) dead(id,was[1],was[2])\n"
	"end\n"
	"over('tokens:user',ARGV[1],ended)\n"
	"over('tokens:admin',ARGV[1],ended)\n"
	"over('token_ends',ARGV[3],drop)\n"
	"over('token_revoked',ARGV[1],drop)\n"
	"over('audit',ARGV[5],function() end)\n"
	"over('launches:ended',ARGV[6],launch_drop)\n"
	"local l=tonumber(redis.call('HGET',KEYS[1],'expires'))\n"
	"if l and l<=tonumber(ARGV[1]) then redis.call('DEL',KEYS[1]) n=n+1 end\n"
	"return n",

	/* link; hash expires ttl */
	[REDIS_LINK_ADD] = "redis.call('DEL',KEYS[1])\n"
			   "redis.call('HSET',KEYS[1],'hash',ARGV[1],'expires',ARGV[2])\n"
			   "redis.call('PEXPIRE',KEYS[1],ARGV[3])\n"
			   "return 1",

	/* lease; holder ms. 1: it is yours. */
	[REDIS_LEASE_TAKE] = "local v=redis.call('GET',KEYS[1])\n"
			     "if v and v~=ARGV[1] then return 0 end\n"
			     "redis.call('SET',KEYS[1],ARGV[1],'PX',ARGV[2])\n"
			     "return 1",

	/* lease; holder */
	[REDIS_LEASE_DROP] = "if redis.call('GET',KEYS[1])==ARGV[1] then\n"
			     " return redis.call('DEL',KEYS[1])\n"
			     "end\n"
			     "return 0",

	/* owner; digest name is_claim now ttl most. The name; false: it is not settled yet. Those
	 * that died by themselves go when the next one of their name comes. Of a name that begins
	 * with a group (STORE_OWNER_GROUP) those of the group count. */
	[REDIS_OWNER] = PREFIX
	"local v=redis.call('GET',KEYS[1])\n"
	"if not v and ARGV[3]=='0' then return false end\n"
	"local n=v or ARGV[2]\n"
	"local z=p..'owners:'..(string.match(n,'^name [^\\31]*') or n)\n"
	"redis.call('ZADD',z,ARGV[4],ARGV[1])\n"
	"redis.call('PEXPIRE',z,ARGV[5])\n"
	"redis.call('SET',KEYS[1],v or ARGV[2],'PX',ARGV[5])\n"
	"if not v then\n"
	" local over=redis.call('ZCOUNT',z,'-inf','+inf')-tonumber(ARGV[6])\n"
	" if over>0 then\n"
	"  for _,m in ipairs(redis.call('ZRANGE',z,0,math.min(over,100)-1)) do\n"
	"   redis.call('DEL',p..'owner:'..m) redis.call('ZREM',z,m)\n"
	"  end\n"
	" end\n"
	" local dead=tonumber(ARGV[4])-tonumber(ARGV[5])/1000\n"
	" for _,m in ipairs(redis.call('ZRANGEBYSCORE',z,'-inf',dead,'LIMIT',0,50)) do\n"
	"  if redis.call('EXISTS',p..'owner:'..m)==0 then redis.call('ZREM',z,m) end\n"
	" end\n"
	"end\n"
	"return v or ARGV[2]",

	/* device; digest user_code source state created expires ttl of-most most text. 0: too many,
	 * or one of its codes is taken. Those that are over count no more. */
	[REDIS_DEVICE_ADD] = PREFIX
	"local all,of=p..'devices',p..'devices:of:'..ARGV[3]\n"
	"for _,z in ipairs({all,of}) do\n"
	" for _,m in ipairs(redis.call('ZRANGEBYSCORE',z,'-inf',ARGV[5])) do\n"
	"  redis.call('ZREM',z,m)\n"
	" end\n"
	"end\n"
	"local code=p..'device_code:'..ARGV[2]\n"
	"if redis.call('ZCOUNT',of,'-inf','+inf')>=tonumber(ARGV[8])\n"
	" or redis.call('ZCOUNT',all,'-inf','+inf')>=tonumber(ARGV[9])\n"
	" or redis.call('EXISTS',KEYS[1])==1 or redis.call('EXISTS',code)==1 then return 0 end\n"
	"redis.call('HSET',KEYS[1],'user_code',ARGV[2],'source',ARGV[3],'state',ARGV[4],"
	"'created',ARGV[5],'expires',ARGV[6],'text',ARGV[10])\n"
	"redis.call('PEXPIRE',KEYS[1],ARGV[7])\n"
	"redis.call('SET',code,ARGV[1],'PX',ARGV[7])\n"
	"for _,z in ipairs({all,of}) do\n"
	" redis.call('ZADD',z,ARGV[6],ARGV[1]) redis.call('PEXPIRE',z,ARGV[7])\n"
	"end\n"
	"return 1",

	/* device; digest source state expires text: the sets keep when it was to end. */
	[REDIS_DEVICE_SETTLE] = PREFIX
	"if redis.call('HGET',KEYS[1],'state')~='waiting' then return 0 end\n"
	"redis.call('HSET',KEYS[1],'state',ARGV[3],'expires',ARGV[4],'text',ARGV[5])\n"
	"return 1",

	/* device; digest user_code source */
	[REDIS_DEVICE_TAKE] = PREFIX "local n=redis.call('DEL',KEYS[1])\n"
				     "redis.call('DEL',p..'device_code:'..ARGV[2])\n"
				     "redis.call('ZREM',p..'devices',ARGV[1])\n"
				     "redis.call('ZREM',p..'devices:of:'..ARGV[3],ARGV[1])\n"
				     "return n",

	/* audit; most, then time and event of each. */
	[REDIS_AUDIT_ADD] =
		"for i=2,#ARGV,2 do redis.call('ZADD',KEYS[1],ARGV[i],ARGV[i+1]) end\n"
		"local over=redis.call('ZCOUNT',KEYS[1],'-inf','+inf')-tonumber(ARGV[1])\n"
		"if over>0 then\n"
		" for _,m in ipairs(redis.call('ZRANGE',KEYS[1],0,math.min(over,100)-1)) do\n"
		"  redis.call('ZREM',KEYS[1],m)\n"
		" end\n"
		"end\n"
		"return 1",

	/* launch; id person quota idem request running queue most kept field value ... "b<id>": it
	 * is there; "o": another request is; "f": full; else its state. */
	[REDIS_LAUNCH_ADD] = PREFIX LAUNCH_IN LAUNCH_DROP
	"local id,person,quota,idem=ARGV[1],ARGV[2],ARGV[3],ARGV[4]\n"
	"local old=idem~='' and redis.call('GET',p..'launches:idem:'..idem)\n"
	"local request=old and redis.pcall('HGET',p..'launch:'..old,'request')\n"
	"if type(request)=='string' then return request==ARGV[5] and 'b'..old or 'o' end\n"
	"if redis.call('EXISTS',KEYS[1])==1 then return false end\n"
	"local run=redis.call('ZCARD',p..'launches:run:'..quota)\n"
	"local wait=redis.call('ZCARD',p..'launches:wait:'..quota)\n"
	"local state=run<tonumber(ARGV[6]) and wait==0 and 'starting'"
	" or wait<tonumber(ARGV[7]) and 'queued'\n"
	"if not state or redis.call('ZCARD',p..'launches:live')>=tonumber(ARGV[8]) then return 'f' "
	"end\n"
	"local k,kept=p..'launches:dead:of:'..person,tonumber(ARGV[9])\n"
	"local many=redis.call('ZCARD',k)-kept\n"
	"if many>0 then\n"
	" for _,m in ipairs(redis.call('ZRANGE',k,0,math.min(many,100)-1)) do launch_drop(m) end\n"
	"end\n"
	"redis.call('HSET',KEYS[1],unpack(ARGV,10))\n"
	"redis.call('HSET',KEYS[1],'state',state)\n"
	"if idem~='' then redis.call('SET',p..'launches:idem:'..idem,id) end\n"
	"redis.call('ZADD',p..'launches',0,id) redis.call('ZADD',p..'launches:of:'..person,0,id)\n"
	"launch_in(id,state,quota,person)\n"
	"return state",

	/* launch; id version state ended running field value ... 0: replaced by another, ended, or
	 * has to wait. */
	[REDIS_LAUNCH_REPLACE] = PREFIX LAUNCH_IN
	"local was=redis.pcall('HMGET',KEYS[1],'version','state','quota','person')\n"
	"if was.err or was[1]~=ARGV[2] or not was[3] or not was[4] then return 0 end\n"
	"if was[2]~='queued' and was[2]~='starting' and was[2]~='running' then return 0 end\n"
	"local running=tonumber(ARGV[5])\n"
	"if was[2]=='queued' and ARGV[3]=='starting' and running>0"
	" and redis.call('ZCARD',p..'launches:run:'..was[3])>=running then return 0 end\n"
	"redis.call('HSET',KEYS[1],unpack(ARGV,6))\n"
	"redis.call('HSET',KEYS[1],'version',string.format('%.0f',tonumber(ARGV[2])+1))\n"
	"launch_in(ARGV[1],ARGV[3],was[3],was[4],ARGV[4])\n"
	"return 1",
};

static char digests[REDIS_SCRIPTS][REDIS_SHA1HEX]; /* how EVALSHA names a script */

void redis_sha1hex(struct str text, char out[static REDIS_SHA1HEX])
{
	unsigned char sha[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (EVP_Digest(text.at, text.len, sha, &len, EVP_sha1(), NULL) != 1 || len != 20)
		abort();
	str_write_hex(sha, len, out);
}

static void init(void)
{
	for (size_t i = 0; i < REDIS_SCRIPTS; i++)
		redis_sha1hex(str_of(scripts[i]), digests[i]);
}

void redis_script_init(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, init);
}

const char *redis_script_lua(enum redis_script which)
{
	return scripts[which];
}

const char *redis_script_sha(enum redis_script which)
{
	return digests[which];
}
