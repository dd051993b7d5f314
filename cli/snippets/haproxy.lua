-- Forward auth for HAProxy 2.5 or later, printed by `jerakia integrate haproxy-lua`: /etc/haproxy/jerakia.lua.
-- Asks the server about a request. Sets txn.jerakia_status; HAProxy refuses all but 200.
@notes@
core.register_action("jerakia", {"http-req"}, function(txn)
    local sent = txn.http:req_get_headers()

    -- Each header for the server is set here. Of the request's own, only those that can carry a token are copied.
    local headers = {
        ["x-original-method"] = {txn.f:method()},
        ["x-original-host"] = sent["host"],
        ["x-original-uri"] = {txn.f:pathq()},
        ["x-forwarded-for"] = {txn.f:src()},
        ["x-request-id"] = sent["x-request-id"],
    }
    for _, name in ipairs({"x-authentication", "authorization"}) do
        if sent[name] then
            headers[name] = {sent[name][0]}
        end
    end

    local answer = core.httpclient():get({
        url = "http://@address@/v1/authorize",
        headers = headers,
        timeout = 500, -- milliseconds, for each of four tries
    })
    if answer and answer.status == 200 then
        local function header(name)
            return answer.headers[name] and answer.headers[name][0] or ""
        end
        txn:set_var("txn.jerakia_api_id", header("x-jerakia-api-id"))
        txn:set_var("txn.jerakia_expires", header("x-jerakia-expires"))
    end
    txn:set_var("txn.jerakia_status", answer and answer.status)
end)
