-- wrk -s first_seen.lua URL -- TOKENS START: each request has the next token of the file, from number START on and round.
local tokens, at = {}, 0

function init(args)
  for line in io.lines(args[1]) do
    tokens[#tokens + 1] = "Bearer " .. line
  end
  at = tonumber(args[2])
end

function request()
  at = at % #tokens + 1
  wrk.headers["Authorization"] = tokens[at]
  return wrk.format()
end
