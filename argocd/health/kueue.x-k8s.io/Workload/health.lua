-- What Kueue decides about: a job's claim to quota. Admitted is the best that it can be.
-- Conditions and reasons: kubernetes-sigs/kueue, apis/kueue/v1beta2/workload_types.go.
local status = obj.status or {}
local spec = obj.spec or {}

local function condition(kind)
  for _, each in ipairs(status.conditions or {}) do
    if each.type == kind then
      return each
    end
  end
end

local function holds(kind)
  local found = condition(kind)
  return found ~= nil and found.status == "True"
end

local function said(each)
  if each.message ~= nil and each.message ~= "" then
    return (each.reason or each.type) .. ": " .. each.message
  end
  return each.reason or each.type
end

if holds("Finished") then
  local finished = condition("Finished")
  if finished.reason == "Succeeded" then
    return { status = "Healthy", message = "Its job is done" }
  end
  return { status = "Degraded", message = "Its job ended badly. " .. said(finished) }
end
for _, check in ipairs(status.admissionChecks or {}) do
  if check.state == "Rejected" then
    return { status = "Degraded", message = "The admission check " .. (check.name or "?") .. " refuses it: " .. (check.message or "") }
  end
end
if spec.active == false then
  local evicted = condition("Evicted")
  if evicted ~= nil and evicted.status == "True" and evicted.reason ~= "Deactivated" then
    -- Kueue gave up on it: too many requeues, or past its maximum time.
    return { status = "Degraded", message = "Kueue gave it up. " .. said(evicted) }
  end
  return { status = "Suspended", message = "Deactivated by hand (spec.active is false)" }
end
if holds("Evicted") and holds("QuotaReserved") then
  return { status = "Progressing", message = "Evicted, its pods are being stopped. " .. said(condition("Evicted")) }
end
if holds("Admitted") then
  local where = (status.admission or {}).clusterQueue or spec.queueName or "its queue"
  local pods = condition("PodsReady")
  if pods ~= nil and pods.status ~= "True" then
    return { status = "Progressing", message = "Admitted to " .. where .. ", waits for its pods. " .. said(pods) }
  end
  return { status = "Healthy", message = "Admitted to " .. where }
end
if holds("QuotaReserved") then
  local waiting = {}
  for _, check in ipairs(status.admissionChecks or {}) do
    if check.state ~= "Ready" then
      table.insert(waiting, check.name or "?")
    end
  end
  return { status = "Progressing", message = "Has its quota, waits for admission checks: " .. table.concat(waiting, ", ") }
end

local quota = condition("QuotaReserved")
-- Waiting does not help these: the queue is missing or stopped, no flavour fits, or the request is
-- larger than the quota will ever be. The last two come with the feature gate
-- UnadmittedWorkloadsObservability only.
local hopeless = { Inadmissible = true, NoMatchingFlavor = true, ExceedsMaxQuota = true }
if quota ~= nil and hopeless[quota.reason or ""] then
  return { status = "Degraded", message = "Cannot be admitted. " .. said(quota) }
end
if holds("Evicted") then
  return { status = "Suspended", message = "Back in the queue. " .. said(condition("Evicted")) }
end
if quota ~= nil then
  return { status = "Suspended", message = "Waits for quota. " .. said(quota) }
end
return { status = "Progressing", message = "Waits for Kueue to look at it" }
