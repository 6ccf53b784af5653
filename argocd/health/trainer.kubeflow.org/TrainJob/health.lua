-- A training run of Kubeflow Trainer: waits in the queue, trains, is done or failed.
-- Conditions: kubeflow/trainer, pkg/apis/trainer/v1alpha1/trainjob_types.go.
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

local failed = condition("Failed")
if failed then
  return { status = "Degraded", message = "Training failed. " .. said(failed) }
end
if condition("Complete") then
  return { status = "Healthy", message = "Training is done" }
end

-- Kueue holds a run back, and takes it back, by suspending it.
if (obj.spec or {}).suspend or condition("Suspended") then
  local queue = ((obj.metadata or {}).labels or {})["kueue.x-k8s.io/queue-name"]
  if queue then
    return { status = "Suspended", message = "Waits in the queue " .. queue .. "; its Workload says what for" }
  end
  return { status = "Suspended", message = "Suspended, and in no queue: nobody will start it" }
end

local jobs = status.jobsStatus or {}
if #jobs == 0 then
  return { status = "Progressing", message = "Waits for Kubeflow Trainer to make its jobs" }
end
local parts = {}
for _, job in ipairs(jobs) do
  table.insert(parts, (job.name or "?") .. " " .. (job.active or 0) .. " active, " .. (job.ready or 0) .. " ready, "
    .. (job.failed or 0) .. " failed")
end
local message = "Trains: " .. table.concat(parts, "; ")
local percent = (status.trainerStatus or {}).progressPercentage
if percent then
  message = message .. "; " .. percent .. " % done"
end
return { status = "Progressing", message = message }
