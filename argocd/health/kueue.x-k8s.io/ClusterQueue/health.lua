-- A team's quota.
-- Condition and reasons: kubernetes-sigs/kueue, apis/kueue/v1beta2/clusterqueue_types.go.
local status = obj.status or {}

local active
for _, each in ipairs(status.conditions or {}) do
  if each.type == "Active" then
    active = each
  end
end

local counts = (status.admittedWorkloads or 0) .. " admitted, " .. (status.pendingWorkloads or 0) .. " waiting"
local policy = (obj.spec or {}).stopPolicy
if policy == "Hold" then
  return { status = "Suspended", message = "Held (stopPolicy): what runs goes on, nothing new starts; " .. counts }
end
if policy == "HoldAndDrain" then
  return { status = "Suspended", message = "Held and drained (stopPolicy): nothing runs or starts; " .. counts }
end
if active == nil then
  return { status = "Progressing", message = "Waits for Kueue to look at it" }
end
if active.status == "True" then
  return { status = "Healthy", message = counts }
end

local said = active.reason or "no reason given"
if active.message ~= nil and active.message ~= "" then
  said = said .. ": " .. active.message
end
if active.reason == "Stopped" then
  return { status = "Suspended", message = "Stopped. " .. said }
end
if active.reason == "Terminating" then
  return { status = "Progressing", message = "Goes away when the last of its workloads has ended; " .. counts }
end
return { status = "Degraded", message = "Takes no work. " .. said }
