-- load.lua - wrk's script: posts one body, paced where RATE says so, and prints what happened.
-- Environment: BODY, a file; RATE, requests a second of all connections (0: as fast as answered).
local file = assert(io.open(os.getenv("BODY"), "rb"))
wrk.method = "POST"
wrk.body = file:read("*a")
wrk.headers["Content-Type"] = "application/json"
file:close()

local rate = tonumber(os.getenv("RATE") or "0")
if rate > 0 then
    local ffi = require("ffi")
    ffi.cdef [[ typedef struct { long seconds, nanoseconds; } load_time;
                int clock_gettime(int clock, load_time *now); ]]
    local now = ffi.new("load_time")
    local function milliseconds()
        ffi.C.clock_gettime(1, now)
        return tonumber(now.seconds) * 1e3 + tonumber(now.nanoseconds) / 1e6
    end
    math.randomseed(os.time())
    local due = milliseconds()
    -- requests come like those of people who know nothing of each other, on the next free connection
    function delay()
        due = due - 1e3 / rate * math.log(1 - math.random())
        return math.max(0, math.floor(due - milliseconds()))
    end
end

function done(summary, latency, _)
    local failed = summary.errors.status + summary.errors.connect + summary.errors.read
        + summary.errors.write + summary.errors.timeout
    io.write(string.format('{"requests": %d, "seconds": %.3f, "failed": %d, "p50": %.3f, "p99": %.3f}\n',
        summary.requests, summary.duration / 1e6, failed,
        latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
