-- Jobs that belong together; Kubeflow Trainer makes one of each TrainJob.
-- Conditions: kubernetes-sigs/jobset, api/jobset/v1alpha2/jobset_types.go.
local status = obj.status or {}

local function condition(kind)
  for _, each in ipairs(status.conditions or {}) do
    if each.type == kind and each.status == "True" then
      return each
    end
  end
end

local function said(each)
  if each.message ~= nil and each.message ~= "" then
    return (each.reason or each.type) .. ": " .. each.message
  end
  return each.reason or each.type
end

local restarts = status.restarts or 0
local after = ""
if restarts == 1 then
  after = ", after 1 restart"
elseif restarts > 1 then
  after = ", after " .. restarts .. " restarts"
end

local failed = condition("Failed")
if failed then
  return { status = "Degraded", message = "Failed" .. after .. ". " .. said(failed) }
end
if condition("Completed") then
  return { status = "Healthy", message = "Done" .. after }
end
if (obj.spec or {}).suspend or condition("Suspended") then
  return { status = "Suspended", message = "Suspended: its queue, or whoever made it, starts it" }
end

local jobs = status.replicatedJobsStatus or {}
if #jobs == 0 then
  return { status = "Progressing", message = "Waits for the JobSet controller to make its jobs" }
end
local parts = {}
for _, job in ipairs(jobs) do
  table.insert(parts, (job.name or "?") .. " " .. (job.active or 0) .. " active, " .. (job.ready or 0) .. " ready, "
    .. (job.succeeded or 0) .. " succeeded, " .. (job.failed or 0) .. " failed")
end
local doing = condition("StartupPolicyInProgress") and "Starts in order: " or "Runs: "
return { status = "Progressing", message = doing .. table.concat(parts, "; ") .. after }
