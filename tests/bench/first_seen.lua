-- wrk -s first_seen.lua URL -- TOKENS START [COUNT]: each request has the next token of the file, from number START on and round;
-- COUNT: of the first so many.
local tokens, at = {}, 0

function init(args)
  for line in io.lines(args[1]) do
    if #tokens == tonumber(args[3]) then
      break
    end
    tokens[#tokens + 1] = "Bearer " .. line
  end
  at = tonumber(args[2])
end

function request()
  at = at % #tokens + 1
  wrk.headers["Authorization"] = tokens[at]
  return wrk.format()
end
