-- Lets wrk post the bodies of a file, a line each, one after the other, and print what it
-- measured as a line of JSON: wrk -s wrk.lua URL -- BODIES. Before its body a line may have
-- a path, in place of that of the URL, and a space.

local requests, next = {}, 0

-- The requests are made here, once, so that all that is left for each is a look into a table.
function init(args)
   local headers = { ["Content-Type"] = "application/json" }
   for body in io.lines(args[1]) do
      local path, rest = body:match("^(/%S*) (.*)$")
      requests[#requests + 1] = wrk.format("POST", path, headers, rest or body)
   end
end

function request()
   next = next % #requests + 1
   return requests[next]
end

function done(summary, latency)
   local errors = summary.errors
   print(string.format(
      '{"requests":%d,"microseconds":%d,"p50":%d,"p99":%d,"max":%d,"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d}',
      summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), latency.max,
      errors.connect, errors.read, errors.write, errors.status, errors.timeout))
end
