-- HAProxy (2.6 or newer) asks sparkgate about a request: `http-request lua.sparkgate`, see haproxy.cfg. In the words of Traefik's ForwardAuth.
local ADDRESS = "http://127.0.0.1:8482/_gate/auth/traefik" -- by haproxy.cfg's `listen ask`
local SHOWN = {"authorization", "cookie", "accept", "origin", "referer", "sec-fetch-dest", "sec-fetch-mode", "sec-fetch-site",
	"sec-websocket-key", "upgrade", "service-worker", "x-requested-with"}
local TOLD = {"x-auth-request-user", "x-auth-request-preferred-username", "x-auth-request-groups", "x-auth-request-email",
	"x-forwarded-user", "x-forwarded-groups", "x-forwarded-email"}
local OF_THE_HOP = {["connection"] = true, ["content-length"] = true, ["keep-alive"] = true, ["transfer-encoding"] = true}

local function values(field)
	local list = {}
	for _, value in pairs(field or {}) do
		list[#list + 1] = value
	end
	return list
end

local function question(txn)
	local fields = txn.http:req_get_headers()
	local headers = {
		["x-forwarded-method"] = {txn.f:method()},
		["x-forwarded-proto"] = {txn.f:ssl_fc() == 1 and "https" or "http"},
		["x-forwarded-host"] = values(fields["host"]),
		["x-forwarded-uri"] = {txn.f:pathq()},
		["x-forwarded-for"] = {txn.f:src()},
	}
	for _, name in ipairs(SHOWN) do
		if fields[name] then
			headers[name] = values(fields[name])
		end
	end
	return headers
end

-- What is no word of the gateway's own is HAProxy's for no answer: nothing was refused, and it is to be asked again.
local function refuse(txn, answer)
	local reply = txn:reply()
	local status, headers = answer and answer.status or 0, answer and answer.headers or {}
	if status < 300 or status == 502 or status == 504 then
		status, headers, answer = 503, {}, nil
	end
	reply:set_status(status)
	if status == 503 and not headers["retry-after"] then
		reply:add_header("retry-after", "5")
	end
	for name, field in pairs(headers) do
		if not OF_THE_HOP[name] then
			for _, value in pairs(field) do
				reply:add_header(name, value)
			end
		end
	end
	reply:set_body(answer and answer.body or "")
	txn:done(reply)
end

core.register_action("sparkgate", {"http-req"}, function(txn)
	local answer = core.httpclient():get({url = ADDRESS, headers = question(txn), timeout = 10000})
	if not answer or answer.status ~= 200 then
		return refuse(txn, answer)
	end
	for _, name in ipairs(TOLD) do
		txn.http:req_del_header(name)
		for _, value in ipairs(values(answer.headers[name])) do
			txn.http:req_add_header(name, value)
		end
	end
end)
