-- A sweep on Ray: KubeRay makes a cluster, submits the job, and takes the cluster down.
-- States: ray-project/kuberay, ray-operator/apis/ray/v1/rayjob_types.go.
local status = obj.status or {}
local deployment = status.jobDeploymentStatus or ""
local job = status.jobStatus or ""

local function why()
  local reason, message = status.reason or "", status.message or ""
  if reason ~= "" and message ~= "" then
    return ". " .. reason .. ": " .. message
  end
  if reason .. message ~= "" then
    return ". " .. reason .. message
  end
  return ""
end

if deployment == "ValidationFailed" then
  return { status = "Degraded", message = "KubeRay does not accept it" .. why() }
end
if deployment == "Failed" or (deployment == "Complete" and job == "FAILED") then
  return { status = "Degraded", message = "The job failed" .. why() }
end
if deployment == "Complete" and job == "STOPPED" then
  return { status = "Degraded", message = "The job was stopped before its end" .. why() }
end
if deployment == "Complete" then
  return { status = "Healthy", message = "The job is done" }
end
if deployment == "Suspending" then
  return { status = "Progressing", message = "Suspended: its cluster is being taken down" }
end
if deployment == "Suspended" or (obj.spec or {}).suspend then
  local queue = ((obj.metadata or {}).labels or {})["kueue.x-k8s.io/queue-name"]
  if queue then
    return { status = "Suspended", message = "Waits in the queue " .. queue .. "; its Workload says what for" }
  end
  return { status = "Suspended", message = "Suspended, and in no queue: nobody will start it" }
end
if deployment == "Retrying" then
  return { status = "Progressing", message = "Tries again, " .. (status.failed or 0) .. " failed so far" .. why() }
end
if deployment == "Running" then
  local workers = status.rayClusterStatus or {}
  local of = workers.desiredWorkerReplicas
  local message = "Runs (" .. (job ~= "" and job or "not submitted yet") .. ")"
  if of then
    message = message .. " with " .. (workers.readyWorkerReplicas or 0) .. " of " .. of .. " workers"
  end
  return { status = "Progressing", message = message }
end
if deployment == "Waiting" then
  return { status = "Progressing", message = "Its cluster is ready; waits for somebody to submit a job" }
end
if deployment == "Initializing" then
  return { status = "Progressing", message = "Its cluster is being made" .. why() }
end
return { status = "Progressing", message = "Waits for KubeRay to look at it" }
